/** The pipeline: discover, resolve, convert, then for each function lower, liveness, layout and emit. */
import type * as t from "@babel/types";
import type { Manifest } from "../abi/index.ts";
import { convert } from "./convert.ts";
import type { MetadataOptions } from "./decorator-metadata.ts";
import { type Diagnostic, Diagnostics } from "./diagnostics.ts";
import { discover, mayBeMarked } from "./discover.ts";
import { ModuleEmitter } from "./emit/module.ts";
import type { SourceType } from "./emit/program.ts";
import type { Erased } from "./erase-types.ts";
import { Hasher } from "./hash.ts";
import { lowerUsing } from "./lower-using.ts";
import { giveBack, setAside } from "./name-clashes.ts";
import { type Original, placeAsWritten } from "./original-places.ts";
import { type Decorators, parse, resolveParsed } from "./parse.ts";
import { Pins } from "./pins.ts";
import { print } from "./print/index.ts";
import { refuse } from "./refuse.ts";

export interface CompileOptions {
  /** Path of the source, as error messages and source maps should name it. Its ending says whether it is TypeScript. */
  readonly filename: string;
  /** What ids in the registry begin with: package name and path in it. Default: the filename. */
  readonly moduleId?: string;
  /**
   * `module` (default), `commonjs`: a function body with `require`, `exports` and `return`; `script`: evaluated by `vm.runInThisContext`,
   * indirect eval or a `<script>`, in a realm where "coldframe/machine" was imported or `install`ed.
   */
  readonly sourceType?: SourceType;
  /**
   * `all` compiles every function of the file as if it were a marked module; one with `with` or direct `eval` is left as it is, with
   * a warning. Default: `directives`.
   */
  readonly mark?: "directives" | "all";
  /** Stands for what the module imports and is not compiled, as `digestOf` of that: part of what the build is called by. Default: nothing. */
  readonly imported?: string;
  /** The text was compiled before, by another tool: where its parts stand in what the author wrote. Default: they stand where they are. */
  readonly original?: Original | undefined;
  /** What decorators mean: those of ECMAScript (default), or of TypeScript with `experimentalDecorators`. */
  readonly decorators?: Decorators;
  /** Legacy decorators get the types that are written, as with `emitDecoratorMetadata` and `isolatedModules`. Default: they do not. */
  readonly decoratorMetadata?: MetadataOptions;
  /** True: `using` declarations outside of compiled functions are rewritten too, for engines that do not know them. Default false. */
  readonly lowerUsing?: boolean;
  /**
   * True: the module says, when it is evaluated, that modules of this process are replaced, as by development servers, so that the
   * newest of a name counts and it is no error (CF2004) that there are several. Not for scripts. Default false.
   */
  readonly hot?: boolean;
}

