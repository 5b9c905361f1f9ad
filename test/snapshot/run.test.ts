/** Runs as graphs: tasks, closures, loops, promises and waits through a snapshot. */
import { describe, expect, it } from "vitest";
import { $Promise, deliver, drain, inRun, machine, type Run } from "../../runtime/machine/index.ts";
import {
  encodeRun,
  Interrupted,
  savedWaits,
  withChildrenLetGo,
  withNextId,
} from "../../runtime/snapshot/index.ts";
import {
  answer,
  begin,
  captured,
  counter,
  deep,
  event,
  hold,
  load,
  result,
  revive,
  someProcess,
  walk,
} from "./programs.ts";

const x = (run: Run): unknown => (result(run) as { x: unknown }).x;

describe("someProcess", () => {
  const run = begin(someProcess);
  answer(run, "10.0.0.1");
  const snapshot = encodeRun(run);

  it("is at most 200 bytes with its header", () => {
    expect(snapshot.text).toMatchInlineSnapshot(
      `"["coldframe 1.1 481bcdc8",3,["flows.ts#someProcess 1f8c03ab @smcs.wechatApprove ip","systems.ts#smcs.wechatApprove 77aa01bc @event"],[[0,0,"10.0.0.1"],["event",[2],2,"approve:T1"],[1,[0]]]]"`,
    );
    expect(snapshot.text.length).toBeLessThanOrEqual(200);
  });

  it("goes on where it was", () => {
    const revived = load(snapshot.text);
    expect(revived.nextId).toBe(run.nextId);
    answer(revived, true);
    expect(result(revived)).toBe("deployed 10.0.0.1");
  });

  it("knows how often it has swallowed a cancel, whatever else is changed in it", () => {
    const cancelled = load(snapshot.text);
    expect(cancelled.swallowed).toBe(0);
    cancelled.swallowed = 7;
    const { text } = encodeRun(cancelled);
    expect(text.endsWith(",[],[],7]")).toBe(true);
    expect(load(text).swallowed).toBe(7);
    expect(load(withNextId(text, 99))).toMatchObject({ nextId: 99, swallowed: 7 });
    expect(savedWaits(text)).toEqual(savedWaits(snapshot.text));
    expect(load(withChildrenLetGo(text)).swallowed).toBe(7);
  });

  it("tells the store what it waits for and which code it needs", () => {
    expect(snapshot.waits).toEqual([
      { kind: "event", id: 2, key: "approve:T1", due: null, at: "systems.ts:14" },
    ]);
    expect(snapshot.codes.map(({ id }) => id)).toEqual([
      "flows.ts#someProcess",
      "systems.ts#smcs.wechatApprove",
    ]);
    expect([...load(snapshot.text).waits.values()].map(({ wait }) => wait)).toEqual(snapshot.waits);
  });
});

describe("depth", () => {
  it("saves a recursion of 1,000 frames, at most 40 bytes each", () => {
    const run = begin(deep, 1000);
    const { text } = encodeRun(run);
    expect(text.length / 1000).toBeLessThan(40);
    const revived = load(text);
    answer(revived, 5);
    expect(result(revived)).toBe(1005);
  });

  it("saves a linked list of 200,000 nodes", () => {
    interface Cell {
      n: number;
      next: Cell | null;
    }
    const make = (): Cell => {
      let list: Cell | null = null;
      for (let n = 0; n < 200_000; n++) list = { n, next: list };
      return list!;
    };
    const revived = revive(begin(hold, make));
    answer(revived, null);
    let count = 0;
    for (let cell = x(revived) as Cell | null; cell !== null; cell = cell.next) {
      expect(cell.n).toBe(199_999 - count++);
    }
    expect(count).toBe(200_000);
  });
});

