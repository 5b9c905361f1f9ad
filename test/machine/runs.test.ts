/**
 * Which run code belongs to: calls from outside, nested entries, promises that cross, ends.
 */
import { afterEach, expect, test } from "vitest";
import { ColdframeError } from "../../runtime/errors.ts";
import {
  $await,
  $begin,
  $closure,
  $end,
  $enter,
  $machine,
  $Promise,
  $return,
  $step,
  $throw,
  Durable,
  deliver,
  drain,
  external,
  freeRun,
  inRun,
  machine,
  Run,
  runOf,
  stampOf,
  start,
} from "../../runtime/machine/index.ts";
import { body, call, compiled, inNewRun, microtasks, notes, wait } from "./compiled.ts";

afterEach(() => expect([machine.run, machine.top, machine.entry]).toEqual([null, null, null]));

class scope {
  log: unknown[] = [];
}

/** `async (x) => log.push(await x)` as a closure over `log`, made in the current run. */
function makeListener(log: unknown[]): (x: unknown) => Promise<unknown> {
  const $s = new scope();
  $s.log = log;
  const f = (x: unknown) => {
    const $t = $begin(listener.code, f);
    try {
      $return($t, wait($s.log, "listener", x));
    } catch (error) {
      $throw($t, error);
    }
    return $end($t) as Promise<unknown>;
  };
  return $closure(f, listener.code, [$s]);
}
const listener = compiled("listener", () => {}, { make: (() => {}) as never });

test("the function that starts a run is its root, and has the top", () => {
  const log: unknown[] = [];
  const run = new Run("r", notes());
  const root = start(run, call, [log, wait, log, "w", 1]);
  expect(run.root).toBe(root);
  expect(root.state).toBe(1);
  expect(log).toEqual(["w", 1, "w", "called"]);
});

test("a function that was not compiled cannot start a run", () => {
  const run = new Run("r", notes());
  expect(() => start(run, async () => 1, [])).toThrow(/CF2001.*"use workflow"/s);
  expect(run.ended).toBe(true);
});

test("a call outside any run returns a native promise", async () => {
  const log: unknown[] = [];
  const result = wait(log, "free", 1);
  expect(result).not.toBeInstanceOf(Durable);
  expect(log).toEqual([]);
  expect(await result).toBe("free");
  await expect(wait(log, "free", Promise.reject(new Error("no")))).rejects.toThrow("no");
});

test("an unhandled rejection outside any run is reported by the platform", async () => {
  const before = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  const seen: unknown[] = [];
  process.on("unhandledRejection", (reason) => seen.push(reason));
  body(() => {
    wait([], "lost", $Promise.reject(1));
  });
  body(() => {
    wait([], "caught", $Promise.reject(2)).catch(() => {});
  });
  await microtasks();
  process.removeAllListeners("unhandledRejection");
  for (const listener of before) process.on("unhandledRejection", listener);
  expect(seen).toEqual([1]);
});

test("a closure called by native code enters the run that made it, the first and the nth time", async () => {
  const log: unknown[] = [];
  const host = notes();
  const { run, result: f } = inNewRun(() => makeListener(log), host);
  expect(runOf(f)).toBe(run);
  const charge = $step("test#charge", "charge", async () => "outside");
  const g = inRun(run, () => makeListener(log));
  await Promise.resolve().then(() => f(1));
  await Promise.resolve().then(() => g(2));
  expect(log).toEqual(["listener", 1, "listener", 2]);
  expect(inRun(run, () => charge())).toBeInstanceOf(Durable);
  expect(host.calls).toEqual([{ step: "test#charge", args: [] }]);
});

test("what a closure returns to unmarked code is a native promise, settled with its task", async () => {
  const log: unknown[] = [];
  const { run, result: f } = inNewRun(() => makeListener(log));
  const gate = external(run, { kind: "event", id: run.nextId++, key: "k", due: null, at: "" });
  const result = f(gate);
  expect(result).not.toBeInstanceOf(Durable);
  deliver(run, 1, { ok: true, value: 3 });
  drain(run);
  expect(await result).toBe("listener");
});

