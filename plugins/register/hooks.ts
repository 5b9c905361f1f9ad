/** The loader's hooks: TypeScript is erased, marked modules are compiled, everything else is left to Node. */
import { existsSync, readFileSync } from "node:fs";
import * as nodeModule from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { eraseTypes } from "../../compiler/index.ts";
import { compileModule, placeOf, withInlineMap } from "../compile-module.ts";
import { fileAt, isInModules, unlinked } from "../files.ts";
import { included, MACHINE, optionsOf, ownSourceType } from "../include.ts";
import { aliased, decoratorsOf } from "../tsconfig.ts";

interface Loaded {
  readonly format: string;
  readonly source?: string;
  readonly shortCircuit?: boolean;
}

interface Resolved {
  readonly url: string;
  readonly format: string;
  readonly shortCircuit: true;
}

const machine = pathToFileURL(nodeModule.createRequire(import.meta.url).resolve(MACHINE)).href;

/** This package as it is installed, or linked: built, and with nothing to compile. */
const own = fileURLToPath(new URL("../../", import.meta.url));

const code = /\.[cm]?[jt]s$/;
const typescript = /\.[cm]?ts$/;

/** Whether this Node knows `using`. */
const knowsUsing = (() => {
  try {
    return typeof new Function("{ using x = null; }") === "function";
  } catch {
    return false;
  }
})();

/** Where there is a hook, Deno (2.9) takes JSON that is required for code. */
const tellsJson = "Deno" in globalThis;

/** Hooks on a loader thread do not see CommonJS that is required; see `require.ts`. */
const hooksRequire = "registerHooks" in nodeModule;
const options = optionsOf(process.cwd());

interface Translated {
  readonly format: "module" | "commonjs";
  readonly source: string;
}

/** The text that Node runs for a file; null: what stands in the file. */
function translate(url: string): Translated | null {
  if (!url.startsWith("file:")) return null;
  const filename = unlinked(fileURLToPath(url.split("?")[0]!.split("#")[0]!));
  if (!code.test(filename) || filename.endsWith(".d.ts")) return null;
  const isTypeScript = typescript.test(filename);
  if (!isTypeScript && filename.startsWith(own)) return null;
  const how = included(filename, options);
  if (how === null && !isTypeScript && isInModules(filename)) return null;
  const source = readFileSync(filename, "utf8");
  const format = how?.sourceType ?? ownSourceType(filename, source);
  if (format === "commonjs" && !hooksRequire && (how !== null || !isTypeScript)) return null;
  const compiled = compileModule(source, filename, { ...how, sourceType: format, lowerUsing: !knowsUsing });
  // Of a path of Windows the map would make a URL of the protocol "c:".
  const urls = (paths: readonly string[]) => paths.map((one) => pathToFileURL(one).href);
  if (compiled !== null) {
    const map = compiled.map && { ...compiled.map, sources: urls(compiled.map.sources) };
    return { format, source: withInlineMap({ code: compiled.code, map }) };
  }
  if (!isTypeScript) return null;
  const erased = eraseTypes(source, placeOf(filename).file, {
    ...decoratorsOf(filename),
    lowerUsing: !knowsUsing,
  });
  const map = { ...erased.map, sources: urls([filename]), sourcesContent: [source] };
  return { format, source: withInlineMap({ code: erased.code, map }) };
}

export function load<Context, Next extends (url: string, context: Context) => unknown>(
  url: string,
  context: Context,
  next: Next,
): Loaded | ReturnType<Next> {
  const translated = translate(url);
  if (translated !== null) return { ...translated, shortCircuit: true };
  if (tellsJson && url.endsWith(".json"))
    return { format: "json", source: readFileSync(fileURLToPath(url), "utf8"), shortCircuit: true };
  return next(url, context) as ReturnType<Next>;
}

/**
 * `./x.js` that does not exist means `./x.ts`, and `./x` means `./x.ts` or `./x/index.ts`, as in TypeScript, which has aliases besides. An included package finds the
 * machine here, wherever it is installed itself: it does not depend on coldframe.
 */
export function resolve<
  Context extends { readonly parentURL?: string | undefined; readonly conditions?: readonly string[] },
  Next extends (specifier: string, context: Context) => unknown,
>(specifier: string, context: Context, next: Next): Resolved | ReturnType<Next> {
  if (/^\.{1,2}(?:\/|$)/.test(specifier) && context.parentURL?.startsWith("file:")) {
    const meant = meantBy(
      new URL(specifier, context.parentURL),
      context.conditions?.includes("require") === true,
    );
    if (meant !== null) return next(meant, context) as ReturnType<Next>;
  }
  const alias = aliasOf(specifier, context);
  if (alias !== null)
    return otherwise(
      () => next(specifier, context),
      () => next(alias, context),
    ) as ReturnType<Next>;
  if (specifier === MACHINE && isIncluded(context.parentURL))
    return { url: machine, format: "module", shortCircuit: true };
  return next(specifier, context) as ReturnType<Next>;
}

/** Aliases may also say where the types of a package are: what Node finds comes first. */
function otherwise(first: () => unknown, second: () => unknown): unknown {
  try {
    const found = first();
    return found instanceof Promise ? found.catch(second) : found;
  } catch {
    return second();
  }
}

/** Null: it is none of the tsconfig.json. */
function aliasOf(
  specifier: string,
  { parentURL, conditions }: { parentURL?: string | undefined; conditions?: readonly string[] },
): string | null {
  if (parentURL?.startsWith("file:") !== true || /^(?:\.{0,2}\/|[a-z]+:)/.test(specifier)) return null;
  const parent = fileURLToPath(parentURL);
  const found = isInModules(parent) ? null : aliased(specifier, parent);
  if (found === null) return null;
  return conditions?.includes("require") === true ? found : pathToFileURL(found).href;
}

/** Null: what Node takes it for. */
function meantBy(wanted: URL, isRequired: boolean): string | null {
  const path = fileURLToPath(wanted);
  if (isInModules(path) || (isRequired && REQUIRED.some((ending) => existsSync(path + ending)))) return null;
  const found = fileAt(path);
  if (found === null || found === path) return null;
  return isRequired ? found : `${pathToFileURL(found).href}${wanted.search}${wanted.hash}`;
}

/** What `require` tries for itself. */
const REQUIRED = ["", ".js", ".json", ".node"];

const isIncluded = (url: string | undefined): boolean =>
  url?.startsWith("file:") === true && included(fileURLToPath(url), options) !== null;
