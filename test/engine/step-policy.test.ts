import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type StandardSchema, stepContext, TimeoutError } from "../../runtime/index.ts";
import { runScenario, World } from "../../runtime/testing/index.ts";
import { load, type Program } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

/** A workflow of one step with options. `world.body` is its body. */
function withStep(options: string, world: Record<string, unknown>, main = "return await call(...args)") {
  return load(
    `import { step, sleep } from "coldframe";
     import { world } from "world";
     export const call = step(async function call(...args) { return world.body(...args); }, ${options});
     export async function main(...args) { "use workflow"; ${main} }`,
    { world },
  ) as Record<"main" | "call", Program>;
}

/** What went wrong, at last. */
async function failure(run: Promise<unknown>): Promise<Record<string, unknown>> {
  return stage.until(
    run.then(
      () => {
        throw new Error("it did not fail");
      },
      (error) => error,
    ),
  );
}

/** A schema by hand: a list of one object with a number `amount`, which is rounded. */
const amounts: StandardSchema<readonly unknown[]> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: async (value) => {
      const [{ amount }] = value as [{ amount: unknown }];
      if (typeof amount === "number") return { value: [{ amount: Math.round(amount) }] };
      return {
        issues: [{ message: "expected a number", path: [0, { key: "amount" }] }, { message: "no good" }],
      };
    },
  },
};

describe("errors that are not tried again", () => {
  it("are those of the classes that the policy names, and of their subclasses", async () => {
    class Declined extends Error {}
    class NoFunds extends Declined {}
    for (const [error, attempts] of [
      [new NoFunds("no"), 1],
      [new TypeError("no"), 1],
      [new RangeError("no"), 3],
    ] as const) {
      let made = 0;
      const { main } = withStep(
        "{ retry: { attempts: 3, interval: 1, except: [world.Declined, TypeError] } }",
        {
          Declined,
          body: () => {
            made++;
            throw error;
          },
        },
      );
      const engine = await stage.engine();
      await failure((await engine.start(main, [])).result());
      expect(made).toBe(attempts);
    }
  });

  it("have to be classes", () => {
    const wrong = () => withStep("{ retry: { attempts: 2, except: ['TypeError'] } }", {});
    expect(wrong).toThrow(expect.objectContaining({ code: "CF2301" }));
  });
});

describe("the time for all attempts", () => {
  const body = () => {
    throw new Error("busy");
  };
  const options = "{ retry: { attempts: 1000, interval: '1m', factor: 1 }, totalTimeout: '10m' }";

  it("counts from the call, over crashes, and ends with the last error", async () => {
    const { main } = withStep(options, { body });
    const { engine, kill } = await stage.mortal({ random: () => 0.99, lease: "10s" });
    const begin = stage.clock.now();
    await engine.start(main, [], { id: "r" });
    await stage.when(async () => (await engine.get("r"))!.attempts[0]?.made === 4);
    kill();
    const other = await stage.engine({ random: () => 0.99, poll: "1s" });
    expect((await failure(other.run("r").result()))["message"]).toBe("busy");
    const took = stage.clock.now() - begin;
    expect(took).toBeGreaterThan(8 * 60_000);
    expect(took).toBeLessThanOrEqual(10 * 60_000);
  });

  it("aborts the attempt under way", async () => {
    let reason: unknown;
    const { main } = withStep("{ retry: 3, timeout: '1h', totalTimeout: '1m' }", {
      body: () => {
        const { signal } = stepContext();
        return new Promise(() => signal.addEventListener("abort", () => (reason = signal.reason)));
      },
    });
    const engine = await stage.engine();
    const begin = stage.clock.now();
    expect(await failure((await engine.start(main, [])).result())).toBeInstanceOf(TimeoutError);
    expect(reason).toBeInstanceOf(TimeoutError);
    expect(stage.clock.now() - begin).toBe(60_000);
  });

  it("begins anew when a person has it tried again", async () => {
    let works = false;
    const { main } = withStep("{ totalTimeout: '1m', onFailure: 'hold' }", {
      body: async () => {
        if (works) return "done";
        throw new Error("down");
      },
    });
    const engine = await stage.engine();
    const run = await engine.start(main, [], { id: "r" });
    await stage.when(async () => (await run.status())!.held === 1);
    await stage.clock.advance(3_600_000);
    works = true;
    await engine.retry("r");
    expect(await stage.until(run.result())).toBe("done");
  });
});

