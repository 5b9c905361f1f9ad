/**
 * What `DisposableStack` and `AsyncDisposableStack` mean in marked code, whether or not the engine has them: what its own ones
 * hold cannot be read, and so not be saved. Where it has them, these inherit from its prototypes: `instanceof` holds for both
 * kinds on both sides.
 *
 * `disposeAsync` may be suspended in a disposer like any async function: it is one, written as the compiler would.
 */
import type { Code } from "../../abi/index.ts";
import { Disposal } from "./disposal.ts";
import type { Durable } from "./durable.ts";
import { $park, $return, $throw } from "./end.ts";
import { registerCode } from "./registry.ts";
import { builtin } from "./resolvers.ts";
import { $await, $begin, $end } from "./task.ts";

/** How the snapshot gets at what a stack holds, by prototype. Not reflected by anything that marked code can see. */
interface Reach {
  /** Null: it was disposed of. @throws TypeError when `stack` is none */
  readonly get: (stack: object) => Disposal | null;
  readonly set: (stack: object, disposal: Disposal | null) => void;
}

const reach = new Map<object, Reach>();

type Callback = (...args: never[]) => unknown;

export class DisposableStack {
  #disposal: Disposal | null = new Disposal();

  static {
    reach.set(DisposableStack.prototype, {
      get: (stack) => (stack as DisposableStack).#disposal,
      set: (stack, disposal) => {
        (stack as DisposableStack).#disposal = disposal;
      },
    });
  }

  get disposed(): boolean {
    return this.#disposal === null;
  }

  use<T>(value: T): T {
    return open(this.#disposal, "DisposableStack", "use").use(value);
  }

  adopt<T>(value: T, onDispose: Callback): T {
    const { resources } = open(this.#disposal, "DisposableStack", "adopt");
    resources.push({ how: "adopted", value, method: callable(onDispose) });
    return value;
  }

  defer(onDispose: Callback): void {
    const { resources } = open(this.#disposal, "DisposableStack", "defer");
    resources.push({ how: "sync", value: undefined, method: callable(onDispose) });
  }

  move(): DisposableStack {
    const disposal = open(this.#disposal, "DisposableStack", "move");
    this.#disposal = null;
    const moved = new $DisposableStack();
    moved.#disposal = disposal;
    return moved;
  }

  dispose(): void {
    const disposal = this.#disposal;
    this.#disposal = null;
    disposal?.dispose();
  }
}

export class AsyncDisposableStack {
  #disposal: Disposal | null = new Disposal();

  static {
    reach.set(AsyncDisposableStack.prototype, {
      get: (stack) => (stack as AsyncDisposableStack).#disposal,
      set: (stack, disposal) => {
        (stack as AsyncDisposableStack).#disposal = disposal;
      },
    });
  }

  get disposed(): boolean {
    return this.#disposal === null;
  }

  use<T>(value: T): T {
    return open(this.#disposal, "AsyncDisposableStack", "use").useAsync(value);
  }

  adopt<T>(value: T, onDispose: Callback): T {
    const { resources } = open(this.#disposal, "AsyncDisposableStack", "adopt");
    resources.push({ how: "adopted-async", value, method: callable(onDispose) });
    return value;
  }

  defer(onDispose: Callback): void {
    const { resources } = open(this.#disposal, "AsyncDisposableStack", "defer");
    resources.push({ how: "async", value: undefined, method: callable(onDispose) });
  }

  move(): AsyncDisposableStack {
    const disposal = open(this.#disposal, "AsyncDisposableStack", "move");
    this.#disposal = null;
    const moved = new $AsyncDisposableStack();
    moved.#disposal = disposal;
    return moved;
  }

  disposeAsync(): Promise<void> {
    const task = $begin(disposeCode, disposeAsync as never);
    try {
      const disposal = this.#disposal;
      this.#disposal = null;
      $return(task, disposeStep(task, undefined, false, disposal));
    } catch (error) {
      $throw(task, error);
    }
    return $end(task) as Promise<void>;
  }
}

const { disposeAsync } = AsyncDisposableStack.prototype;

export const syncStackReach: Reach = reach.get(DisposableStack.prototype)!;
export const asyncStackReach: Reach = reach.get(AsyncDisposableStack.prototype)!;

function open(disposal: Disposal | null, stack: string, method: string): Disposal {
  if (disposal !== null) return disposal;
  throw new ReferenceError(`Cannot call ${stack}.prototype.${method} on an already-disposed ${stack}`);
}

function callable(f: unknown): unknown {
  if (typeof f !== "function") throw new TypeError(`${String(f)} is not a function`);
  return f;
}

const disposeCode: Code = registerCode({
  ...builtin("coldframe#disposeAsync", [], null),
  kind: "async",
  step: disposeStep,
  points: [
    null as never,
    { name: "dispose", fingerprint: "1", line: 0, column: 0, live: ["disposal"], handler: true },
  ],
});

/** The step function of `disposeAsync`. */
function disposeStep(task: Durable, value: unknown, threw: boolean, given: Disposal | null): unknown {
  const resumes = task.ip !== 0;
  const disposal = resumes ? (task.frame as { disposal: Disposal }).disposal : given;
  if (disposal === null) return undefined;
  if (threw) disposal.fail(value);
  while (disposal.next()) {
    try {
      if ($await(task, disposal.value) === $park) {
        task.frame = { disposal };
        task.ip = 1;
        return $park;
      }
    } catch (error) {
      disposal.fail(error);
    }
  }
  disposal.end();
  return undefined;
}

type Class = (abstract new () => object) & { readonly prototype: object };

/** Gives the class the place of the platform's: name, tag, disposing method under its symbol, and what it inherits from. */
function install<C extends Class>(Own: C, name: string, method: string, symbol: symbol): C {
  const { prototype } = Own;
  const platform: unknown = Reflect.get(globalThis, name);
  Object.defineProperty(prototype, symbol, { ...Object.getOwnPropertyDescriptor(prototype, method)! });
  Object.defineProperty(prototype, Symbol.toStringTag, { value: name, configurable: true });
  if (typeof platform !== "function") return Own;
  const above = platform.prototype as object;
  Object.setPrototypeOf(prototype, above);
  Object.defineProperty(Own, Symbol.hasInstance, {
    value(this: unknown, x: unknown): boolean {
      return this === Own
        ? x instanceof platform
        : Reflect.apply(Function.prototype[Symbol.hasInstance], this, [x]);
    },
  });
  return Own;
}

export const $DisposableStack = install(DisposableStack, "DisposableStack", "dispose", Symbol.dispose);
export const $AsyncDisposableStack = install(
  AsyncDisposableStack,
  "AsyncDisposableStack",
  "disposeAsync",
  Symbol.asyncDispose,
);