describe("closures", () => {
  it("share the variables that they shared", () => {
    const revived = revive(begin(hold, () => counter(5)));
    answer(revived, null);
    const { inc, get } = x(revived) as { inc: () => unknown; get: () => unknown };
    inc();
    inc();
    expect(get()).toBe(7);
  });

  it("share them with their frame, too", () => {
    const revived = revive(begin(captured, "sock"));
    answer(revived, null);
    expect(result(revived)).toBe(11);
  });

  it("do not keep what nobody uses any more, unsavable or secret", () => {
    class Socket {
      secret = "s3cr3t";
      write() {}
    }
    const run = begin(captured, new Socket());
    expect(encodeRun(run).text).not.toContain("s3cr3t");
  });

  it("keep a variable that one closure still uses", () => {
    const run = begin(hold, () => counter(1, new (class Socket {})()).send);
    expect(() => encodeRun(run)).toThrow("Socket");
    expect(encodeRun(begin(hold, () => counter(1, new (class Socket {})()).inc)).text).not.toContain("sock");
  });

  it("carry their own properties", () => {
    const revived = revive(begin(hold, () => Object.assign(counter(1).inc, { label: [1] })));
    answer(revived, null);
    expect((x(revived) as { label: unknown }).label).toEqual([1]);
  });

  it("are accessors", () => {
    const make = () => {
      const { inc, get } = counter(3);
      return Object.defineProperty({}, "n", { get, set: inc, enumerable: true, configurable: true });
    };
    const revived = revive(begin(hold, make));
    answer(revived, null);
    const object = x(revived) as { n: number };
    object.n = 9;
    expect(object.n).toBe(4);
  });
});

describe("half-done loops", () => {
  it("over an array, which may grow", () => {
    let run = begin(walk, [1, 2, 3]);
    while (run.waits.size > 0) {
      run = revive(run);
      answer(run, null);
    }
    expect(result(run)).toEqual([1, 2, 3]);
  });

  it.each([0, 1, 2, 3])("over a Map in the middle, with deletions and additions after turn %i", (turn) => {
    const make = () =>
      new Map([
        ["a", 1],
        ["b", 2],
        ["c", 3],
        ["d", 4],
      ]);
    const change = (map: Map<string, number>) => {
      map.delete("a");
      map.delete("c");
      map.set("e", 5);
      map.delete("b");
      map.set("b", 6);
    };
    const walked = (restore: boolean): unknown => {
      let run = begin(walk, make());
      for (let i = 0; run.waits.size > 0; i++) {
        if (restore) run = revive(run);
        if (i === turn) change(run.root!.frame!.xs as Map<string, number>);
        answer(run, null);
      }
      return result(run);
    };
    expect(walked(true)).toEqual(walked(false));
  });

  it("over a Set, a string, and keys that are deleted", () => {
    for (const xs of [new Set([1, 2]), "a😀b", [1, 2]]) {
      let run = begin(walk, xs);
      while (run.waits.size > 0) {
        encodeRun(run);
        run = revive(run);
        answer(run, null);
      }
      expect(result(run)).toEqual([...(xs as Iterable<unknown>)]);
    }
  });
});

