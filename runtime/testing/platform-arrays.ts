/** Arrays as the platform iterates over them, while programs of a conformance suite have something else in the place of it. */

const prototypes = [Array.prototype, Object.getPrototypeOf([][Symbol.iterator]())] as const;
const keys = [Symbol.iterator, "next"] as const;
const original = prototypes.map((prototype, i) => Object.getOwnPropertyDescriptor(prototype, keys[i]!)!);

/** Calls `f` with the iterators of arrays that the platform made; puts back what was found. */
export function withPlatformArrays(f: () => void): void {
  // By index: nothing here may iterate.
  const found: (PropertyDescriptor | undefined)[] = [];
  let isChanged = false;
  for (let i = 0; i < keys.length; i++) {
    found[i] = Object.getOwnPropertyDescriptor(prototypes[i]!, keys[i]!);
    if (found[i]?.value !== original[i]!.value) isChanged = true;
  }
  if (!isChanged) return f();
  for (let i = 0; i < keys.length; i++) Reflect.defineProperty(prototypes[i]!, keys[i]!, original[i]!);
  try {
    f();
  } finally {
    for (let i = 0; i < keys.length; i++) {
      if (found[i] === undefined) Reflect.deleteProperty(prototypes[i]!, keys[i]!);
      else Reflect.defineProperty(prototypes[i]!, keys[i]!, found[i]!);
    }
  }
}
