/**
 * `Promise` of marked code: what it answers to besides order, which order.test.ts has.
 */
import { expect, test } from "vitest";
import {
  $clearTimeout,
  $const,
  $Promise,
  $setInterval,
  $setTimeout,
  $TDZ,
  $tdz,
  Durable,
  deliver,
  drain,
  inRun,
} from "../../runtime/machine/index.ts";
import { inNewRun, notes, wait } from "./compiled.ts";

/** The state of what `f` makes in a run of its own. */
function settled(f: () => unknown): { state: number; value: unknown } {
  const { result } = inNewRun(() => {
    const promise = f() as Promise<unknown>;
    promise.catch(() => {});
    return promise;
  });
  const { state, value } = result as unknown as Durable;
  return { state, value };
}

test("instanceof holds for promises of both kinds, in marked and unmarked code", () => {
  const { result } = inNewRun(() => new $Promise(() => {}));
  expect(result instanceof $Promise).toBe(true);
  expect(result instanceof Promise).toBe(true);
  expect(Promise.resolve(1) instanceof $Promise).toBe(true);
  expect({} instanceof $Promise).toBe(false);
  expect($Promise.name).toBe("Promise");
  expect($Promise.length).toBe(1);
  expect(Object.prototype.toString.call(result)).toBe("[object Promise]");
});

test("the constructor refuses what the platform's refuses", () => {
  expect(() => ($Promise as unknown as () => void)()).toThrow(TypeError);
  expect(() => new $Promise(5 as never)).toThrow("Promise resolver 5 is not a function");
  expect(
    settled(
      () =>
        new $Promise(() => {
          throw 1;
        }),
    ),
  ).toEqual({ state: 2, value: 1 });
  const cycle = settled(() => {
    let resolve!: (x: unknown) => void;
    const promise = new $Promise((f) => {
      resolve = f;
    });
    resolve(promise);
    return promise;
  });
  expect(String(cycle.value)).toBe("TypeError: Chaining cycle detected for promise #<Promise>");
});

test("resolve gives back promises of either kind, and adopts thenables", () => {
  const native = Promise.resolve(1);
  inNewRun(() => {
    expect($Promise.resolve(native)).toBe(native);
    const own = $Promise.resolve(2);
    expect($Promise.resolve(own)).toBe(own);
  });
  expect(settled(() => $Promise.resolve({ then: (f: (x: number) => void) => f(3) }))).toEqual({
    state: 1,
    value: 3,
  });
});

test("withResolvers and try", () => {
  expect(settled(() => $Promise.try((a: number, b: number) => a + b, 1, 2))).toEqual({ state: 1, value: 3 });
  expect(
    settled(() =>
      $Promise.try(() => {
        throw 4;
      }),
    ),
  ).toEqual({ state: 2, value: 4 });
  expect(
    settled(() => {
      const { promise, resolve } = $Promise.withResolvers();
      resolve(5);
      return promise;
    }),
  ).toEqual({ state: 1, value: 5 });
});

test("combinators of nothing, and what they refuse", () => {
  expect(settled(() => $Promise.all([]))).toEqual({ state: 1, value: [] });
  expect(settled(() => $Promise.allSettled([]))).toEqual({ state: 1, value: [] });
  expect(settled(() => $Promise.race([])).state).toBe(0);
  const none = settled(() => $Promise.any([]));
  expect(none.value).toBeInstanceOf(AggregateError);
  expect((none.value as AggregateError).message).toBe("All promises were rejected");
  expect(settled(() => $Promise.all(5 as never)).value).toBeInstanceOf(TypeError);
});

test("an iterable that fails rejects; one whose element fails is closed", () => {
  const log: string[] = [];
  const iterable = {
    *[Symbol.iterator]() {
      try {
        yield {
          constructor: $Promise,
          get then() {
            return log.push("get then");
          },
        };
        yield Object.defineProperty(Promise.resolve(), "constructor", {
          get() {
            throw "constructor";
          },
        });
      } finally {
        log.push("closed");
      }
    },
  };
  expect(settled(() => $Promise.all(iterable as never))).toEqual({ state: 2, value: "constructor" });
  expect(log).toEqual(["get then", "closed"]);
  expect(
    settled(() =>
      $Promise.race({
        [Symbol.iterator]() {
          throw 7;
        },
      }),
    ),
  ).toEqual({ state: 2, value: 7 });
});