export interface CompileResult {
  /** Null when nothing in the file is marked, when it was left as it is, or when a diagnostic is an error. */
  readonly code: string | null;
  readonly map: SourceMap | null;
  readonly manifest: Manifest | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** Source map, version 3. */
export interface SourceMap {
  readonly version: number;
  readonly sources: string[];
  readonly names: string[];
  readonly sourcesContent?: string[] | undefined;
  readonly mappings: string;
  readonly file?: string | undefined;
}

/**
 * Compiles one module. Synchronous and free of side effects.
 * @param source text of a JavaScript or TypeScript module
 */
export function compile(source: string, options: CompileOptions): CompileResult {
  const { file, program, manifest, diagnostics } = compileProgram(source, options);
  if (file === null || program === null) return { code: null, map: null, manifest: null, diagnostics };
  const { original } = options;
  const output =
    original === undefined
      ? printed(program, source, options.filename)
      : printed(program, original.source, original.filename);
  return { ...output, manifest, diagnostics };
}

export interface CompiledProgram {
  readonly file: t.File | null;
  /** Null when nothing is marked, or when a diagnostic is an error. */
  readonly program: t.Program | null;
  readonly manifest: Manifest | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** The same, to a syntax tree: for tools that go on with it. */
export function compileProgram(text: string, options: CompileOptions): CompiledProgram {
  const source = withoutMark(text);
  const nothing = { file: null, program: null, manifest: null };
  if (options.mark !== "all" && !mayBeMarked(source)) return { ...nothing, diagnostics: [] };
  const sourceType = options.sourceType ?? "module";
  let diagnostics = new Diagnostics(source, options.filename);
  let parsed: Erased;
  try {
    const { filename, decorators, decoratorMetadata } = options;
    parsed = parse(source, { filename, sourceType, decorators, decoratorMetadata });
  } catch (error) {
    const at = (error as { loc?: { line: number; column: number } }).loc;
    const place = { start: { line: at?.line ?? 1, column: at?.column ?? 0 } } as t.SourceLocation;
    diagnostics.error("CF1001", place, (error as Error).message.replace(/\s*\(\d+:\d+\)$/, ""));
    return { ...nothing, diagnostics: diagnostics.list };
  }
  const { original } = options;
  if (original !== undefined) {
    placeAsWritten(parsed.file, original.mappings);
    diagnostics = new Diagnostics(original.source ?? "", original.filename);
  }
  const aside = setAside(parsed, source);
  parsed = aside ?? parsed;
  const { file } = parsed;
  const discovered = discover(file, diagnostics, options.mark === "all");
  const marked = discovered.marked || discovered.steps.size > 0;
  if (diagnostics.failed || !marked) return { ...nothing, diagnostics: diagnostics.list };
  // Of the author's text: what comes below changes nodes in place.
  const digest = new Hasher()
    .node(file.program)
    .text(options.imported ?? "")
    .digest(12);
  const resolved = resolveParsed(parsed);
  if (discovered.marked) {
    const byOption = options.mark === "all" && !mayBeMarked(source);
    refuse(file, resolved, diagnostics, byOption ? "warning" : "error");
    if (byOption && diagnostics.list.length > 0) return { ...nothing, diagnostics: diagnostics.list };
  }
  const converted = convert(resolved, discovered.steps, diagnostics);
  const moduleId = options.moduleId ?? nameOf(source, options.filename, sourceType);
  const pins = new Pins(file.comments ?? [], diagnostics);
  const emitter = new ModuleEmitter(resolved, converted, diagnostics, {
    moduleId,
    filename: original?.filename ?? options.filename,
    sourceType,
    pins,
    digest,
    hot: options.hot === true,
  });
  const program = emitter.emit(file, discovered.marked);
  if (discovered.marked) pins.finish();
  if (diagnostics.failed) return { ...nothing, diagnostics: diagnostics.list };
  const complete = options.lowerUsing === true ? lowerUsing(program, options.filename) : program;
  const manifest = aside === null ? emitter.manifest : giveBack(complete, emitter.manifest);
  return { file, program: complete, manifest, diagnostics: diagnostics.list };
}

/** Equal for texts of a module that differ in formatting, comments and types only; and for equal texts that are no module. */
export function digestOf(source: string, filename: string): string {
  const hash = new Hasher();
  try {
    hash.node(parse(withoutMark(source), { filename, sourceType: "module" }).file.program);
  } catch {
    hash.text(source);
  }
  return hash.digest(12);
}

/** Without a byte order mark, which loaders take away as well: `#!` may stand behind it. */
const withoutMark = (text: string): string => (text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);

/** Scripts have no identity of their own: what is evaluated under one name may be another text each time. */
function nameOf(source: string, filename: string, sourceType: SourceType): string {
  return sourceType === "script" ? `${filename}@${new Hasher().text(source).digest(10)}` : filename;
}

/**
 * TypeScript to JavaScript, decorators to calls, and on demand `using` to `try`; nothing else.
 * @throws SyntaxError of the parser
 */
export function eraseTypes(
  source: string,
  filename: string,
  options: Pick<CompileOptions, "decorators" | "decoratorMetadata" | "lowerUsing"> = {},
): { code: string; map: SourceMap } {
  const { decorators, decoratorMetadata } = options;
  const text = withoutMark(source);
  const parsed = parse(text, { filename, sourceType: "module", decorators, decoratorMetadata });
  resolveParsed(parsed);
  const { program } = parsed.file;
  return printed(options.lowerUsing === true ? lowerUsing(program, filename) : program, source, filename);
}

function printed(program: t.Node, source: string | null, filename: string): { code: string; map: SourceMap } {
  const { code, mappings, names } = print(program);
  const content = source === null ? {} : { sourcesContent: [source] };
  return { code, map: { version: 3, sources: [filename], names, ...content, mappings } };
}
