/** Which functions can be started as runs, and by which name another process finds them. */
import { ColdframeError, wrongOption } from "../errors.ts";
import { bindingOf, classOf, codeOf, loaded, memberOf, nameOf, stampOf, thisCopy } from "../machine/index.ts";
import { placeInBindings } from "./held-name.ts";

type Entry = (...args: never[]) => unknown;

/**
 * `module#name` of a compiled async function that another process finds there: at the top of its module, whichever function made it, or, as
 * `module#bank.transfer`, in an object or class there.
 * @throws ColdframeError CF2001, CF2006, CF2301
 */
export function entryOf(f: unknown): string {
  if (typeof f !== "function") throw wrongOption("start()", "f", f, "an async function of a marked module");
  for (const find of [nameOf, placeOf, findHeld]) {
    const name = find(f);
    if (name === undefined || !isAsync(f, name) || !stands(f, name)) continue;
    checkCopy(name);
    return name;
  }
  const what = `"${f.name || "an anonymous function"}" cannot be started`;
  const isCompiled = nameOf(f) !== undefined || stampOf(f) !== undefined || memberOf(f) !== undefined;
  throw new ColdframeError(
    "CF2001",
    isCompiled
      ? `${what}: it has no name that another process would find it by, or is not async. Start an async function at the top of a marked module, or one in an object or a static method of a class there, and pass what it needs`
      : `${what}. Put "use workflow" at the top of it or of its file, export it, and run with "node --import coldframe/register" or the plugin of your bundler`,
  );
}

/**
 * The code of a run makes tasks and promises of the runtime that its module imports: those of another copy are none for this engine.
 * @param name of the function that the run began with
 * @throws ColdframeError CF2006
 */
export function checkCopy(name: string): void {
  const module = loaded().modules.get(name.slice(0, name.indexOf("#")));
  if (module === undefined || module.runtime === thisCopy) return;
  throw new ColdframeError(
    "CF2006",
    `"${module.id}" was loaded with another copy of coldframe than the engine, and what one makes the other does not know. Have one in the process: leave the package "coldframe" external in bundles, and install it once`,
  );
}

/**
 * Whether another process finds `f` by this name: it is there, or its twin is, of another copy of the module. Bundlers that make a bundle
 * for each page put copies of a module into one process, and development servers replace it.
 */
function stands(f: object, name: string): boolean {
  const found = findEntry(name);
  return found === f || (found !== undefined && isTwin(found, f));
}

function isTwin(one: object, other: object): boolean {
  const name = nameOf(one);
  if (name !== undefined) return name === nameOf(other);
  const [a, b] = [stampOf(one)?.code, stampOf(other)?.code];
  if (a !== undefined) return a !== b && a.id === b?.id && a.hash === b.hash;
  const [first, second] = [memberOf(one), memberOf(other)];
  if (first === undefined || first.key !== second?.key || first.class === second?.class) return false;
  return nameOf(first.class) === nameOf(second!.class);
}

/** The function of such a name; undefined when no loaded module has it. */
export function findEntry(name: string): Entry | undefined {
  const found = bindingOf(name)?.value;
  return typeof found === "function" ? (found as Entry) : undefined;
}

/** The names of all functions that can be started, but for those that a function made and an object holds. */
export function loadedEntries(): string[] {
  const { codes, modules } = loaded();
  const names = new Set([...codes.values()].filter(({ kind }) => kind === "async").map(({ id }) => id));
  for (const { id, bindings } of modules.values())
    for (const binding of Object.keys(bindings)) names.add(`${id}#${binding}`);
  return [...names].filter((name) => {
    const f = valueAt(name);
    return typeof f === "function" && isAsync(f, name);
  });
}

/** Undefined in the dead zone of the binding, too. */
function valueAt(name: string): unknown {
  try {
    return findEntry(name);
  } catch {
    return undefined;
  }
}

function isAsync(f: object, name: string): boolean {
  const made = stampOf(f);
  const member = memberOf(f);
  const id = member === undefined ? name : `${classOf(member.class)!.code.id}.${String(member.key)}`;
  return (made === undefined ? codeOf(id) : made.code)?.kind === "async";
}

/** Where the function was made, or stands in its class; that it is found there is to be seen. */
function placeOf(f: object): string | undefined {
  const member = memberOf(f);
  if (member === undefined) return stampOf(f)?.code.id;
  if (!member.isStatic || typeof member.key !== "string") return undefined;
  const holder = nameOf(member.class);
  return holder === undefined ? undefined : `${holder}.${member.key}`;
}

/** Where an object holds what a function made: names that were found once, each of which is looked at again. */
const held = new WeakMap<object, string>();

function findHeld(f: object): string | undefined {
  if (stampOf(f) === undefined) return undefined;
  const known = held.get(f);
  if (known !== undefined && valueAt(known) !== undefined && stands(f, known)) return known;
  const name = placeInBindings(f);
  if (name !== undefined) held.set(f, name);
  return name;
}
