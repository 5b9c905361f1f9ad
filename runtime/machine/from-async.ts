/**
 * `Array.fromAsync(items, mapper, thisArg)` (ECMA-262 §23.1.2.2) of a marked function: a task like that of any async function, so that
 * what it has gathered so far is saved with the run. In engines that lack it, too. Outside of runs the engine's own is called.
 */
import type { Code } from "../../abi/index.ts";
import type { Durable } from "./durable.ts";
import { $park, $return, $suspend, $throw } from "./end.ts";
import { toLength } from "./iterate.ts";
import { type AsyncIteration, iterationOf } from "./iterate-async.ts";
import { registerCode } from "./registry.ts";
import { builtin } from "./resolvers.ts";
import { machine } from "./run.ts";
import { $await, $begin, $end } from "./task.ts";

/** Its locals, live at each of its points. */
interface Gathering {
  /** Null: `items` is read by its indexes. */
  readonly iteration: AsyncIteration | null;
  readonly items: { readonly [index: number]: unknown };
  /** Of `items`, when it is read by its indexes. */
  readonly length: number;
  readonly mapper: unknown;
  readonly thisArg: unknown;
  readonly list: { length: number };
  /** Elements that `list` has. */
  count: number;
  /** Why the iteration is being closed. */
  error: unknown;
}

const NEXT = 1;
const MAPPED = 2;
const CLOSED = 3;

const point = (name: string) => ({
  name,
  fingerprint: "1",
  line: 0,
  column: 0,
  live: ["iteration", "items", "length", "mapper", "thisArg", "list", "count", "error"],
});

const code: Code = registerCode({
  ...builtin("coldframe#fromAsync", [], null),
  kind: "async",
  step,
  points: [null as never, point("next"), point("mapped"), point("closed")],
});

/** What `Array` means in a marked function, where `Array.fromAsync` is called. */
export const $Array = {
  fromAsync(
    this: unknown,
    items: unknown,
    mapper: unknown = undefined,
    thisArg: unknown = undefined,
  ): unknown {
    const self = this === $Array ? Array : this;
    const native: unknown = Reflect.get(Array, "fromAsync");
    if (machine.run === null && typeof native === "function")
      return Reflect.apply(native, self, [items, mapper, thisArg]);
    const task = $begin(code, $Array.fromAsync as never);
    try {
      $return(
        task,
        step(task, undefined, false, () => begin(self, items, mapper, thisArg)),
      );
    } catch (error) {
      $throw(task, error);
    }
    return $end(task);
  },
};

function begin(self: unknown, items: unknown, mapper: unknown, thisArg: unknown): Gathering {
  if (mapper !== undefined && typeof mapper !== "function")
    throw new TypeError(`${String(mapper)} is not a function`);
  if (items === undefined || items === null) throw new TypeError(`${String(items)} is not iterable`);
  const common = { mapper, thisArg, count: 0, error: undefined };
  const iteration = iterationOf(items);
  if (iteration !== null) return { ...common, iteration, items: [], length: 0, list: make(self, []) };
  const source = Object(items) as { readonly length?: unknown; readonly [index: number]: unknown };
  const length = toLength(source.length);
  return { ...common, iteration, items: source, length, list: make(self, [length]) };
}

/** An instance of the constructor on which it was called, or an array. */
function make(self: unknown, args: readonly unknown[]): { length: number } {
  try {
    Reflect.construct(Object, [], self as never);
  } catch {
    return [];
  }
  return Reflect.construct(self as never, args);
}

/** The step function of `fromAsync`. */
function step(task: Durable, value: unknown, threw: boolean, given?: () => Gathering): unknown {
  const state = given === undefined ? (task.frame as unknown as Gathering) : given();
  const { iteration, list, mapper } = state;
  let at = task.ip;
  for (;;) {
    let failed = threw;
    threw = false;
    if (at === CLOSED) throw state.error;
    if (at === NEXT) {
      if (failed) throw value;
      if (iteration !== null) {
        if (!iteration.step(value)) {
          list.length = state.count;
          return list;
        }
        value = iteration.value;
      }
      at = MAPPED;
      if (mapper !== undefined)
        try {
          value = $await(task, Reflect.apply(mapper as never, state.thisArg, [value, state.count]));
          if (value === $park) return $suspend(task, MAPPED, state as never);
        } catch (error) {
          failed = true;
          value = error;
        }
    }
    if (at === MAPPED) {
      if (!failed)
        try {
          put(list, state.count++, value);
        } catch (error) {
          failed = true;
          value = error;
        }
      if (failed) {
        const closing = iteration?.abortAsync();
        if (closing === undefined) throw value;
        state.error = value;
        try {
          if ($await(task, closing) === $park) return $suspend(task, CLOSED, state as never);
        } catch {}
        throw state.error;
      }
    }
    if (iteration === null && state.count >= state.length) {
      list.length = state.count;
      return list;
    }
    at = NEXT;
    value = $await(task, iteration === null ? state.items[state.count] : iteration.nextAsync(task));
    if (value === $park) return $suspend(task, NEXT, state as never);
  }
}

/** CreateDataPropertyOrThrow (§7.3.7) */
function put(list: object, index: number, value: unknown): void {
  const made = { value, writable: true, enumerable: true, configurable: true };
  if (!Reflect.defineProperty(list, index, made)) throw new TypeError(`Cannot add property ${index}`);
}
