/** The user's program: its sources by TypeScript, and what the compiler says of each marked one. */
import { existsSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { Project, type ts } from "ts-morph";
import type { Manifest } from "../abi/index.ts";
import { type CompileOptions, compile, type Diagnostic, mayBeMarked } from "../compiler/index.ts";
import { noTsconfig } from "./no-tsconfig.ts";

/** How the plugins would compile a file: its name in messages, the id of its module, what decorators mean. */
export type Describe = (
  filename: string,
  source: string,
) => Pick<CompileOptions, "filename" | "moduleId" | "decorators" | "decoratorMetadata" | "imported">;

export interface SourceModule {
  readonly source: ts.SourceFile;
  /** Path relative to the working directory, as messages show it. */
  readonly file: string;
  /** Null when nothing in it is marked, or it cannot be compiled. */
  readonly manifest: Manifest | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** What was compiled of a text: a second check of the same process compiles what changed only. */
interface Compiled {
  readonly text: string;
  readonly imported: string | undefined;
  readonly manifest: Manifest | null;
  readonly diagnostics: readonly Diagnostic[];
}

export class SourceProgram {
  readonly #project: Project;
  readonly #describe: Describe;
  readonly #folder: string;
  readonly #more: readonly string[];
  readonly #include: readonly string[];
  readonly #compiled = new Map<string, Compiled>();
  #modules: ReadonlyMap<string, SourceModule> | null = null;

  /**
   * @param tsconfig absolute path
   * @param folder what paths in messages are relative to
   * @param more absolute paths of files that belong to it when they are there, whatever the tsconfig.json includes
   * @param include packages that are compiled as they are
   * @throws ColdframeError CF3203 when there is no such file
   */
  constructor(
    tsconfig: string,
    folder: string,
    describe: Describe,
    more: readonly string[] = [],
    include: readonly string[] = [],
  ) {
    if (!existsSync(tsconfig)) throw noTsconfig(tsconfig, "Name another one with --project <file>.");
    this.#project = new Project({ tsConfigFilePath: tsconfig });
    this.#describe = describe;
    this.#folder = folder;
    this.#more = more;
    this.#include = include;
    this.#addMore();
  }

  #addMore(): void {
    for (const path of this.#more) this.#project.addSourceFileAtPathIfExists(path);
  }

  get types(): ts.TypeChecker {
    return this.#project.getTypeChecker().compilerObject;
  }

  /** The user's own modules by absolute path: no declarations, nothing of `node_modules`. */
  get modules(): ReadonlyMap<string, SourceModule> {
    if (this.#modules !== null) return this.#modules;
    const found = new Map<string, SourceModule>();
    for (const source of this.#project.getProgram().compilerObject.getSourceFiles()) {
      if (source.isDeclarationFile || /[\\/]node_modules[\\/]/.test(source.fileName)) continue;
      const file = relative(this.#folder, source.fileName).split(sep).join("/");
      found.set(source.fileName, { source, file, ...this.#compile(source) });
    }
    this.#modules = found;
    return found;
  }

  #compile(source: ts.SourceFile): Compiled {
    const { text, fileName } = source;
    const options = mayBeMarked(text) ? this.#describe(fileName, text) : null;
    const imported = options?.imported;
    const known = this.#compiled.get(fileName);
    if (known?.text === text && known.imported === imported) return known;
    const result = options === null ? { manifest: null, diagnostics: [] } : compile(text, options);
    const made = { text, imported, manifest: result.manifest, diagnostics: result.diagnostics };
    this.#compiled.set(fileName, made);
    return made;
  }

  /** Reads files again that changed on the disk, and those that are new. */
  refresh(): void {
    for (const source of this.#project.getSourceFiles()) source.refreshFromFileSystemSync();
    this.#project.addSourceFilesFromTsConfig(this.#project.getCompilerOptions().configFilePath as string);
    this.#addMore();
    this.#modules = null;
  }

  /** Of some types, by their texts, those that mean something anywhere in the project: no names of a module. */
  typesOfAnywhere(texts: readonly string[]): ReadonlySet<string> {
    const path = join(this.#folder, "coldframe.types-asked-for.ts");
    const lines = texts.map((text, i) => `export type T${i} = ${text.replaceAll("\n", " ")};`);
    const asked = this.#project.createSourceFile(path, lines.join("\n"), { overwrite: true });
    const wrong = new Set(asked.getPreEmitDiagnostics().map((one) => (one.getLineNumber() ?? 0) - 1));
    asked.forget();
    return new Set(texts.filter((_, i) => !wrong.has(i)));
  }

  /** Of a package that is compiled as it is: its objects are like those of marked modules. */
  isIncluded(fileName: string): boolean {
    const name = this.packageOf(fileName)?.replace(/^@types\/(?:(.+)__)?/, (_, scope) =>
      scope ? `@${scope}/` : "",
    );
    return name !== undefined && this.#include.includes(name);
  }

  /** The package that declarations of a file belong to. */
  packageOf(fileName: string): string | null {
    const inModules = /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(fileName);
    return inModules === null ? null : inModules[1]!.replaceAll("\\", "/");
  }
}

/** Declared by the package itself, whether it is installed or under test. */
export function isColdframe(declaration: ts.Node, program: Pick<SourceProgram, "packageOf">): boolean {
  const { fileName } = declaration.getSourceFile();
  return (
    program.packageOf(fileName) === "coldframe" ||
    /[\\/]runtime[\\/](engine|snapshot)[\\/][\w.-]+\.ts$/.test(fileName)
  );
}

/** The tsconfig.json of a folder or the nearest one around it. */
export function findTsconfig(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, "tsconfig.json");
    if (existsSync(path)) return path;
    if (dirname(at) === at) return join(folder, "tsconfig.json");
  }
}
