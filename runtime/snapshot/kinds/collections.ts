/**
 * Maps, sets and their weak relatives.
 *
 *   ["map",key,value,…]   ["set",value,…]
 *   ["weakmap",key,value,…]   ["weakset",value,…]   entries whose keys something else reaches
 *   ["weakref",target]        ["weakref"] when the target is gone
 */
import { ColdframeError } from "../../errors.ts";
import type { In, Kind, Node, Out } from "../kind.ts";
import { broken } from "../kind.ts";
import { wellKnownSymbols } from "./primitives.ts";

export const map: Kind = {
  tags: ["map"],
  prototypes: [Map.prototype],
  write(value: Map<unknown, unknown>, out: Out): string {
    let text = '["map"';
    mapForEach.call(value, (item, key) => {
      text += `,${out.value(key)},${out.value(item)}`;
    });
    return `${text}]`;
  },
  allocate: () => new Map(),
  fill(value: Map<unknown, unknown>, node: Node, input: In): void {
    if (node.length % 2 === 0) broken("a map with a key too many");
    for (let i = 1; i < node.length; i += 2) value.set(input.value(node[i]), input.value(node[i + 1]));
  },
};

export const set: Kind = {
  tags: ["set"],
  prototypes: [Set.prototype],
  write(value: Set<unknown>, out: Out): string {
    let text = '["set"';
    setForEach.call(value, (item) => {
      text += `,${out.value(item)}`;
    });
    return `${text}]`;
  },
  allocate: () => new Set(),
  fill(value: Set<unknown>, node: Node, input: In): void {
    for (let i = 1; i < node.length; i++) value.add(input.value(node[i]));
  },
};

/**
 * Nobody can list what a WeakMap holds; but whatever could be a key is in the table of nodes when everything else is. Well-known symbols
 * need not be: they are always there.
 */
export const weakMap: Kind = {
  tags: ["weakmap"],
  prototypes: [WeakMap.prototype],
  write(value: WeakMap<object, unknown>, out: Out): string {
    const held = reachedKeys(value, hasInWeakMap, out, (key) => out.value(getInWeakMap.call(value, key)));
    return out.later(() => {
      let text = '["weakmap"';
      for (const key of held) text += `,${out.value(key)},${out.value(getInWeakMap.call(value, key))}`;
      return `${text}]`;
    });
  },
  allocate: () => new WeakMap(),
  fill(value: WeakMap<object, unknown>, node: Node, input: In): void {
    for (let i = 1; i < node.length; i += 2)
      value.set(input.value(node[i]) as object, input.value(node[i + 1]));
  },
};

export const weakSet: Kind = {
  tags: ["weakset"],
  prototypes: [WeakSet.prototype],
  write(value: WeakSet<object>, out: Out): string {
    const held = reachedKeys(value, hasInWeakSet, out, () => {});
    return out.later(() => {
      let text = '["weakset"';
      for (const key of held) text += `,${out.value(key)}`;
      return `${text}]`;
    });
  },
  allocate: () => new WeakSet(),
  fill(value: WeakSet<object>, node: Node, input: In): void {
    for (let i = 1; i < node.length; i++) value.add(input.value(node[i]) as object);
  },
};

/** Some hosts hide it: workerd does by default. */
const Weak = (globalThis as { WeakRef?: WeakRefConstructor }).WeakRef;
const deref = Weak?.prototype.deref as () => object | undefined;

/** A reference whose target is there when saved has it when restored; afterwards it is as weak as any. */
export const weakRef: Kind = {
  tags: ["weakref"],
  prototypes: Weak === undefined ? [] : [Weak.prototype],
  done: (key) => key === "deref",
  write(value: WeakRef<object>, out: Out): string {
    const target = deref.call(value);
    return target === undefined || value.deref !== deref ? '["weakref"]' : `["weakref",${out.value(target)}]`;
  },
  allocate(node: Node, input: In): unknown {
    if (Weak === undefined)
      throw new ColdframeError(
        "CF2103",
        "this engine has no WeakRef, which the run holds. Carry it on in one that has",
      );
    if (node.length > 1) {
      const target = Array.isArray(node[1]) ? node[1][0] : broken("a weak reference to a primitive");
      return new Weak(input.node(target, []) as object);
    }
    // No weak reference can be made empty.
    const empty = new Weak({});
    return Object.defineProperty(empty, "deref", {
      value: () => undefined,
      writable: true,
      configurable: true,
    });
  },
};

const { forEach: mapForEach } = Map.prototype;
const { forEach: setForEach } = Set.prototype;
const { has: hasInWeakMap, get: getInWeakMap } = WeakMap.prototype;
const { has: hasInWeakSet } = WeakSet.prototype;

/** The keys of a weak collection that are reached; more and more of them, until all is written. */
function reachedKeys(
  value: object,
  has: (this: never, key: object) => boolean,
  out: Out,
  found: (key: object) => void,
): ReadonlySet<object> {
  const held = new Set<object>();
  const hasKey = (key: object): boolean => Reflect.apply(has, value, [key]);
  // Throws for what only looks like one.
  hasKey(value);
  const reach = (all: readonly unknown[], from: number): void => {
    for (let i = from; i < all.length; i++) {
      const key = all[i];
      if (!isKey(key) || held.has(key) || !hasKey(key)) continue;
      held.add(key);
      // It may stand inside of plain data.
      out.index(key);
      found(key);
    }
  };
  reach(wellKnownSymbols, 0);
  out.weak(reach);
  return held;
}

/** Symbols are, where the engine takes them: elsewhere no collection has one. */
function isKey(value: unknown): value is object {
  return Object(value) === value || typeof value === "symbol";
}
