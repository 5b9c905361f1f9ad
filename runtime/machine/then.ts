/**
 * `then`, `catch` and `finally` of durable promises, which inherit from `Promise.prototype` so that `instanceof
 * Promise` holds in unmarked code too. They have no `constructor` of their own: it is the platform's `Promise`.
 *
 * | who calls | what it gets |
 * |---|---|
 * | code in the promise's run | a durable promise; the handlers are data |
 * | code of another run | an error; between the free run and another, a durable promise of its own run |
 * | code outside any run | a native promise; the handlers are called outside any run |
 * | the same with closures of marked code for handlers | as in the promise's run |
 */
import { isStamped } from "./closure.ts";
import {
  Durable,
  Finally,
  FULFILLED,
  type Handler,
  Mirror,
  type NativeCapability,
  NativeReaction,
  PENDING,
  Then,
} from "./durable.ts";
import { NativePromise, nativeSettled, nativeThen, species } from "./intrinsics.ts";
import { attach, foreign, setDurableThen } from "./loop.ts";
import { resolves } from "./resolvers.ts";
import { freeRun, inRun, machine, type Run } from "./run.ts";
import { handle, subscribe } from "./settle.ts";

const nativeFinally = NativePromise.prototype.finally;

const fields: ReadonlySet<string> = new Set(Object.keys(new Durable(freeRun, null)));

Object.setPrototypeOf(Durable.prototype, NativePromise.prototype);
Reflect.deleteProperty(Durable.prototype, "constructor");
const methods = {
  /** Promise.prototype.then (ECMA-262 §27.2.5.4); of a native promise when `this` is one. */
  then(this: unknown, onFulfilled?: unknown, onRejected?: unknown): unknown {
    const fulfilled = callable(onFulfilled);
    const rejected = callable(onRejected);
    if (!(this instanceof Durable)) return nativeThen(this, fulfilled, rejected);
    const run = runFor(this, fulfilled, rejected);
    if (run === null) return thenFromOutside(this, fulfilled, rejected);
    const { target, promise } = derive(this, run);
    inside(run, this, new Then(fulfilled, rejected, target));
    return promise;
  },

  /** Promise.prototype.catch (§27.2.5.1) */
  catch(this: PromiseLike<unknown>, onRejected?: never): unknown {
    return this.then(undefined, onRejected);
  },

  /** Promise.prototype.finally (§27.2.5.3) */
  finally(this: unknown, onFinally?: unknown): unknown {
    const handler = callable(onFinally);
    if (!(this instanceof Durable) || (this as { then?: unknown }).then !== durableThen)
      return Reflect.apply(nativeFinally, this, [onFinally]);
    if (handler === undefined) return (this as unknown as PromiseLike<unknown>).then();
    const run = runFor(this, handler, undefined);
    if (run === null) return Reflect.apply(nativeFinally, this, [onFinally]);
    const { target, promise } = derive(this, run);
    inside(run, this, new Finally(handler as () => unknown, target));
    return promise;
  },

  /** The fields of the machine are none of the author's: JSON has what was added to the promise, natively `{}`. */
  toJSON(this: object): object {
    return Object.fromEntries(Object.entries(this).filter(([key]) => !fields.has(key)));
  },
};
export const durableThen = methods.then;

for (const [name, value] of Object.entries(methods))
  Object.defineProperty(Durable.prototype, name, { value, writable: true, configurable: true });
setDurableThen(durableThen);

function callable(f: unknown): Handler | undefined {
  return typeof f === "function" ? (f as Handler) : undefined;
}

/** The run in which the derived promise is made; null for a native one. */
function runFor(promise: Durable, f: Handler | undefined, g: Handler | undefined): Run | null {
  const { run } = machine;
  if (run === promise.run) return run;
  if (run === null) return isStamped(f) || isStamped(g) ? promise.run : null;
  if (!run.free && !promise.run.free) throw foreign(promise, run);
  return run;
}

function inside(run: Run, promise: Durable, reaction: Then | Finally): void {
  if (machine.run === run) attach(run, promise, reaction);
  else inRun(run, () => attach(run, promise, reaction));
}

export interface Capability extends NativeCapability {
  readonly promise: object;
}

/** What `then` settles, and what it returns: the same, unless the species makes promises of another kind. */
interface Derived {
  readonly target: Durable;
  readonly promise: object;
}

/** NewPromiseCapability of the species (§7.3.22); for promises that are no instances of a subclass, without the search. */
function derive(promise: Durable, run: Run): Derived {
  const Species = speciesOf(promise);
  if (Species !== NativePromise) return deriveBy(Species, run);
  const target = new Durable(run, null);
  return { target, promise: target };
}

/** The promise of a constructor that is not `Promise` itself. */
export function deriveBy(C: unknown, run: Run): Capability & Derived {
  const made = capabilityOf(C);
  const { promise } = made;
  // What the machine's constructor gave does nothing that is not done without it.
  if (promise instanceof Durable && resolves(made.resolve, promise)) return { ...made, target: promise };
  const target = new Durable(run, null);
  subscribe(target, new Mirror(made));
  return { ...made, target };
}

/** NewPromiseCapability (§27.2.1.5) */
export function capabilityOf(C: unknown): Capability {
  let given: NativeCapability | undefined;
  const promise: object = Reflect.construct(C as new (executor: unknown) => object, [
    (resolve: never, reject: never) => {
      if (given?.resolve !== undefined || given?.reject !== undefined)
        throw new TypeError("Promise executor has already been invoked with non-undefined arguments");
      given = { resolve, reject };
    },
  ]);
  if (typeof given?.resolve !== "function" || typeof given.reject !== "function")
    throw new TypeError("Promise resolve or reject function is not callable");
  return { promise, resolve: given.resolve, reject: given.reject };
}

/** SpeciesConstructor (§7.3.22) */
function speciesOf(promise: Durable): new (executor: unknown) => object {
  const Base = (promise as { constructor: unknown }).constructor;
  if (Base === NativePromise || Base === undefined) return NativePromise as never;
  if ((typeof Base !== "object" || Base === null) && typeof Base !== "function")
    throw new TypeError("The .constructor property is not an object");
  const Species = (Base as { [species]?: unknown })[species] ?? NativePromise;
  if (typeof Species !== "function")
    throw new TypeError("object.constructor[Symbol.species] is not a constructor");
  return Species as never;
}

function thenFromOutside(promise: Durable, f: Handler | undefined, g: Handler | undefined): Promise<unknown> {
  if (promise.state !== PENDING) {
    handle(promise);
    return nativeThen(nativeSettled(promise.value, promise.state !== FULFILLED), f, g);
  }
  return new NativePromise((resolve, reject) => {
    subscribe(promise, new NativeReaction(f, g, { resolve, reject }));
  });
}
