/**
 * What `Promise` means in marked code.
 *
 * `$Promise.prototype` is `Durable.prototype`, whose methods pass native promises on to the platform's: so
 * `Promise.prototype.then.call(p, f)` and subclasses work with promises of both kinds, and what a subclass inherits is
 * durable. `x instanceof $Promise` holds for both kinds. Outside any run there is nothing to keep: everything here
 * then makes native promises. There, too, what somebody has put in the place of the platform's functions is called instead.
 */
import { combine } from "./combinator.ts";
import { type Callable, Durable } from "./durable.ts";
import { NativePromise } from "./intrinsics.ts";
import { createResolvers } from "./resolvers.ts";
import { machine, setPromise } from "./run.ts";
import { reject, resolve } from "./settle.ts";
import { type Capability, capabilityOf, deriveBy } from "./then.ts";

type Executor = (resolve: (value: unknown) => void, reject: (reason: unknown) => void) => void;

/** The Promise constructor (ECMA-262 §27.2.3.1). */
function construct(this: unknown, executor: Executor): object {
  if (new.target === undefined) throw new TypeError("Promise constructor cannot be invoked without 'new'");
  if (typeof executor !== "function") {
    throw new TypeError(`Promise resolver ${describe(executor)} is not a function`);
  }
  const Target = new.target as Callable & { prototype: object };
  const { run } = machine;
  if (run === null)
    return Reflect.construct(NativePromise, [executor], Target === construct ? NativePromise : Target);
  const promise = new Durable(run, null);
  if (Target !== construct) Object.setPrototypeOf(promise, Target.prototype);
  const resolvers = createResolvers(promise);
  try {
    executor(resolvers.resolve, resolvers.reject);
  } catch (error) {
    resolvers.reject(error);
  }
  return promise;
}

function describe(value: unknown): string {
  return typeof value === "object" && value !== null ? "#<Object>" : String(value);
}

/** NewPromiseCapability (§27.2.1.5) for any constructor. */
function capability(C: unknown): Capability {
  if (C !== construct) return capabilityOf(C);
  if (machine.run === null) return capabilityOf(NativePromise);
  const promise = new Durable(machine.run, null);
  return { promise, ...createResolvers(promise) };
}

const statics = {
  /** Promise.resolve (§27.2.4.7) */
  resolve(this: unknown, x: unknown): unknown {
    const other = replaced("resolve", this);
    if (other !== undefined) return Reflect.apply(other, NativePromise, [x]);
    if (Object(this) !== this) throw new TypeError("PromiseResolve called on non-object");
    const C = this === construct ? NativePromise : this;
    if (x instanceof NativePromise && x.constructor === C) return x;
    if (this === construct && machine.run !== null) {
      const promise = new Durable(machine.run, null);
      resolve(promise, x);
      return promise;
    }
    const { promise, resolve: fulfill } = capability(this);
    fulfill(x);
    return promise;
  },
  /** Promise.reject (§27.2.4.6) */
  reject(this: unknown, reason: unknown): unknown {
    const other = replaced("reject", this);
    if (other !== undefined) return Reflect.apply(other, NativePromise, [reason]);
    if (this === construct && machine.run !== null) {
      const promise = new Durable(machine.run, null);
      reject(promise, reason);
      return promise;
    }
    const { promise, reject: refuse } = capability(this);
    refuse(reason);
    return promise;
  },
  /** Promise.withResolvers (§27.2.4.9) */
  withResolvers(this: unknown): Capability {
    return capability(this);
  },
  /** Promise.try (§27.2.4.8) */
  try(this: unknown, callback: (...args: unknown[]) => unknown, ...args: unknown[]): unknown {
    const { promise, resolve: fulfill, reject: refuse } = capability(this);
    try {
      fulfill(callback(...args));
    } catch (error) {
      refuse(error);
    }
    return promise;
  },
  all(this: unknown, iterable: Iterable<unknown>): unknown {
    return combined("all", this, iterable);
  },
  allSettled(this: unknown, iterable: Iterable<unknown>): unknown {
    return combined("allSettled", this, iterable);
  },
  race(this: unknown, iterable: Iterable<unknown>): unknown {
    return combined("race", this, iterable);
  },
  any(this: unknown, iterable: Iterable<unknown>): unknown {
    return combined("any", this, iterable);
  },
};

function combined(
  kind: "all" | "allSettled" | "race" | "any",
  C: unknown,
  iterable: Iterable<unknown>,
): unknown {
  const { run } = machine;
  const native = replaced(kind, C) ?? NativePromise[kind];
  if (run === null || native !== original[kind] || (run.free && C !== construct))
    return Reflect.apply(native, C === construct ? NativePromise : C, [iterable]);
  if (C !== construct) {
    const { target, promise, reject: refuse } = deriveBy(C, run);
    try {
      combine(run, kind, iterable, C as Callable & { resolve: unknown }, null, target);
    } catch (error) {
      refuse(error);
    }
    return promise;
  }
  const isReplaced = run.free && NativePromise.resolve !== original.resolve;
  return combine(run, kind, iterable, isReplaced ? NativePromise : $Promise, statics.resolve);
}

/** The platform's functions, before anybody replaced them. */
const original = { ...functionsOf("resolve", "reject", "all", "allSettled", "race", "any") };

function functionsOf<K extends keyof PromiseConstructor>(...names: K[]): Pick<PromiseConstructor, K> {
  return Object.fromEntries(names.map((name) => [name, NativePromise[name]])) as Pick<PromiseConstructor, K>;
}

/** What somebody has put in the place of the platform's function, for marked code outside of runs. */
function replaced(name: keyof typeof original, C: unknown): Callable | undefined {
  if (C !== construct || (machine.run !== null && !machine.run.free)) return undefined;
  const f: unknown = NativePromise[name];
  return f === original[name] ? undefined : (f as Callable);
}

for (const [name, value] of Object.entries(statics)) {
  Object.defineProperty(construct, name, { value, writable: true, configurable: true });
}
Object.defineProperties(construct, {
  name: { value: "Promise", configurable: true },
  prototype: { value: Durable.prototype, writable: false },
  [Symbol.species]: {
    get(this: unknown) {
      return this;
    },
    configurable: true,
  },
  [Symbol.hasInstance]: {
    value(this: unknown, x: unknown): boolean {
      return this === construct ? x instanceof NativePromise : ordinaryHasInstance(this, x);
    },
    configurable: true,
  },
});

function ordinaryHasInstance(C: unknown, x: unknown): boolean {
  return Reflect.apply(Function.prototype[Symbol.hasInstance], C, [x]);
}

interface DurablePromiseConstructor extends PromiseConstructor {
  try<T>(callback: (...args: never[]) => T | PromiseLike<T>, ...args: unknown[]): Promise<Awaited<T>>;
  withResolvers<T>(): {
    promise: Promise<T>;
    resolve: (value: T | PromiseLike<T>) => void;
    reject: (reason?: unknown) => void;
  };
}

export const $Promise = construct as unknown as DurablePromiseConstructor;
setPromise($Promise);