describe("heartbeats", () => {
  it("keep an attempt alive; without them it fails, and its progress is given to the next", async () => {
    const seen: unknown[] = [];
    const { main } = withStep("{ retry: { attempts: 3, interval: 1 }, heartbeat: '10s' }", {
      body: async () => {
        const context = stepContext();
        seen.push([context.attempt, context.progress]);
        let page = (context.progress as { page: number } | undefined)?.page ?? 0;
        for (; page < 10; page++) {
          if (page === 4 && context.attempt === 1) await new Promise(() => {});
          await new Promise((resolve) => stage.clock.setTimeout(() => resolve(null), 9000));
          context.heartbeat({ page: page + 1 });
        }
        return page;
      },
    });
    const engine = await stage.engine();
    const run = await engine.start(main, [], { id: "r" });
    await stage.when(async () => (await run.status())!.attempts[0]?.progress !== undefined);
    expect((await run.status())!.attempts).toEqual([
      { wait: 1, made: 0, due: 0, error: "", progress: { page: 1 } },
    ]);
    expect(await stage.until(run.result())).toBe(10);
    expect(seen).toEqual([
      [1, undefined],
      [2, { page: 4 }],
    ]);
  });

  it("are written about once a second, the last one before the attempt's end is not lost", async () => {
    let writes = 0;
    const { main } = withStep("{ retry: { attempts: 2, interval: 1 } }", {
      body: async () => {
        const { attempt, progress, heartbeat } = stepContext();
        if (attempt === 2) return progress;
        for (let i = 1; i <= 1000; i++) {
          heartbeat(i);
          await new Promise((resolve) => stage.clock.setTimeout(() => resolve(null), 10));
        }
        throw new Error("again");
      },
    });
    const store = stage.data.connect();
    const { commit } = store;
    store.commit = (all) => {
      writes += all.filter((write) => write.kind === "note").length;
      return commit.call(store, all);
    };
    const engine = await stage.engine({ store });
    expect(await stage.until((await engine.start(main, [])).result())).toBe(1000);
    expect(writes).toBeGreaterThanOrEqual(10);
    expect(writes).toBeLessThan(15);
  });

  it("survive a crash of the worker", async () => {
    const seen: unknown[] = [];
    const { main } = withStep("{}", {
      body: () => {
        const context = stepContext();
        seen.push(context.progress);
        context.heartbeat("half");
        return seen.length === 1 ? new Promise(() => {}) : "done";
      },
    });
    const { engine, kill } = await stage.mortal({ lease: "10s" });
    await engine.start(main, [], { id: "r" });
    await stage.when(async () => (await engine.get("r"))!.attempts.length === 1);
    kill();
    const other = await stage.engine({ poll: "1s" });
    expect(await stage.until(other.run("r").result())).toBe("done");
    expect(seen).toEqual([undefined, "half"]);
  });

  it("bring what came for the run meanwhile: a cancel need not wait for the end of the step", async () => {
    const { main } = withStep("{}", {
      body: async () => {
        const { heartbeat, signal } = stepContext();
        while (!signal.aborted) {
          heartbeat("at work");
          await new Promise((resolve) => stage.clock.setTimeout(() => resolve(null), 2000));
        }
      },
    });
    // Nothing else tells this worker.
    const store = stage.data.connect();
    store.watch = () => () => {};
    const engine = await stage.engine({ store });
    await engine.start(main, [], { id: "r" });
    await stage.when(async () => (await engine.get("r"))!.attempts.length === 1);
    const client = await stage.engine({ worker: false });
    await client.cancel("r");
    const before = stage.clock.now();
    expect(await failure(client.run("r").result())).toMatchObject({ name: "Cancelled" });
    expect(stage.clock.now() - before).toBeLessThan(10_000);
  });

  it("refuse progress that cannot be saved", async () => {
    const { main } = withStep("{}", {
      body: () => stepContext().heartbeat({ socket: new WeakRef({}), p: new Promise(() => {}) }),
    });
    const engine = await stage.engine();
    expect(await failure((await engine.start(main, [])).result())).toMatchObject({ code: "CF2101" });
  });
});

