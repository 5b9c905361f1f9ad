/** `coldframe build`: bundles marked code with what it imports into one file, so that a later worker can still run it. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ABI_VERSION, type BuildManifest } from "../../abi/index.ts";
import { buildManifest, type Manifest, mayBeMarked } from "../../compiler/index.ts";
import { ColdframeError } from "../../runtime/errors.ts";
import * as api from "../../runtime/index.ts";
import * as machine from "../../runtime/machine/index.ts";
import {
  BUILD_MARK,
  HEADER_PLACE,
  KEPT,
  KEPT_FORMAT,
  keptName,
  keptNameIn,
  keptText,
} from "../builds/format.ts";
import { compileModule, packageNameOf, withInlineMap } from "../compile-module.ts";
import { isInModules, unlinked } from "../files.ts";
import { included, optionsOf } from "../include.ts";

type Esbuild = typeof import("esbuild");
type Plugin = import("esbuild").Plugin;

export interface KeepOptions {
  /** Folder of the package. */
  readonly cwd: string;
  /** Modules from which all marked code can be reached: absolute paths. */
  readonly entries: readonly string[];
  /** Packages that go into the file; all others are imported from where the file is. `["*"]`: all. */
  readonly bundle: readonly string[];
}

/** A build as text. */
export interface BundledBuild {
  readonly manifest: BuildManifest;
  /** What the file is called, and its content. */
  readonly name: string;
  readonly text: string;
}

/**
 * Finds the marked modules of a program and bundles them.
 * @throws ColdframeError CF3304 when esbuild is not installed, CF3303 when two functions have one id, CF3201 when nothing is marked;
 *   what esbuild and the compiler say of the sources
 */
export async function bundleBuild({ cwd, entries, bundle }: KeepOptions): Promise<BundledBuild> {
  const esbuild = await importEsbuild();
  const met = new Map<string, Manifest>();
  const run = async (code: string) => {
    const { outputFiles } = await esbuild.build({
      stdin: { contents: code, resolveDir: cwd, sourcefile: "kept", loader: "js" },
      ...{ absWorkingDir: cwd, bundle: true, write: false, logLevel: "silent", legalComments: "none" },
      ...{ format: "esm", platform: "node", target: "es2022", charset: "utf8" },
      // Errors tell the author's lines. The first line is the header's place.
      ...{ outfile: join(cwd, "builds/kept.mjs"), sourcemap: "inline", sourcesContent: false },
      banner: { js: HEADER_PLACE },
      plugins: [imports(bundle), marked(met, cwd)],
    });
    return outputFiles[0]!.text;
  };
  // What reaches the marked modules, as a server, stays out: it is only gone through.
  await run(entries.map((path) => `import ${JSON.stringify(path)};`).join("\n"));
  const modules = [...met].filter(([, { hash }]) => hash !== "").sort(([a], [b]) => (a < b ? -1 : 1));
  if (modules.length === 0) {
    const names = entries.map((path) => JSON.stringify(path)).join(", ");
    throw new ColdframeError(
      "CF3201",
      `nothing that is imported from ${names} is marked with "use workflow"`,
    );
  }
  const manifest = manifestOf(modules, cwd);
  const code = await run(
    modules.map(([path], i) => `export * as m${i} from ${JSON.stringify(path)};`).join("\n"),
  );
  const header = {
    ...{ format: KEPT_FORMAT, abi: ABI_VERSION, build: manifest.build },
    ...{ project: manifest.project, version: versionOf(cwd) },
    modules: modules.map(([, { module, hash }]) => ({ id: module, hash })),
  };
  const text = keptText(header, code);
  return { manifest, name: keptName(manifest.build, text), text };
}

/**
 * Writes a build into a folder, in place of an older copy of the same one.
 * @returns path of the file
 */
export function writeBuild(folder: string, { manifest, name, text }: BundledBuild): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, text);
  for (const other of readdirSync(folder))
    if (other !== name && keptNameIn(other)?.build === manifest.build) rmSync(join(folder, other));
  return path;
}

/** @param modules by their paths */
function manifestOf(modules: readonly (readonly [string, Manifest])[], cwd: string): BuildManifest {
  try {
    return buildManifest(
      packageNameOf(join(cwd, "package.json")) ?? "",
      modules.map(([, manifest]) => manifest),
    );
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new ColdframeError("CF3303", `${error.message}. Give one of them another name`, { cause: error });
  }
}

function versionOf(folder: string): string {
  try {
    return (
      (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version?: string }).version ?? ""
    );
  } catch {
    return "";
  }
}

async function importEsbuild(): Promise<Esbuild> {
  try {
    return await import("esbuild");
  } catch (error) {
    throw new ColdframeError(
      "CF3304",
      "builds are bundled with esbuild, which is not installed: npm install --save-dev esbuild",
      { cause: error },
    );
  }
}

/** Compiles what is marked. */
function marked(met: Map<string, Manifest>, cwd: string): Plugin {
  const options = optionsOf(cwd);
  return {
    name: "coldframe",
    setup(build) {
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, ({ path: loaded }) => {
        const path = unlinked(loaded);
        const source = readFileSync(path, "utf8");
        const how = included(path, options);
        if (how === null && (isInModules(path) || !mayBeMarked(source))) return null;
        const compiled = compileModule(source, path, how ?? undefined);
        if (compiled === null) return null;
        met.set(path, compiled.manifest);
        return { contents: withInlineMap(compiled), loader: "js" };
      });
    },
  };
}

/** What is imported from coldframe is that of the process; packages stay where they are, but those that are to be bundled. */
function imports(bundle: readonly string[]): Plugin {
  return {
    name: "coldframe imports",
    setup(build) {
      build.onResolve({ filter: /^coldframe(\/machine)?$/ }, ({ path }) => ({
        path,
        namespace: "coldframe",
      }));
      build.onLoad({ filter: /.*/, namespace: "coldframe" }, ({ path }) => ({
        contents: given(path === "coldframe" ? "api" : "machine"),
        loader: "js",
      }));
      build.onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
        if (kind === "entry-point" || path.startsWith("node:")) return null;
        const name = /^(@[^/]+\/)?[^/]+/.exec(path)![0];
        const isOurs = name === "coldframe" || name === "superjson";
        return !isOurs && (bundle.includes("*") || bundle.includes(name)) ? null : { path, external: true };
      });
    },
  };
}

/** A module that hands on what the loader of the file gives it. */
function given(which: "api" | "machine"): string {
  const names = Object.keys(which === "api" ? api : machine);
  const from = `globalThis[Symbol.for(${JSON.stringify(KEPT.description)})].get("${BUILD_MARK}").${which}`;
  return `export const { ${names.join(", ")} } = ${from};`;
}
