/** A scenario is played with a crash at every point; and differences between the plays are found. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { createEngine, type Store } from "../../runtime/index.ts";
import { everyCrash, expectParked, type Stub, stub, VirtualClock } from "../../runtime/testing/index.ts";
import { memory } from "../../stores/memory/index.ts";
import { sqlite } from "../../stores/sqlite/index.ts";
import { load, type Program } from "../engine/programs.ts";

const stubs: Stub<unknown[]>[] = [];
afterEach(() => {
  for (const one of stubs.splice(0)) one.restore();
});

const source = `
  import { event, sleep, step } from "coldframe"; import { counter } from "world";
  export const charge = step(async (card, amount) => "receipt", { retry: 2 });
  export async function ship(receipt) { "use step"; return "shipped " + receipt; }
  export async function order(card) {
    "use workflow";
    const undo = [];
    const receipt = await charge(card, 12);
    undo.push(() => charge(card, -12));
    await sleep("1h");
    const approval = event({ key: "approve " + card, timeout: "3d" });
    try {
      if (!(await approval)) throw new Error("refused");
      const [a, b] = await Promise.all([ship(receipt), ship("gift")]);
      return [a, b];
    } catch (error) {
      for (const back of undo) await back();
      return error.message;
    }
  }
  export async function counting() {
    "use workflow";
    counter.value++;
    await ship("x");
    return counter.value;
  }
  export async function deciding() {
    "use workflow";
    await ship(String(++counter.value));
    return "ok";
  }`;

const counter = { value: 0 };
const { charge, ship, order, counting, deciding } = load(source, { counter }) as Record<
  "charge" | "ship" | "order" | "counting" | "deciding",
  Program
>;

/** An external system that keeps what it did, by idempotency key of the caller. */
class Bank {
  readonly sums: number[] = [];
  charge = (_: unknown, amount: unknown) => {
    this.sums.push(amount as number);
    return `receipt-${amount}`;
  };
}

function orders(approved: boolean, store: () => { connect(): Store }) {
  return everyCrash({
    store,
    play: async ({ start, send }) => {
      const run = await start(order, ["A7"]);
      await send("approve A7", approved);
      return run.result();
    },
  });
}

describe("everyCrash", () => {
  test("passes each write and each step, before and after", async () => {
    const { points, repeated } = await orders(true, memory);
    const counts = new Map<string, number>();
    for (const point of points) counts.set(point, (counts.get(point) ?? 0) + 1);
    expect(Object.fromEntries(counts)).toMatchObject({
      "start:before": 1,
      "start:after": 1,
      "send:before": 1,
      "renew:before": 1,
      "step:before": 3,
      "step:after": 3,
    });
    expect(counts.get("commit:before")).toBeGreaterThanOrEqual(4);
    // Each of the steps at least once, where the crash was between its end and the commit of its result.
    expect(repeated).toBeGreaterThanOrEqual(3);
  });

  test("compensation too", async () => {
    const bank = new Bank();
    stubs.push(stub(charge, bank.charge) as never);
    await orders(false, memory);
    expect(new Set(bank.sums)).toEqual(new Set([12, -12]));
  });

  test("on SQLite", async () => {
    const folder = mkdtempSync(join(tmpdir(), "coldframe-crash-"));
    let files = 0;
    const { points } = await orders(true, () => {
      const file = join(folder, `${++files}.db`);
      return { connect: () => sqlite(file) };
    });
    expect(files).toBe(points.length + 1);
    rmSync(folder, { recursive: true });
  });

  test("finds a result that depends on memory", async () => {
    counter.value = 0;
    const scenario = {
      store: memory,
      begin: () => {
        counter.value = 0;
      },
      play: async ({ start }: { start: (f: Program, args: []) => Promise<{ result(): Promise<unknown> }> }) =>
        (await start(counting, [])).result(),
    };
    await expect(everyCrash(scenario as never)).rejects.toThrow(
      /after a crash at commit:before \(\d+ of \d+\) the scenario returned 2, but undisturbed it returned 1/,
    );
  });

  test("finds a call that comes out differently", async () => {
    const play = everyCrash({
      store: memory,
      begin: () => {
        counter.value = 0;
      },
      play: async ({ start }) => (await start(deciding, [])).result(),
    });
    await expect(play).rejects.toThrow(/the call run-1\/1 was ship\("2"\), but undisturbed ship\("1"\)/);
  });

  test("finds an effect that was made twice", async () => {
    let shipped = 0;
    stubs.push(stub(ship, () => `shipped ${++shipped}`) as never);
    const play = everyCrash({
      store: memory,
      begin: () => {
        shipped = 0;
      },
      play: async ({ start }) => {
        await (await start(counting, [])).result();
        return "done";
      },
      observe: () => ({ shipped }),
    });
    await expect(play).rejects.toThrow(
      /after a crash at step:after .* it left \{ shipped: 2 \}, but undisturbed \{ shipped: 1 \}/,
    );
  });

  test("says when it never ends", async () => {
    const { stuck } = load(
      `import { event } from "coldframe"; export async function stuck() { "use workflow"; await event("never"); }`,
    );
    const play = everyCrash({ store: memory, play: async ({ start }) => (await start(stuck!, [])).result() });
    await expect(play).rejects.toThrow("the scenario never ends");
  });
});

describe("stub", () => {
  test("in a run and outside of it, until it is restored", async () => {
    const one = stub(ship, (receipt) => `stubbed ${receipt}`);
    expect(await ship("a")).toBe("stubbed a");
    expect(one.calls).toEqual([["a"]]);
    one.restore();
    expect(await ship("b")).toBe("shipped b");
    const two = stub(charge, () => "free");
    expect(await charge("A7", 1)).toBe("free");
    two[Symbol.dispose]();
    expect(await charge("A7", 1)).toBe("receipt");
  });

  test("refuses what is no step", () => {
    expect(() => stub(order, async () => 1)).toThrow("CF2301");
    expect(() => stub(ship, 3 as never)).toThrow("CF2301");
  });
});

describe("expectParked", () => {
  async function parked() {
    const clock = new VirtualClock(1_000_000);
    const engine = await createEngine({ store: memory(), clock, lease: "30d", poll: "6h" });
    const run = await engine.start(order, ["A7"]);
    await clock.advance(3_600_001);
    return { engine, run };
  }

  test("at, kind, name and locals", async () => {
    const { engine, run } = await parked();
    const wait = await expectParked(run, {
      kind: "event",
      name: "approve A7",
      locals: { receipt: "receipt" },
    });
    expect(wait.at).toMatch(/:\d+$/);
    expect(await expectParked(run, { at: wait.at })).toEqual(wait);
    expect(await expectParked((await run.status())!)).toEqual(wait);
    await engine.close();
  });

  test("says what is there instead", async () => {
    const { engine, run } = await parked();
    await expect(expectParked(run, { kind: "step", locals: { receipt: "lost", socket: 1 } })).rejects.toThrow(
      /is not parked with kind "step", .*\n {2}it waits for event "approve A7" at .*: kind event, receipt is "receipt", no local socket is live/s,
    );
    await expect(expectParked(run, { place: "x" } as never)).rejects.toThrow("CF2301");
    await engine.send("approve A7", true);
    await run.result();
    await expect(expectParked(run)).rejects.toThrow("it is done\n  it waits for nothing");
    await engine.close();
  });
});