describe("an attempt whose outcome is unknown", () => {
  async function crashIn(options: string, failpoint: string) {
    let calls = 0;
    const { main } = withStep(options, { body: () => `call ${++calls}` });
    let armed = true;
    const { engine, kill } = await stage.mortal({
      lease: "10s",
      failpoint: (name) => {
        if (name !== failpoint || !armed) return;
        armed = false;
        kill();
      },
    });
    await engine.start(main, [], { id: "r" });
    await stage.when(() => !armed);
    const other = await stage.engine({ poll: "1s" });
    return { other, calls: () => calls };
  }

  it("is made again by default", async () => {
    const { other, calls } = await crashIn("{}", "step:after");
    expect(await stage.until(other.run("r").result())).toBe("call 2");
    expect(calls()).toBe(2);
  });

  it.each(["step:begun", "step:before", "step:after"])(
    "is held when the policy says so: crash at %s",
    async (at) => {
      const { other, calls } = await crashIn("{ onUnknown: 'hold', retry: 5 }", at);
      await stage.when(async () => (await other.get("r"))!.held === 1);
      const [attempt] = (await other.get("r"))!.attempts;
      expect(attempt).toMatchObject({ made: 1, due: null });
      expect(attempt!.error).toMatch(/lost during attempt 1.*engine\.retry\("r"\)/s);
      const before = calls();
      await stage.clock.advance(3_600_000);
      expect(calls()).toBe(before);
      await other.resolve("r", "it was done");
      expect(await stage.until(other.run("r").result())).toBe("it was done");
    },
  );

  it("is tried again when a person says so", async () => {
    const { other } = await crashIn("{ onUnknown: 'hold' }", "step:after");
    await stage.when(async () => (await other.get("r"))!.held === 1);
    await other.retry("r");
    expect(await stage.until(other.run("r").result())).toBe("call 2");
  });

  it("is not unknown when it was not begun, or its outcome is recorded", async () => {
    for (const at of ["commit:before", "commit:after"]) {
      const { other, calls } = await crashIn("{ onUnknown: 'hold' }", at);
      expect(await stage.until(other.run("r").result())).toBe("call 1");
      expect(calls()).toBe(1);
      await stage.close();
      stage = new Stage();
    }
  });
});

describe("schemas", () => {
  const number: StandardSchema<number> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) =>
        typeof value === "number" ? { value: value * 2 } : { issues: [{ message: "expected a number" }] },
    },
  };

  it("make what the body and the run get", async () => {
    const { main, call } = withStep("{ args: world.amounts, result: world.number }", {
      ...{ amounts, number },
      body: ({ amount }: { amount: number }) => amount,
    });
    const engine = await stage.engine();
    expect(await stage.until((await engine.start(main, [{ amount: 2.7 }])).result())).toBe(6);
    expect(await call({ amount: 2.7 })).toBe(6);
  });

  it("refuse arguments before the body is called, with the path, and without another attempt", async () => {
    let calls = 0;
    const { main } = withStep("{ retry: 5, args: world.amounts }", { amounts, body: () => ++calls });
    const engine = await stage.engine();
    const error = await failure((await engine.start(main, [{ amount: "2" }])).result());
    expect(error).toMatchObject({
      code: "CF2307",
      message:
        'CF2307 a value does not fit its schema: arguments of step "call": [0].amount: expected a number; no good',
    });
    expect(calls).toBe(0);
  });

  it("refuse results, once", async () => {
    let calls = 0;
    const { main, call } = withStep("{ retry: 5, result: world.number }", {
      number,
      body: () => `${++calls}`,
    });
    const engine = await stage.engine();
    expect(await failure((await engine.start(main, [])).result())).toMatchObject({ code: "CF2307" });
    expect(calls).toBe(1);
    await expect(call()).rejects.toMatchObject({ code: "CF2307" });
    expect(calls).toBe(2);
  });

  it("have to be schemas", () => {
    expect(() => withStep("{ args: {} }", {})).toThrow(expect.objectContaining({ code: "CF2301" }));
  });
});