test("an overridden then of an element is called, with functions that count once", () => {
  const twice = () => {
    const promise = $Promise.resolve(1);
    promise.then = ((f: (x: unknown) => void) => {
      f("a");
      f("b");
    }) as never;
    return promise;
  };
  expect(settled(() => $Promise.all([twice(), 2]))).toEqual({ state: 1, value: ["a", 2] });
});

test("subclasses keep their class through then and the combinators", () => {
  class Mine<T> extends $Promise<T> {
    mine() {
      return "mine";
    }
  }
  inNewRun(() => {
    const promise = new Mine<number>((resolve) => resolve(1));
    expect(promise).toBeInstanceOf(Mine);
    expect(promise).toBeInstanceOf(Durable);
    expect((promise.then((x) => x) as Mine<number>).mine()).toBe("mine");
    expect(Mine.resolve(2)).toBeInstanceOf(Mine);
    expect(Mine.all([1])).toBeInstanceOf(Mine);
    expect($Promise.resolve(promise)).not.toBe(promise);
    expect({} instanceof Mine).toBe(false);
    expect($Promise.resolve(1) instanceof Mine).toBe(false);
  });
});

test("outside any run everything is native", async () => {
  expect(new $Promise(() => {})).not.toBeInstanceOf(Durable);
  expect(await $Promise.all([1, $Promise.resolve(2)])).toEqual([1, 2]);
  expect($Promise.withResolvers().promise).not.toBeInstanceOf(Durable);
});

test("methods taken from the prototype work on promises of both kinds", async () => {
  const { then } = $Promise.prototype;
  expect(await Reflect.apply(then, Promise.resolve(1), [(x: number) => x + 1])).toBe(2);
  expect(() => Reflect.apply(then, {}, [])).toThrow(TypeError);
});

test("timers are external waits of the run; intervals go on until cleared", () => {
  const host = notes();
  const log: unknown[] = [];
  const { run, result } = inNewRun(() => {
    const interval = $setInterval(() => log.push("tick"), 50);
    $clearTimeout($setTimeout(() => log.push("never"), 10));
    $setTimeout((x: unknown) => log.push(x), 100, "once");
    return interval;
  }, host);
  const dues = () =>
    [...run.waits.values()].map((p) => (p.wait as { due: number }).due).sort((a, b) => a - b);
  expect(dues()).toEqual([50, 100]);
  const fire = () => {
    const [id, promise] = [...run.waits].sort((a, b) => due(a[1]) - due(b[1]))[0]!;
    host.time = due(promise);
    deliver(run, id, { ok: true, value: undefined });
    drain(run);
  };
  const due = (promise: Durable) => (promise.wait as { due: number }).due;
  fire();
  expect(log).toEqual(["tick"]);
  expect(dues()).toEqual([100, 100]);
  fire();
  fire();
  expect(log).toEqual(["tick", "once", "tick"]);
  inRun(run, () => $clearTimeout(result));
  expect(run.waits.size).toBe(0);
});

test("a timer of an await is a wait, not a native promise", () => {
  const log: unknown[] = [];
  const { run } = inNewRun(() =>
    wait(log, "slept", new $Promise((f) => $setTimeout(f as never, 1000, "up"))),
  );
  expect(run.quiescent).toBe(true);
  deliver(run, 1, { ok: true, value: undefined });
  drain(run);
  expect(log).toEqual(["slept", "up"]);
});

test("dead zones and constants throw what the language throws", () => {
  expect($tdz(1, "x")).toBe(1);
  expect(() => $tdz($TDZ, "x")).toThrow(new ReferenceError("Cannot access 'x' before initialization"));
  expect(() => $const("x")).toThrow(new TypeError("Assignment to constant variable."));
});