test("a closure of one run called while another is drained works in its own", () => {
  const log: unknown[] = [];
  const { run: b, result: f } = inNewRun(() => makeListener(log));
  const { result: during } = inNewRun((a) => {
    const task = f(5) as unknown as Durable;
    expect(machine.run).toBe(a);
    return task;
  });
  expect(during.run).toBe(b);
  expect(log).toEqual(["listener", 5]);
});

test("a sync closure called by native code belongs to the run that made it", async () => {
  const log: unknown[] = [];
  const host = notes();
  const charge = $step("test#pay", "pay", async (_x: unknown) => "outside");
  const { run, result: f } = inNewRun(() => {
    const f = function (this: unknown, x: unknown): unknown {
      if ($machine.run === null) return $enter(f, this, [x]);
      log.push(charge(x));
      return wait(log, "w", x);
    };
    return $closure(f, listener.code, []);
  }, host);
  const result = await Promise.resolve(4).then(f);
  expect(host.calls).toEqual([{ step: "test#pay", args: [4] }]);
  expect(log.slice(1)).toEqual(["w", 4]);
  expect(result).toBe("w");
  expect(run.waits.size).toBe(1);
});

test("a promise of one run awaited in another is an error that names both", () => {
  const log: unknown[] = [];
  const { run: a, result: token } = inNewRun(() => wait([], "login", 1));
  const { run: b, result: task } = inNewRun(() => {
    const task = wait(log, "other", token);
    task.catch(() => {});
    return task;
  });
  expect(log[1]).toBeInstanceOf(ColdframeError);
  expect(String(log[1])).toMatch(new RegExp(`CF2002.*"${a.id}".*"${b.id}"`));
  expect((task as unknown as Durable).state).toBe(2);
  expect(() => inRun(b, () => token.then(() => {}))).toThrow("CF2002");
  const all = inRun(b, () => $Promise.all([token])) as unknown as Durable;
  expect(String(all.value)).toContain("CF2002");
  inRun(b, () => (all as unknown as Promise<unknown>).catch(() => {}));
});

test("between the free run and another, promises cross as native ones do", async () => {
  const log: unknown[] = [];
  let shared!: Promise<unknown>;
  await body(() => {
    shared = wait(log, "shared", Promise.resolve(1));
  });
  expect(shared).toBeInstanceOf(Durable);
  const { run } = inNewRun(() => wait(log, "hosted", shared));
  await microtasks();
  expect(log).toEqual(["shared", 1, "hosted", "shared"]);
  expect(run.quiescent).toBe(true);
});

test("unmarked code may await, adopt and chain a durable promise", async () => {
  const { run, result: gate } = inNewRun((run) =>
    external(run, { kind: "event", id: run.nextId++, key: "k", due: null, at: "" }),
  );
  const promise = gate as unknown as Promise<number>;
  const outside: unknown[] = [];
  const results = Promise.all([
    (async () => await promise)(),
    Promise.resolve(promise),
    promise.then((x) => {
      outside.push(machine.run);
      return x + 1;
    }),
    promise.finally(() => outside.push("finally")),
    promise.catch(() => {}),
  ]);
  await microtasks();
  deliver(run, 1, { ok: true, value: 1 });
  drain(run);
  expect(await results).toEqual([1, 1, 2, 1, 1]);
  expect(outside).toEqual([null, "finally"]);
  const late: number[] = [];
  const chained = promise.then((x) => late.push(x));
  expect(late).toEqual([]);
  await chained;
  expect(late).toEqual([1]);
  expect(promise).toBeInstanceOf(Promise);
  expect(Object.hasOwn(Durable.prototype, "constructor")).toBe(false);
});

test("handlers that are closures of a run may be given to its promises from anywhere", () => {
  const log: unknown[] = [];
  const { run, result } = inNewRun((run) => {
    const gate = external(run, { kind: "event", id: run.nextId++, key: "k", due: null, at: "" });
    return { gate, f: makeListener(log) };
  });
  const derived = (result.gate as unknown as Promise<unknown>).then(result.f);
  expect(derived).toBeInstanceOf(Durable);
  deliver(run, 1, { ok: true, value: 8 });
  drain(run);
  expect(log).toEqual(["listener", 8]);
});

