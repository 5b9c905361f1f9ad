/**
 * What an object is whatever its prototype says: a Map keeps its entries when it is made to inherit from something else.
 *
 * Hosts with Node's modules can be asked; elsewhere methods of the language are tried. Asked only of objects whose prototype does
 * not tell, which are few.
 */
import { quietErrors, restoreErrors } from "./quiet-errors.ts";

type Check = (object: object) => boolean;
type Types = Readonly<Record<string, Check | undefined>>;

/** `util.types` of Node, Deno and Bun. Looked for, never imported: this room runs where there is none. */
const types: Types = hostTypes();

function hostTypes(): Types {
  const host = Reflect.get(globalThis, "process") as
    | { getBuiltinModule?: (name: string) => { types?: Types } | undefined }
    | undefined;
  try {
    return host?.getBuiltinModule?.("util")?.types ?? {};
  } catch {
    return {};
  }
}

/** Whether an object is a Proxy. Undefined where the host cannot tell: a Proxy then passes for what it stands for. */
export const isHostProxy: Check | undefined = types["isProxy"];

/** Some hosts have properties of instances where others have getters; then there is nothing to ask. */
const getter = (object: object, key: string): (() => unknown) | undefined =>
  Object.getOwnPropertyDescriptor(object, key)?.get;

/** By prototype: how the host is asked, and a function of the language that throws for anything else. */
const brands: readonly (readonly [prototype: object, check: Check])[] = [
  brand(Map.prototype, "isMap", getter(Map.prototype, "size")),
  brand(Set.prototype, "isSet", getter(Set.prototype, "size")),
  brand(Date.prototype, "isDate", Date.prototype.getTime),
  brand(ArrayBuffer.prototype, "isArrayBuffer", getter(ArrayBuffer.prototype, "byteLength")),
  brand(WeakMap.prototype, "isWeakMap", WeakMap.prototype.has),
  brand(WeakSet.prototype, "isWeakSet", WeakSet.prototype.has),
  ...(typeof WeakRef === "function" ? [brand(WeakRef.prototype, undefined, WeakRef.prototype.deref)] : []),
  brand(
    RegExp.prototype,
    "isRegExp",
    getter(RegExp.prototype, "hasIndices" in RegExp.prototype ? "hasIndices" : "global"),
  ),
  brand(String.prototype, "isStringObject", String.prototype.valueOf),
  brand(Number.prototype, "isNumberObject", Number.prototype.valueOf),
  brand(Boolean.prototype, "isBooleanObject", Boolean.prototype.valueOf),
  brand(Symbol.prototype, "isSymbolObject", Symbol.prototype.valueOf),
  brand(BigInt.prototype, "isBigIntObject", BigInt.prototype.valueOf),
];

/** Of the web platform; none of them can be asked of the host. */
const platformBrands: readonly (readonly [prototype: object, check: Check])[] = [
  brand(URL.prototype, undefined, getter(URL.prototype, "href")),
  brand(URLSearchParams.prototype, undefined, URLSearchParams.prototype.keys),
  ...(typeof Headers === "function" ? [brand(Headers.prototype, undefined, Headers.prototype.keys)] : []),
  ...(typeof AbortSignal === "function"
    ? [brand(AbortSignal.prototype, undefined, getter(AbortSignal.prototype, "aborted"))]
    : []),
  ...(typeof AbortController === "function"
    ? [brand(AbortController.prototype, undefined, getter(AbortController.prototype, "signal"))]
    : []),
  ...(typeof DOMException === "function"
    ? [brand(DOMException.prototype, undefined, getter(DOMException.prototype, "code"))]
    : []),
];

function brand(
  prototype: object,
  name: string | undefined,
  method: ((...args: never[]) => unknown) | undefined,
): readonly [object, Check] {
  const asked = name === undefined ? undefined : types[name];
  return [prototype, asked ?? ((object) => method !== undefined && passes(method, object))];
}

function passes(method: (...args: never[]) => unknown, object: object): boolean {
  const limit = quietErrors();
  try {
    Reflect.apply(method, object, [object] as never[]);
    return true;
  } catch {
    return false;
  } finally {
    restoreErrors(limit);
  }
}

/**
 * The prototype that the language gives to objects of this brand; undefined for ordinary objects. Arrays and errors among them.
 * No getter of the author's is run.
 */
export function languageBrand(object: object): object | undefined {
  if (Array.isArray(object)) return Array.prototype;
  if (ArrayBuffer.isView(object)) return typedArrayPrototype(object);
  if (isNativeError(object)) return Error.prototype;
  for (const [prototype, check] of brands) if (check(object)) return prototype;
  return undefined;
}

/** `languageBrand`, and objects of the web platform. */
export function brandOf(object: object): object | undefined {
  const found = languageBrand(object);
  if (found !== undefined) return found;
  for (const [prototype, check] of platformBrands) if (check(object)) return prototype;
  return undefined;
}

const isModuleNamespace = types["isModuleNamespaceObject"];

/** Whether an object without a prototype is the namespace of a module (ECMA-262 §10.4.6). */
export function isNamespace(object: object): boolean {
  if (isModuleNamespace !== undefined) return isModuleNamespace(object);
  const tag = Object.getOwnPropertyDescriptor(object, Symbol.toStringTag);
  return tag?.value === "Module" && !tag.configurable && !Object.isExtensible(object);
}

const isError = types["isNativeError"] ?? (Error as { isError?: Check }).isError;

export function isNativeError(object: object): boolean {
  if (isError !== undefined) return isError(object);
  // With a tag, a text may say anything, and a getter of the author's would be run.
  return !(Symbol.toStringTag in object) && Object.prototype.toString.call(object) === "[object Error]";
}

const tagOf = getter(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag as never)!;

function typedArrayPrototype(view: object): object {
  const name = Reflect.apply(tagOf, view, []) as string | undefined;
  const Class = Reflect.get(globalThis, name ?? "DataView") as { readonly prototype: object };
  return Class.prototype;
}
