/**
 * Objects that are saved by a name the author gave them: connection pools, clients, loggers. A snapshot holds the name
 * only; at restore the process must have given it to an object, too. The table is on `globalThis`, as the registry is.
 */
import { ABI_VERSION } from "../../abi/index.ts";
import { ColdframeError } from "../errors.ts";

interface Resources {
  readonly values: Map<string, object>;
  readonly names: WeakMap<object, string>;
}

const key = Symbol.for(`coldframe.resources@${ABI_VERSION}`);
const home = globalThis as { [key]?: Resources };
const resources: Resources = (home[key] ??= { values: new Map(), names: new WeakMap() });

/**
 * Lets `value` stand in frames under `name`. Call it at start, in every process that carries runs on.
 * The same name again replaces the object: runs restored from then on get the new one.
 * @returns `value`
 */
export function resource<T extends object>(name: string, value: T): T {
  resources.values.set(name, value);
  resources.names.set(value, name);
  return value;
}

export function resourceName(value: object): string | undefined {
  // Asked of each object that is saved, and most processes have no resources.
  return resources.values.size === 0 ? undefined : resources.names.get(value);
}

/** Undefined: there is none of this name yet. */
export function knownResource(name: string): object | undefined {
  return resources.values.get(name);
}

/** @throws ColdframeError CF2103 when this process has no such resource */
export function resourceOf(name: string): object {
  const value = resources.values.get(name);
  if (value !== undefined) return value;
  throw new ColdframeError(
    "CF2103",
    `it needs the resource "${name}". Call resource("${name}", …) before the engine starts`,
  );
}