test("a paused run keeps its jobs, an ended one drops them and refuses calls", () => {
  const log: unknown[] = [];
  const { run, result: f } = inNewRun(() => makeListener(log));
  run.paused = true;
  inRun(run, () => $Promise.resolve(1).then((x) => log.push(x)));
  expect(log).toEqual([]);
  run.paused = false;
  drain(run);
  expect(log).toEqual([1]);
  run.ended = true;
  expect(() => f(1)).toThrow(/CF2005/);
  inRun(run, () => $Promise.resolve(2).then((x) => log.push(x)));
  expect(log).toEqual([1]);
});

test("a rejection that nobody handled is reported when the queue has run empty, once", () => {
  const host = notes();
  const { run, result } = inNewRun(() => {
    const handledLater = $Promise.reject("a");
    $Promise.resolve().then(() => handledLater.catch(() => {}));
    return $Promise.reject("b");
  }, host);
  expect(host.unhandled).toEqual(["b"]);
  inRun(run, () => result.catch(() => {}));
  expect(host.unhandled).toEqual(["b"]);
  expect((result as unknown as Durable).handled).toBe(true);
});

test("pending native promises are counted and found with who waits for them", async () => {
  const host = notes();
  let settle!: (x: number) => void;
  const native = new Promise<number>((resolve) => {
    settle = resolve;
  });
  const log: unknown[] = [];
  const { run, result } = inNewRun(() => wait(log, "w", native), host);
  expect([...run.natives].map((wait) => wait.reaction)).toEqual([result]);
  expect(run.quiescent).toBe(false);
  settle(6);
  await microtasks();
  expect(log).toEqual(["w", 6]);
  expect(host.quiescent).toEqual([1, 1, 0]);
});

test("a native promise is subscribed to with exactly one then, and none is made of it", () => {
  const native = Promise.resolve(1);
  let thens = 0;
  Object.defineProperty(native, "then", { value: () => thens++ });
  const { run } = inNewRun(() => wait([], "w", native));
  expect(thens).toBe(0);
  expect(run.natives.size).toBe(1);
});

test("a thenable of unmarked code counts as pending until it settles", async () => {
  let settle!: (x: unknown) => void;
  const query = { then: (resolve: (x: unknown) => void) => void (settle = resolve) };
  const log: unknown[] = [];
  const { run } = inNewRun(() => wait(log, "w", query));
  expect(run.pendingNative).toBe(1);
  settle("rows");
  expect(log).toEqual(["w", "rows"]);
  expect(run.pendingNative).toBe(0);
});

test("steps: in a run the host is called, outside the body", async () => {
  const price = $step("test#price", "price", async (x: number) => x * 2);
  expect([price.name, price.length]).toEqual(["price", 1]);
  expect(await price(4)).toBe(8);
  const log: unknown[] = [];
  await body(() => wait(log, "free", price(5)));
  expect(log).toEqual(["free", 10]);
  const host = notes();
  const { run } = inNewRun(() => wait(log, "hosted", price(6)), host);
  expect(host.calls).toEqual([{ step: "test#price", args: [6] }]);
  expect(deliver(run, 1, { ok: false, error: "late" })).toBe(true);
  expect(deliver(run, 1, { ok: true, value: 0 })).toBe(false);
  drain(run);
  expect(log.slice(2)).toEqual(["hosted", "late"]);
  expect(run.waits.size).toBe(0);
});

test("resolving functions are stamped closures over a record", () => {
  let resolve!: (x: unknown) => void;
  const { run, result } = inNewRun(
    () =>
      new $Promise((f) => {
        resolve = f;
      }),
  );
  const { code, scopes } = stampOf(resolve)!;
  expect(code.id).toBe("coldframe#resolve");
  expect(scopes).toMatchObject([{ promise: result, done: false }]);
  const again = inRun(run, () => (code.make as (record: unknown) => (x: unknown) => void)(scopes[0]));
  expect(stampOf(again)).toMatchObject({ code, scopes, run });
  again("restored");
  resolve("ignored");
  expect((result as unknown as Durable).value).toBe("restored");
});

test("an await inline throws the rejection where it stands", () => {
  const log: unknown[] = [];
  const { result } = inNewRun(() => {
    const task = call(log, wait, log, "w", $Promise.reject("why"));
    task.catch(() => {});
    return task;
  });
  expect(log).toEqual(["w", "why"]);
  expect((result as unknown as Durable).value).toBe("why");
  expect($await).toBeTypeOf("function");
  expect(freeRun.host).toBeNull();
});