describe("promises", () => {
  it.each(["all", "allSettled", "race", "any"] as const)("Promise.%s of external calls", (kind) => {
    const make = () =>
      ($Promise[kind] as (from: readonly unknown[]) => unknown)(
        [event("a"), event("b"), 3].slice(0, kind === "race" ? 2 : 3),
      );
    const run = begin(hold, () => ({ promise: make() }));
    deliver(run, 1, { ok: true, value: "A" });
    drain(run);
    const revived = revive(run);
    answer(revived, "B");
    const one = (x(revived) as { promise: { state: number; value: unknown } }).promise;
    const direct = begin(hold, () => ({ promise: make() }));
    deliver(direct, 1, { ok: true, value: "A" });
    drain(direct);
    answer(direct, "B");
    const other = (x(direct) as { promise: { state: number; value: unknown } }).promise;
    expect([one.state, one.value]).toEqual([other.state, other.value]);
  });

  it("resolving functions of a promise, kept for later", () => {
    const run = begin(hold, () => {
      const { promise, resolve } = $Promise.withResolvers<number>();
      return { promise, resolve, seen: promise.then(counter(1).inc as never) };
    });
    const revived = revive(run);
    answer(revived, null);
    const { promise, resolve, seen } = x(revived) as never as Record<
      string,
      { state: number; value: unknown }
    > & {
      resolve: (n: number) => void;
    };
    inRun(revived, () => resolve(7));
    expect([promise!.state, promise!.value, seen!.value]).toEqual([1, 7, 2]);
  });

  it("settled ones, and a rejection that is not handled yet", () => {
    const make = () => ({ ok: $Promise.resolve({ n: 1 }), bad: $Promise.reject(new RangeError("r")) });
    const revived = revive(begin(hold, make));
    const { bad } = revived.root!.frame!.x as { bad: { handled: boolean } };
    expect(bad.handled).toBe(false);
    expect([...revived.rejections]).toContain(bad);
  });

  it("a wait that nothing can observe is left out and told", () => {
    const run = begin(hold, () => {
      event("nobody");
      void $Promise.race([event("loser"), $Promise.resolve(1)]);
      return 1;
    });
    const { text, dropped, waits } = encodeRun(run);
    expect(dropped.map((wait) => (wait.kind === "event" ? wait.key : ""))).toEqual(["nobody", "loser"]);
    expect(waits).toHaveLength(1);
    expect(text).not.toContain("nobody");
  });

  it("a rejection that nothing can reach is told", () => {
    const run = begin(hold, () => void $Promise.reject(new Error("lost")));
    // The host was told of it; it keeps the promise until somebody asks whether anything can handle it.
    const promise = inRunValue(run, () => $Promise.reject(new Error("lost, too")));
    run.rejections.add(promise as never);
    expect(encodeRun(run).lost).toContain(promise);
  });

  it("a run saved between two jobs goes on with the next", () => {
    const run = begin(hold, () => "kept");
    run.paused = true;
    deliver(run, 1, { ok: true, value: "there" });
    expect(run.quiescent).toBe(false);
    const revived = revive(run);
    expect(revived.quiescent).toBe(false);
    drain(revived);
    expect(result(revived)).toEqual({ x: "kept", y: "there" });
  });

  it("native promises reject with Interrupted when restored", async () => {
    const pending = new Promise(() => {});
    const run = begin(hold, () => ({ kept: pending, raced: $Promise.race([pending, event("other")]) }));
    const revived = revive(run);
    expect(revived.natives.size).toBe(0);
    drain(revived);
    const { kept, raced } = revived.root!.frame!.x as {
      kept: Promise<unknown>;
      raced: { state: number; value: unknown };
    };
    await expect(kept).rejects.toBeInstanceOf(Interrupted);
    expect(raced.state).toBe(2);
    expect(raced.value).toBeInstanceOf(Interrupted);
  });
});

function inRunValue<T>(run: Run, body: () => T): T {
  const { run: outer } = machine;
  machine.run = run;
  try {
    return body();
  } finally {
    machine.run = outer;
  }
}

describe("text", () => {
  it("is the same for the same state, however it was reached", () => {
    const make = () => ({ m: new Map([[{ a: 1 }, counter(2)]]), s: Symbol("s"), list: [new Date(1), /x/g] });
    const one = encodeRun(begin(hold, make)).text;
    const two = encodeRun(begin(hold, make)).text;
    expect(two).toBe(one);
    expect(encodeRun(load(one)).text).toBe(one);
  });

  it("saves only the part of a pooled Buffer that is shown", () => {
    const secret = Buffer.from("secret of another request");
    const run = begin(hold, () => {
      const b = Buffer.from("hello, world");
      return { b, part: b.subarray(7) };
    });
    expect(secret.buffer.byteLength).toBeGreaterThan(1000);
    const { text } = encodeRun(run);
    expect(text.length).toBeLessThan(250);
    const revived = load(text);
    answer(revived, null);
    const { b, part } = x(revived) as { b: Buffer; part: Buffer };
    expect(b.toString()).toBe("hello, world");
    part.write("earth");
    expect(b.toString()).toBe("hello, earth");
  });

  it("weak collections keep what something else reaches", () => {
    const make = () => {
      const key = { k: 1 };
      const chained = { c: 1 };
      return {
        key,
        map: new WeakMap<object, unknown>([
          [key, chained],
          [{}, "gone"],
          [chained, "chained"],
        ]),
        set: new WeakSet([key, {}]),
      };
    };
    const revived = revive(begin(hold, make));
    answer(revived, null);
    const { key, map, set } = x(revived) as ReturnType<typeof make>;
    expect(map.get(map.get(key) as object)).toBe("chained");
    expect(set.has(key)).toBe(true);
  });
});
