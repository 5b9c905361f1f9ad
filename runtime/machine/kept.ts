/**
 * Code of a kept build beside that of the process: it registers with names of its own. What it imports from coldframe is handed to
 * it, so that it shares the machine of the process, wherever that is installed.
 */
import { inCode, isOurs, type Loaded, noneLoaded, registry } from "./registry.ts";

/** Helpers by which compiled code makes itself known. */
const REGISTERING = [
  "$module",
  "$code",
  "$record",
  "$step",
  "$stepMethod",
  "$stepOver",
  "$strings",
  "$class",
] as const;

/** Names for the code of a kept build: at first, those of coldframe itself. */
export function openCode(build: string): Loaded {
  const code = noneLoaded(build);
  for (const table of ["codes", "records", "modules", "steps"] as const) {
    const names = code[table] as Map<string, unknown>;
    for (const [name, value] of registry[table]) if (isOurs(name)) names.set(name, value);
  }
  return code;
}

/**
 * What compiled code imports, for that of a kept build.
 * @param helpers all that `coldframe/machine` exports
 */
export function helpersFor(
  code: Loaded,
  helpers: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return { ...helpers, ...registeringIn(code, helpers, REGISTERING) };
}

/** The functions of these names, so that what they register is that of `code`. */
export function registeringIn(
  code: Loaded,
  functions: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Readonly<Record<string, unknown>> {
  const made: Record<string, unknown> = {};
  for (const name of names) {
    const f = functions[name] as (...args: unknown[]) => unknown;
    made[name] = (...args: unknown[]) => inCode(code, () => f(...args));
  }
  return made;
}
