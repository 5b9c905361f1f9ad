/**
 * For bundlers that take loaders and no plugins, which is Turbopack: what Next.js builds with. Where there are plugins, that of
 * `coldframe/unplugin` does more: it writes the manifest. How it is set up: docs/frameworks.md.
 */
import { compileWanted } from "../compile-module.ts";
import type { PluginOptions } from "../include.ts";
import { givenMap } from "../written.ts";

export interface LoaderOptions extends PluginOptions {
  /** Whether modules are replaced while the process runs: the newest of a name counts then. Default: in development. */
  readonly hot?: boolean;
}

/** What is used of https://webpack.js.org/api/loaders. */
export interface LoaderContext {
  /** Absolute path of the file. */
  readonly resourcePath: string;
  /** `"development"` or `"production"`, where the bundler tells. */
  readonly mode?: string;
  getOptions(): LoaderOptions;
  addDependency(file: string): void;
  callback(error: null, code: string, map?: unknown): void;
}

/** @throws CompileError with what is wrong in the file */
export default function coldframe(this: LoaderContext, source: string, map?: unknown): void {
  const filename = this.resourcePath;
  const options = this.getOptions();
  const hot = options.hot ?? (this.mode ?? process.env["NODE_ENV"]) === "development";
  const compiled = compileWanted(source, filename, options, hot, givenMap(filename, map));
  for (const file of compiled?.imported ?? []) this.addDependency(file);
  if (compiled === null) this.callback(null, source, map);
  else this.callback(null, compiled.code, compiled.map ?? undefined);
}
