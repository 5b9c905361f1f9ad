/**
 * `super` spelt out, for code that has left its class or object literal (ECMA-262 §13.3.7): properties are looked up from the
 * prototype of the home object, with the `this` of the method.
 */
import { registerRecord } from "./registry.ts";

type Bag = { readonly [key: PropertyKey]: unknown };

/** A Super Reference (§13.3.7.3) that is kept while something else is evaluated. */
class SuperReference {
  base: object | null = null;
  key: unknown = undefined;
  receiver: unknown = undefined;

  get value(): unknown {
    return read(this.base, this.key as PropertyKey, this.receiver);
  }

  set value(value: unknown) {
    const { base, receiver } = this;
    const key = this.key as PropertyKey;
    if (base === null) throw new TypeError(`Cannot set properties of null (setting '${String(key)}')`);
    if (!setWith(base, key, value, receiver))
      throw new TypeError(`Cannot assign to read only property '${String(key)}' of object`);
  }

  delete(): never {
    throw new ReferenceError("Unsupported reference to 'super'");
  }
}
registerRecord({ id: "coldframe#super", Record: SuperReference, variables: ["base", "key", "receiver"] });

/** Of sloppy code: an assignment that fails does nothing (§6.2.5.6). */
class SloppySuperReference extends SuperReference {
  override get value(): unknown {
    return super.value;
  }

  override set value(value: unknown) {
    const { base, key, receiver } = this;
    if (base === null) super.value = value;
    else setWith(base, key as PropertyKey, value, receiver);
  }
}
registerRecord({
  id: "coldframe#super.sloppy",
  Record: SloppySuperReference,
  variables: ["base", "key", "receiver"],
});

/** `super[key]` as something that can be read and written. */
export function $super(home: object, key: unknown, receiver: unknown): SuperReference {
  return refer(new SuperReference(), home, key, receiver);
}

/** The same in sloppy code. */
export function $superSloppy(home: object, key: unknown, receiver: unknown): SuperReference {
  return refer(new SloppySuperReference(), home, key, receiver);
}

function refer(reference: SuperReference, home: object, key: unknown, receiver: unknown): SuperReference {
  reference.base = Object.getPrototypeOf(home) as object | null;
  reference.key = key;
  reference.receiver = receiver;
  return reference;
}

/** The value of `super[key]`. */
export function $superGet(home: object, key: PropertyKey, receiver: unknown): unknown {
  return read(Object.getPrototypeOf(home) as object | null, key, receiver);
}

/**
 * The callee of `super[key](…)`, read now.
 * @param text the author's callee, for the message
 */
export function $superMethod(
  home: object,
  key: PropertyKey,
  receiver: unknown,
  text: string,
): (...args: unknown[]) => unknown {
  const f = $superGet(home, key, receiver);
  return (...args) => {
    if (typeof f !== "function") throw new TypeError(`${text} is not a function`);
    return Reflect.apply(f, receiver, args);
  };
}

function read(base: object | null, key: PropertyKey, receiver: unknown): unknown {
  if (base === null) throw new TypeError(`Cannot read properties of null (reading '${String(key)}')`);
  return typeof receiver === "object" || typeof receiver === "function"
    ? Reflect.get(base, key, receiver)
    : (base as Bag)[key];
}

/** OrdinarySet with a receiver that may be a primitive: then it can only fail (§10.1.9.2). */
function setWith(base: object, key: PropertyKey, value: unknown, receiver: unknown): boolean {
  return Reflect.set(base, key, value, receiver);
}