describe("a limit of how many are under way", () => {
  const parallel = "return (await Promise.all([1, 2, 3, 4, 5].map((n) => call({ n })))).join()";
  const busy =
    (most: { now: number; max: number }) =>
    async ({ n }: { n: number }) => {
      most.max = Math.max(most.max, ++most.now);
      await new Promise((resolve) => stage.clock.setTimeout(() => resolve(null), 1000));
      most.now--;
      return n;
    };

  it("holds over the workers of a store", async () => {
    const most = { now: 0, max: 0 };
    const { main } = withStep("{ concurrency: 2 }", { body: busy(most) }, parallel);
    const engines = [await stage.engine({ concurrency: 1 }), await stage.engine({ concurrency: 1 })];
    const runs = await Promise.all([1, 2].map(() => engines[0]!.start(main, [])));
    const results = await stage.until(Promise.all(runs.map((run) => run.result())));
    expect(results).toEqual(["1,2,3,4,5", "1,2,3,4,5"]);
    expect(most.max).toBe(2);
  });

  it("survives a crash, and gives the place of a failed call to the next", async () => {
    const seen: number[] = [];
    const { main } = withStep(
      "{ concurrency: 1 }",
      {
        body: async ({ n }: { n: number }) => {
          seen.push(n);
          if (n === 2) throw new Error("no");
          if (n === 3 && seen.filter((one) => one === 3).length === 1) await new Promise(() => {});
          return n;
        },
      },
      "const all = await Promise.allSettled([1, 2, 3, 4].map((n) => call({ n }))); return all.map((one) => one.value ?? one.reason.message)",
    );
    const { engine, kill } = await stage.mortal({ lease: "10s" });
    await engine.start(main, [], { id: "r" });
    await stage.when(() => seen.includes(3));
    kill();
    const other = await stage.engine({ poll: "1s" });
    expect(await stage.until(other.run("r").result())).toEqual([1, "no", 3, 4]);
    expect(seen).toEqual([1, 2, 3, 3, 4]);
  });

  it("takes the arguments at the call", async () => {
    const { main } = withStep(
      "{ concurrency: 1 }",
      { body: async ({ n }: { n: number }) => n },
      "const o = { n: 1 }; const first = call(o), second = call(o); o.n = 2; return [await first, await second]",
    );
    const engine = await stage.engine();
    expect(await stage.until((await engine.start(main, [])).result())).toEqual([1, 1]);
  });

  it("is the same in every regime", async () => {
    for (const regime of ["plain", "memory", "park"] as const) {
      const world = new World();
      let now = 0;
      let max = 0;
      const body = async ({ n }: { n: number }) => {
        max = Math.max(max, ++now);
        await new Promise((resolve) => world.clock.setTimeout(() => resolve(null), 1000));
        now--;
        return n;
      };
      const { main } = withStep("{ concurrency: 2 }", { body }, parallel);
      for (const between of ["wait", "job"] as const) {
        expect(await runScenario(main, [], { regime, between, world })).toMatchObject({
          status: "done",
          value: "1,2,3,4,5",
        });
        expect(max).toBe(2);
      }
    }
  });
});
