/** The stream of facts: what is told of a run, in which order, with which figures. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Fact, FatalError } from "../../runtime/index.ts";
import { load, program } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
let facts: Fact[];
const onFact = (fact: Fact) => void facts.push(fact);
const kinds = () => facts.map(({ kind }) => kind);

/** The first fact of this kind. */
function first<K extends Fact["kind"]>(kind: K): Extract<Fact, { kind: K }> {
  const fact = facts.find((one) => one.kind === kind);
  if (fact === undefined) throw new Error(`there is no ${kind}, only ${kinds().join(", ")}`);
  return fact as Extract<Fact, { kind: K }>;
}

beforeEach(() => {
  stage = new Stage();
  facts = [];
});
afterEach(() => stage.close());

describe("a run", () => {
  test("from its start to its end, with times, sizes and places", async () => {
    const main = program(`await call("a", 1); await sleep("1h"); return "end";`);
    const engine = await stage.engine({ onFact, cache: 0 });
    const run = await engine.start(main, [], { id: "r" });
    expect(await stage.until(run.result())).toBe("end");
    expect(kinds()).toEqual([
      "started",
      "parked",
      "step.started",
      "step.ended",
      "woken",
      "parked",
      "woken",
      "finished",
    ]);
    expect(first("started")).toMatchObject({ run: "r", turn: 0, at: "", time: 1_000_000 });
    expect(first("started").entry).toMatch(/#main$/);
    const parked = first("parked");
    expect(parked).toMatchObject({ turn: 1, released: false, waits: [{ kind: "step" }] });
    expect(parked.at).toMatch(/^program-\d+\.ts:\d+$/);
    expect(parked.bytes).toBeGreaterThan(100);
    expect(parked.took).toBeGreaterThanOrEqual(0);
    expect(first("step.ended")).toMatchObject({ attempt: 1, threw: false, error: null, bytes: 3 });
    expect(first("step.ended").at).toBe(parked.at);
    const slept = facts.findLast((fact) => fact.kind === "woken");
    expect(slept).toMatchObject({ wait: { kind: "timer" }, waited: 3_600_000, restored: true });
    expect(first("finished")).toMatchObject({ turn: 2, bytes: 5 });
    expect(facts.every((fact) => fact.worker.startsWith("w-"))).toBe(true);
  });

  test("says from where it was woken: its memory or its snapshot", async () => {
    const main = program(`await call("a"); await call("b");`);
    const engine = await stage.engine({ onFact });
    await stage.until((await engine.start(main, [])).result());
    expect(first("woken").restored).toBe(false);
  });

  test("attempts: retried, held, mended", async () => {
    let left = 1;
    const failing = () => {
      if (left-- > 0) throw new Error("not yet");
      return "ok";
    };
    const { retrying, held } = load(
      `import { step } from "coldframe"; import { failing } from "world";
      const patient = step(() => failing(), { retry: 2 });
      const careful = step(() => failing(), { onFailure: "hold" });
      export async function retrying() { "use workflow"; return await patient(); }
      export async function held() { "use workflow"; return await careful(); }`,
      { failing },
    );
    const engine = await stage.engine({ onFact });
    await stage.until((await engine.start(retrying!, [])).result());
    const ended = facts.filter((fact) => fact.kind === "step.ended");
    expect(ended.map(({ attempt, threw }) => [attempt, threw])).toEqual([
      [1, true],
      [2, false],
    ]);
    expect(first("step.retried")).toMatchObject({ attempt: 1, error: new Error("not yet") });
    expect(first("step.retried").due).toBeGreaterThanOrEqual(first("step.ended").time);
    left = 1;
    const run = await engine.start(held!, []);
    await stage.when(async () => (await run.status())?.held === 1);
    await stage.clock.advance(0);
    expect(first("step.held").run).toBe(run.id);
    await engine.retry(run.id);
    expect(await stage.until(run.result())).toBe("ok");
  });

  test("failed and cancelled", async () => {
    const failing = program(`await call("a"); throw new TypeError("no");`);
    const waiting = program(`await event("never");`);
    const engine = await stage.engine({ onFact });
    await expect(stage.until((await engine.start(failing, [])).result())).rejects.toThrow("no");
    expect(first("failed").error).toEqual(new TypeError("no"));
    const run = await engine.start(waiting, []);
    await stage.when(async () => (await run.status())?.turn === 1);
    await run.cancel();
    await expect(stage.until(run.result())).rejects.toThrow("cancelled");
    expect(first("cancelled").run).toBe(run.id);
  });

  test("blocked, in the log too, with the author's line", async () => {
    const main = program(`await new Promise(() => {});`);
    const engine = await stage.engine({ onFact });
    const run = await engine.start(main, []);
    await stage.when(async () => (await run.status())?.status === "blocked");
    expect(first("blocked").reason).toContain("CF2305");
    expect(first("blocked").code).toBe("CF2305");
    expect(first("blocked").at).toMatch(/\.ts:\d+$/);
    const logged = stage.logs.find(({ level }) => level === "warn");
    expect(logged).toMatchObject({ run: run.id, at: first("blocked").at });
  });

  test("lost with the lease of a worker that was frozen", async () => {
    const main = program(`await call("a"); await call("hang");`, { hang: () => new Promise(() => {}) });
    const store = stage.data.connect();
    const engine = await stage.engine({ onFact, store, lease: "10s", poll: "5s" });
    const run = await engine.start(main, []);
    await stage.when(async () => (await run.status())?.turn === 2);
    const renew = store.renew.bind(store);
    // What it asks reaches the store too late.
    vi.spyOn(store, "renew").mockImplementationOnce(async (worker, isFirst) => {
      await stage.clock.advance(11_000);
      return renew(worker, isFirst);
    });
    await stage.when(() => kinds().includes("lost"));
    expect(first("lease lost")).toMatchObject({ worker: first("started").worker, runs: 1 });
    expect(first("lost").run).toBe(run.id);
    expect(first("lost").at).not.toBe("");
  });
});

describe("listeners", () => {
  test("come and go, throw, and are asked before a fact is made", async () => {
    const main = program(`await call("a");`);
    const engine = await stage.engine();
    const stop = engine.facts.listen(onFact);
    engine.facts.listen(() => {
      throw new FatalError("in a listener");
    });
    await stage.until((await engine.start(main, [])).result());
    const told = facts.length;
    expect(told).toBeGreaterThan(3);
    expect(stage.logs.some(({ message }) => message.includes("a listener to facts threw"))).toBe(true);
    stop();
    await stage.until((await engine.start(main, [])).result());
    expect(facts).toHaveLength(told);
  });

  test("nothing is made while nobody listens", async () => {
    const main = program(`await call("a");`);
    const engine = await stage.engine();
    let asked = 0;
    const tell = vi.spyOn(engine.facts, "tell");
    engine.facts.listen(onFact, () => ++asked < 0);
    await stage.until((await engine.start(main, [])).result());
    expect(asked).toBeGreaterThan(3);
    expect(tell).not.toHaveBeenCalled();
  });
});

test("aroundStep is called instead of the body", async () => {
  const main = program(`return await call("a", 2);`);
  const seen: unknown[] = [];
  const engine = await stage.engine({
    aroundStep: ({ step, attempt, at }, call) => {
      seen.push([step.replace(/.*#/, ""), attempt, at !== ""]);
      return call();
    },
  });
  expect(await stage.until((await engine.start(main, [])).result())).toBe("a");
  expect(seen).toEqual([["call", 1, true]]);
  expect(main.calls).toEqual([["a", 2]]);
});

test("counts of statuses", async () => {
  const engine = await stage.engine();
  await stage.until((await engine.start(program("return 1;"), [])).result());
  await engine.start(program(`await event("x");`), []);
  expect(await engine.counts()).toMatchObject({ active: 1, done: 1, failed: 0 });
});

test("wrong options are refused", async () => {
  await expect(stage.engine({ onFact: 3 as never })).rejects.toThrow("CF2301");
  await expect(stage.engine({ aroundStep: {} as never })).rejects.toThrow("CF2301");
});
