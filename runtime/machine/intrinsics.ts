/**
 * What the platform's promises, iterators and symbols are, taken before anybody can replace them.
 */
export const { asyncIterator, iterator, species } = Symbol;

export const NativePromise = Promise;

const { then } = Promise.prototype;

/** PerformPromiseThen of a native promise. Throws a TypeError when `promise` is none, whatever it inherits from. */
export function nativeThen(
  promise: unknown,
  onFulfilled: ((value: unknown) => unknown) | undefined,
  onRejected?: ((reason: unknown) => unknown) | undefined,
): Promise<unknown> {
  return Reflect.apply(then, promise, [onFulfilled, onRejected]);
}

/** Whether `f` is the platform's own `Promise.prototype.then`. */
export function isNativeThen(f: unknown): boolean {
  return f === then;
}

/** A native promise that is settled, whatever `Promise.resolve` and `reject` are by now. */
export function nativeSettled(value: unknown, threw: boolean): Promise<unknown> {
  return new NativePromise((resolve, reject) => {
    if (threw) reject(value);
    else resolve(value);
  });
}
