/**
 * Runs that wait in every way, and what ends them: the first act is what golden databases hold, the second is played on each of them.
 * The workflows are never changed, so that those of old databases find their code.
 */
import { createEngine, type Engine, type Store } from "../../../runtime/index.ts";
import { load } from "../../engine/programs.ts";

const FLOWS = `
import { sleep, event, step, start, mutex } from "coldframe"; import { world } from "world";
export async function call(name) { "use step"; return world[name](); }
export const risky = step(async function risky(name) { return world[name](); }, { retry: 1, onFailure: "hold" });
export const again = step(async function again(name) { return world[name](); }, { retry: { attempts: 3, delay: "1d", factor: 1 } });
export async function timer() { "use workflow"; const n = 1; await sleep("1d"); return ["slept", n]; }
export async function named() { "use workflow"; return ["named", await event({ key: "named", timeout: "30d" })]; }
export async function generated() { "use workflow"; const e = event(); return ["generated", (await e) + 1]; }
export async function stream() { "use workflow";
  const all = []; for await (const n of event({ key: "news", broadcast: true })) { all.push(n); if (all.length === 2) return all; } }
export async function hanging() { "use workflow"; return ["hung", await call("hang")]; }
export async function held() { "use workflow"; return ["held", await risky("fail")]; }
export async function retried() { "use workflow"; return ["retried", await again("fail")]; }
export async function parent() { "use workflow"; return ["parent", await start(child, [20], { id: "child" })]; }
export async function child(n) { "use workflow"; return n + (await event("child")); }
export async function guarded(name) { "use workflow"; const lock = await mutex("door"); const got = await event("in " + name); lock.release(); return [name, got]; }
export async function limited(name) { "use workflow"; return [name, await event("limited " + name)]; }
export async function large() { "use workflow";
  const rows = Array.from({ length: 5000 }, (_, i) => ({ id: i, name: "article " + i })); await event("large"); return [rows.length, rows[4999].name]; }
export async function loop() { "use workflow";
  const seen = []; let sum = 0; const add = (n) => { sum += n; }; const map = new Map([["a", 1], ["b", 2n]]);
  for (const [key, value] of map) { seen.push(key, String(value)); add(await event("loop")); } return [seen, sum]; }
export async function twice() { "use workflow"; return [await event("twice"), await event("twice")]; }
export async function undone() { "use workflow";
  try { await event("never") } finally { await event("undo"); } }
export async function late() { "use workflow"; return ["late", await event("kept")]; }
export async function done(n) { "use workflow"; if (n < 0) throw new RangeError("less than none"); return { n, at: new Date(n) }; }
`;

type World = Readonly<Record<string, () => unknown>>;

const compiled = (world: World) => load(FLOWS, { world }, "golden/flows.ts");
const quiet = { log: () => {} };

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Parks runs in a store, whose process then dies. @param history whether parks are kept of one of them */
export async function firstAct(store: Store, history: boolean): Promise<void> {
  const world = {
    hang: () => new Promise(() => {}),
    fail: () => Promise.reject(new Error("no")),
  };
  const flows = compiled(world);
  const engine = await createEngine({ store, ...quiet });
  const plain = [
    "timer",
    "named",
    "generated",
    "stream",
    "hanging",
    "held",
    "retried",
    "parent",
    "large",
    "loop",
    "undone",
  ];
  for (const name of plain) await engine.start(flows[name]!, [], { id: name, tags: { kind: name } });
  await engine.start(flows.guarded!, ["first"], { id: "first" });
  await until(async () => (await engine.get("first"))!.waits[0]?.kind === "event");
  await engine.start(flows.guarded!, ["second"], { id: "second", priority: 2 });
  for (const id of ["one", "two"])
    await engine.start(flows.limited!, [id], { id, limit: { key: "one at a time", max: 1 } });
  await engine.start(flows.named!, [], { id: "standing" });
  for (const id of [...plain, "second", "one", "standing", "child"])
    await until(async () => ((await engine.get(id))?.waits.length ?? 0) > 0);
  await engine.suspend("standing");
  await engine.send("loop", 1, { id: "1" });
  await until(async () => (await engine.get("loop"))!.turn > 1);
  await engine.send("kept", "for later", { id: "1" });
  await engine.cancel("undone");
  await until(async () => (await engine.get("undone"))!.waits[0]?.name === "undo");
  await until(async () => (await engine.get("held"))!.held === 1);
  await until(async () => (await engine.get("retried"))!.attempts[0]?.made === 1);
  await (await engine.start(flows.done!, [5], { id: "done" })).result();
  await (await engine.start(flows.done!, [-1], { id: "failed" })).result().catch(() => {});
  if (history) {
    await engine.start(flows.twice!, [], { id: "twice", history: "all" });
    await until(async () => (await engine.get("twice"))!.waits.length > 0);
    await engine.send("twice", 10, { id: "1" });
    await until(async () => (await engine.get("twice"))!.turn > 1);
  }
  for (const { id, status } of await engine.list())
    if (status === "active" && id !== "hanging")
      await until(
        async () => (await engine.get(id))!.worker === null || (await engine.get(id))!.status !== "active",
      );
  engine.abandon();
}

/** Later by ten days: what was due is due, and the lease of whoever died has ended. */
const LATER = 10 * 86_400_000;
const later = {
  now: () => Date.now() + LATER,
  setTimeout: (callback: () => void, ms: number) => setTimeout(callback, ms),
  clearTimeout: (timer: unknown) => clearTimeout(timer as never),
};

/** Brings all runs of the first act to their ends. @returns the outcome of each, by its id */
export async function secondAct(store: Store): Promise<Readonly<Record<string, unknown>>> {
  const flows = compiled({ hang: () => "answered", fail: () => "worked" });
  const engine = await createEngine({ store, clock: later, ...quiet });
  try {
    await engine.start(flows.late!, [], { id: "late" });
    await engine.retry("held");
    await engine.resume("standing");
    await engine.send("named", "a", { id: "a" });
    await engine.send("named", "a", { id: "b" });
    const [waiting] = (await engine.get("generated"))!.waits;
    await engine.send(waiting!.name, 41);
    for (const n of [1, 2]) await engine.send("news", n);
    for (const key of ["child", "in first", "in second", "limited one", "limited two", "large", "undo"])
      await engine.send(key, 22);
    await engine.send("loop", 100, { id: "2" });
    if ((await engine.get("twice")) !== null) {
      await engine.send("twice", 20, { id: "2" });
      await engine.run("twice").result();
      await engine.fork("twice", { at: -2, id: "again" });
      for (const id of ["3", "4"]) await engine.send("twice", 30, { id });
    }
    return await outcomes(engine);
  } finally {
    await engine.close(0);
  }
}

async function outcomes(engine: Engine): Promise<Readonly<Record<string, unknown>>> {
  const found: Record<string, unknown> = {};
  for (const { id } of [...(await engine.list())].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const run = engine.run(id);
    found[id] = await run.result().catch((error: Error) => `${error.name}: ${error.message}`);
  }
  return found;
}
