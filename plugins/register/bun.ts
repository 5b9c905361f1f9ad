/** `bun --preload coldframe/register main.ts`: a plugin of Bun's runtime, which itself erases types. https://bun.sh/docs/runtime/plugins */
import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { compileWanted, withInlineMap } from "../compile-module.ts";
import type { PluginOptions } from "../include.ts";

/** What is used of Bun. */
export interface Bun {
  plugin(plugin: { readonly name: string; setup(build: Build): void }): void;
}
interface Build {
  onLoad(
    where: { readonly filter: RegExp },
    load: (file: { readonly path: string }) => { readonly contents: string; readonly loader: string },
  ): void;
}

/** A file that the filter lets through has to be answered: those of packages go their way, but for the included ones. */
const OWN = String.raw`^(?!.*[\\/]node_modules[\\/]).*\.[cm]?[jt]sx?$`;

export function hookBun(bun: Bun, options: PluginOptions): void {
  const packages = (options.include ?? []).map(escape);
  const theirs = String.raw`[\\/]node_modules[\\/](?:${packages.join("|")})[\\/].*\.[cm]?js$`;
  const filter = new RegExp(packages.length === 0 ? OWN : `${OWN}|${theirs}`);
  const load = ({ path }: { readonly path: string }) => {
    const source = readFileSync(path, "utf8");
    const compiled = compileWanted(source, path, options, false);
    const language = extname(path).replace(/^\.[cm]?/, "");
    if (compiled === null) return { contents: source, loader: language };
    return { contents: withInlineMap(compiled), loader: language.endsWith("x") ? "jsx" : "js" };
  };
  bun.plugin({ name: "coldframe", setup: (build) => build.onLoad({ filter }, load) });
}

const escape = (name: string): string => name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
