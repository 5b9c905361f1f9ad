/** Which functions can be started as runs, and by which name another process finds them. */
import { ColdframeError, wrongOption } from "../errors.ts";
import { bindingOf, codeOf, loaded, memberOf, nameOf, stampOf } from "../machine/index.ts";

type Entry = (...args: never[]) => unknown;

/**
 * `module#name` of a compiled async function: of one at the top of its module, or, as `module#bank.transfer`, of one in an object
 * or class there.
 * @throws ColdframeError CF2001, CF2301
 */
export function entryOf(f: unknown): string {
  if (typeof f !== "function") throw wrongOption("start()", "f", f, "an async function of a marked module");
  const name = nameOf(f) ?? placeOf(f);
  if (name !== undefined && codeOf(name)?.kind === "async" && findEntry(name) === f) return name;
  const what = `"${f.name || "an anonymous function"}" cannot be started`;
  const isCompiled = nameOf(f) !== undefined || stampOf(f) !== undefined || memberOf(f) !== undefined;
  throw new ColdframeError(
    "CF2001",
    isCompiled
      ? `${what}: it has no name that another process would find it by, or is not async. Start an async function at the top of a marked module, or one in an object or a static method of a class there, and pass what it needs`
      : `${what}. Put "use workflow" at the top of it or of its file, export it, and run with "node --import coldframe/register" or the plugin of your bundler`,
  );
}

/** The function of such a name; undefined when no loaded module has it. */
export function findEntry(name: string): Entry | undefined {
  const found = bindingOf(name)?.value;
  return typeof found === "function" ? (found as Entry) : undefined;
}

/** The names of all functions that can be started. */
export function loadedEntries(): string[] {
  const names = [...loaded().codes.values()].filter(({ kind }) => kind === "async").map(({ id }) => id);
  return names.filter((name) => findEntry(name) !== undefined);
}

/** Where the function was made, or stands in its class; that it is found there is to be seen. */
function placeOf(f: object): string | undefined {
  const made = stampOf(f);
  if (made !== undefined) return made.code.id;
  const member = memberOf(f);
  if (member === undefined || !member.isStatic || typeof member.key !== "string") return undefined;
  const holder = nameOf(member.class);
  return holder === undefined ? undefined : `${holder}.${member.key}`;
}
