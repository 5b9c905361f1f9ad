/** Which functions can be started as runs. */
import { ColdframeError, wrongOption } from "../errors.ts";
import { bindingOf, codeOf, nameOf } from "../machine/index.ts";

/**
 * `module#name` of a compiled async function.
 * @throws ColdframeError CF2001, CF2301
 */
export function entryOf(f: unknown): string {
  if (typeof f !== "function") throw wrongOption("start()", "f", f, "an async function of a marked module");
  const name = nameOf(f);
  if (name !== undefined && codeOf(name)?.kind === "async" && bindingOf(name)?.value === f) return name;
  throw new ColdframeError(
    "CF2001",
    `"${f.name || "an anonymous function"}" cannot be started. Put "use workflow" at the top of it or of its file, export it, and run with "node --import coldframe/register" or the plugin of your bundler`,
  );
}
