/**
 * The adapter to superjson: what users have registered there for their own types (`registerClass`, `registerCustom`,
 * `registerSymbol`) holds for frames as well. Its encoding is not used, only its registrations.
 */
import SuperJSON from "superjson";

/** The part of a superjson instance that is read here. */
export type Registrations = Pick<SuperJSON, "classRegistry" | "symbolRegistry" | "customTransformerRegistry">;

/** What `superjson.registerClass(…)` and its like, called on the package itself, register with. */
export const defaultRegistrations: Registrations = (
  SuperJSON as unknown as { readonly defaultInstance: Registrations }
).defaultInstance;

export type Foreign =
  | { readonly kind: "custom"; readonly name: string; readonly serialize: () => unknown }
  | { readonly kind: "class"; readonly name: string; readonly content: Readonly<Record<string, unknown>> };

/** How the user wants this object to be written; undefined when nothing was registered for it. */
export function writeForeign(
  object: object,
  constructor: unknown,
  registrations: Registrations,
): Foreign | undefined {
  const custom = registrations.customTransformerRegistry.findApplicable(object);
  if (custom !== undefined)
    return { kind: "custom", name: custom.name, serialize: () => custom.serialize(object) };
  if (typeof constructor !== "function") return undefined;
  const { classRegistry } = registrations;
  const Class = constructor as never;
  const name = classRegistry.getIdentifier(Class);
  if (name === undefined) return undefined;
  const allowed = classRegistry.getAllowedProps(Class);
  const content: Record<string, unknown> = {};
  for (const key of allowed ?? Object.keys(object)) {
    const value: unknown = Reflect.get(object, key);
    Object.defineProperty(content, key, { value, writable: true, enumerable: true, configurable: true });
  }
  return { kind: "class", name, content };
}

/** The prototype of a class that was registered under `name`. */
export function registeredPrototype(name: string, registrations: Registrations): object | undefined {
  const Class = registrations.classRegistry.getValue(name) as { readonly prototype: object } | undefined;
  return Class?.prototype;
}

/** The object that the transformer `name` makes of `content`; undefined when there is no such transformer. */
export function readCustom(
  name: string,
  content: unknown,
  registrations: Registrations,
): { readonly value: unknown } | undefined {
  // The registry is a plain object: a name from storage must not reach its prototype.
  const transformers = registrations.customTransformerRegistry as unknown as { readonly transfomers: object };
  if (!Object.hasOwn(transformers.transfomers, name)) return undefined;
  const found = registrations.customTransformerRegistry.findByName(name);
  return { value: found.deserialize(content) };
}

export function symbolIdentifier(symbol: symbol, registrations: Registrations): string | undefined {
  return registrations.symbolRegistry.getIdentifier(symbol as never);
}

export function registeredSymbol(identifier: string, registrations: Registrations): symbol | undefined {
  return registrations.symbolRegistry.getValue(identifier) as symbol | undefined;
}
