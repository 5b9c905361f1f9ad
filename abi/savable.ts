/** What can be in a frame (docs/frames.md), by the names under which TypeScript's libraries declare it. */

/** Types that are saved as a whole, whatever is in them. */
export const savableTypes: ReadonlySet<string> = /* @__PURE__ */ names(
  `String Number Boolean Symbol BigInt Date RegExp URL URLSearchParams Headers ArrayBuffer DataView Buffer
  Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array Float16Array Float32Array Float64Array
  BigInt64Array BigUint64Array Error EvalError RangeError ReferenceError SyntaxError TypeError URIError DOMException
  AbortController AbortSignal Function CallableFunction NewableFunction Generator AsyncGenerator IArguments
  Iterator IteratorObject ArrayIterator MapIterator SetIterator StringIterator
  RegExpStringIterator Iterable IterableIterator AsyncIterator AsyncIterable AsyncIterableIterator AsyncIteratorObject
  DisposableStack AsyncDisposableStack TemplateStringsArray RegExpMatchArray RegExpExecArray Object JSON Math
  ProxyConstructor Intl Atomics Reflect`,
);

/** Types that are saved if what they hold is: their type arguments are looked at. */
export const savableContainers: ReadonlySet<string> = /* @__PURE__ */ names(
  `Promise PromiseLike Array ReadonlyArray Map ReadonlyMap Set ReadonlySet WeakMap WeakSet WeakRef AggregateError SuppressedError`,
);

/** Called where whoever bundles the machine can see that it may be left out. */
function names(list: string): ReadonlySet<string> {
  return new Set(list.split(/\s+/));
}
