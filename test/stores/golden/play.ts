/**
 * Runs that wait in every way, and what ends them: the first act is what golden databases hold, the second is played on each of them.
 * The workflows are never changed, so that those of old databases find their code; what is new is added under other names.
 */
import { createEngine, type Engine, type Store } from "../../../runtime/index.ts";
import { registry } from "../../../runtime/machine/registry.ts";
import { load } from "../../engine/programs.ts";

const FLOWS = `
import { sleep, event, step, start, mutex } from "coldframe"; import { world } from "world";
export async function call(name) { "use step"; return world[name](); }
export const risky = step(async function risky(name) { return world[name](); }, { retry: 1, onFailure: "hold" });
export const again = step(async function again(name) { return world[name](); }, { retry: { attempts: 3, interval: "1d", factor: 1 } });
export async function timer() { "use workflow"; const n = 1; await sleep("1d"); return ["slept", n]; }
export async function named() { "use workflow"; return ["named", await event({ key: "named", timeout: "30d" })]; }
export async function overdue() { "use workflow"; try { return await event({ key: "overdue", timeout: "2d" }); } catch (error) { return error.name; } }
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
  const text = "article ".repeat(9000); await event("large"); return [text.length, text.slice(-8)]; }
export async function loop() { "use workflow";
  const seen = []; let sum = 0; const add = (n) => { sum += n; }; const map = new Map([["a", 1], ["b", 2n]]);
  for (const [key, value] of map) { seen.push(key, String(value)); add(await event("loop")); } return [seen, sum]; }
export async function twice() { "use workflow"; return [await event("twice"), await event("twice")]; }
export async function undone() { "use workflow";
  try { await event("never") } finally { await event("undo"); } }
export async function late() { "use workflow"; return ["late", await event("kept")]; }
export async function yearly() { "use workflow"; return "a year"; }
export async function elsewhere() { "use workflow"; return ["elsewhere", await event("elsewhere")]; }
export async function stuck() { "use workflow"; await new Promise(() => {}); }
export async function done(n) { "use workflow"; if (n < 0) throw new RangeError("less than none"); return { n, at: new Date(n) }; }
`;

/** Its code is gone when its event comes, and back in the second act. */
const GONE = `
import { event } from "coldframe";
export async function gone() { "use workflow"; const n = 2; return ["gone", n + (await event("gone"))]; }
`;
const GONE_MODULE = "golden/gone.ts";

type World = Readonly<Record<string, () => unknown>>;

/** What a version of a schema has. */
export interface Features {
  readonly groups: boolean;
  readonly history: boolean;
}

function compiled(world: World) {
  forget("golden/");
  return { ...load(FLOWS, { world }, "golden/flows.ts"), ...load(GONE, {}, GONE_MODULE) };
}

/** As if this process had never loaded such modules. */
function forget(modules: string): void {
  for (const map of [registry.codes, registry.modules, registry.records, registry.steps])
    for (const id of [...map.keys()]) if (id.startsWith(modules)) map.delete(id);
}

const quiet = { log: () => {} };

const DAY = 86_400_000;
/** Runs with a step that is not done: their worker keeps them. */
const KEPT = ["hanging", "held", "retried"];
/** When all databases were written, whenever that was. */
const BEGINNING = Date.UTC(2026, 0, 1, 12);
/** When they are opened: what was due is due, and the leases of those who died have ended. */
const LATER = BEGINNING + 10 * DAY;

function clockFrom(start: number) {
  const ahead = start - Date.now();
  return {
    now: () => Date.now() + ahead,
    setTimeout: (callback: () => void, ms: number) => setTimeout(callback, Math.min(ms, 2 ** 31 - 1)),
    clearTimeout: (timer: unknown) => clearTimeout(timer as never),
  };
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const patient = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > patient) throw new Error(`it never comes to this: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Parks runs in a store, whose process then dies. Errors are stored without the places of this machine. */
export async function firstAct(store: Store, features: Features): Promise<void> {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    await play(store, features);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

async function play(store: Store, { groups, history }: Features): Promise<void> {
  const flows = compiled({
    hang: () => new Promise(() => {}),
    fail: () => Promise.reject(new Error("no")),
  });
  // With a cache it would not miss the code that is gone.
  const engine = await createEngine({ store, cache: 0, clock: clockFrom(BEGINNING), ...quiet });
  const state = async (id: string) => (await engine.get(id))!;
  const parked = (id: string, name: string) =>
    until(`${id} waits for ${name}`, async () => {
      const { waits, worker } = await state(id);
      return waits[0]?.name === name && (worker === null || name === "call");
    });
  await engine.start(flows.gone!, [], { id: "gone" });
  await parked("gone", "gone");
  forget(GONE_MODULE);
  await engine.send("gone", 40, { id: "1" });

  const plain = ["timer", "named", "overdue", "generated", "stream", "hanging", "held", "retried", "parent"];
  for (const name of [...plain, "large", "loop", "undone", "stuck"])
    await engine.start(flows[name]!, [], { id: name, tags: { kind: name } });
  await engine.start(flows.guarded!, ["first"], { id: "first" });
  await parked("first", "in first");
  await engine.start(flows.guarded!, ["second"], { id: "second", priority: 2 });
  for (const id of ["one", "two"])
    await engine.start(flows.limited!, [id], { id, limit: { key: "one at a time", max: 1 } });
  await engine.start(flows.named!, [], { id: "standing" });
  await engine.suspend("standing");
  if (groups) await engine.start(flows.elsewhere!, [], { id: "elsewhere", group: "elsewhere" });
  await parked("loop", "loop");
  await engine.send("loop", 1, { id: "1" });
  await until("loop has its first", async () => (await state("loop")).turn > 1);
  await engine.send("kept", "for later", { id: "1" });
  await parked("undone", "never");
  await engine.cancel("undone");
  await parked("undone", "undo");
  await until("held", async () => (await state("held")).held === 1);
  await until("retried", async () => (await state("retried")).attempts[0]?.made === 1);
  await (await engine.start(flows.done!, [5], { id: "done" })).result();
  await (await engine.start(flows.done!, [-1], { id: "failed" })).result().catch(() => {});
  for (const paused of [false, true])
    await engine.schedule(paused ? "paused" : "yearly", {
      ...{
        cron: "0 0 5 1 *",
        timeZone: "Europe/Berlin",
        workflow: flows.yearly!,
        paused,
        tags: { kind: "year" },
      },
    });
  if (history) {
    await engine.start(flows.twice!, [], { id: "twice", history: "all" });
    await parked("twice", "twice");
    await engine.send("twice", 10, { id: "1" });
    await until("twice has its first", async () => (await state("twice")).turn > 1);
  }
  for (const id of ["gone", "stuck"])
    await until(`${id} is blocked`, async () => (await state(id)).status === "blocked");
  for (const { id, status, group } of await engine.list())
    if (status === "active" && !KEPT.includes(id) && group !== "elsewhere")
      await until(`${id} is parked`, async () => (await state(id)).worker === null);
  engine.abandon();
  await store.close();
}

/** What is there, told without carrying anything on. */
export async function inventory(store: Store): Promise<unknown> {
  const engine = await createEngine({ store, worker: false, clock: clockFrom(LATER), ...quiet });
  try {
    const runs: Record<string, unknown> = {};
    for (const { id } of await engine.list()) runs[id] = await stateOf(engine, id);
    const schedules = await engine.schedules.list();
    return {
      runs,
      schedules: [...schedules].sort((a, b) => (a.id < b.id ? -1 : 1)),
      counts: await engine.counts(),
    };
  } finally {
    await engine.close(0);
  }
}

async function stateOf(engine: Engine, id: string): Promise<unknown> {
  const { status, entry, args, priority, tags, group, parent, turn, held, waits, attempts, blocked } =
    (await engine.get(id))!;
  const parks = (await engine.history(id))?.parks ?? [];
  return {
    ...{ status, entry, args, priority, tags, group, parent, held, turn },
    limit: (await engine.store.read.run(id))!.limit,
    blocked: blocked?.reason.slice(0, 6) ?? null,
    created: day((await engine.get(id))!.created),
    waits: waits.map(({ kind, name, due, stack }) => ({
      ...{ kind, due: due === null ? null : day(due) },
      name: named(name),
      stack: stack.map(({ code, file, line, point, locals }) => ({ code, file, line, point, locals })),
    })),
    attempts: attempts.map(({ made, due, error }) => ({ made, due: due === null ? null : day(due), error })),
    parks: parks.map(({ turn, waits }) => [turn, named(waits[0]?.name)]),
  };
}

/** A generated key is another one each time. */
const named = (name = ""): string => name.replace(/^\w{32}\./, "");
const day = (time: number): number => Math.round((time - BEGINNING) / DAY);

/** Brings all runs of the first act to their ends. @returns the outcome of each, by its id */
export async function secondAct(store: Store): Promise<Readonly<Record<string, unknown>>> {
  const flows = compiled({ hang: () => "answered", fail: () => "worked" });
  const engine = await createEngine({ store, group: "*", clock: clockFrom(LATER), ...quiet });
  try {
    await engine.start(flows.late!, [], { id: "late" });
    await engine.retry("held");
    await engine.resume("standing");
    await engine.cancel("stuck", { force: true });
    await engine.send("named", "a", { id: "a" });
    await engine.send("named", "a", { id: "b" });
    const [waiting] = (await engine.get("generated"))!.waits;
    await engine.send(waiting!.name, 41);
    for (const n of [1, 2]) await engine.send("news", n);
    for (const key of [
      "child",
      "in first",
      "in second",
      "limited one",
      "limited two",
      "large",
      "undo",
      "elsewhere",
    ])
      await engine.send(key, 22);
    // The first one is known already.
    for (const id of ["1", "2"]) await engine.send("loop", 100, { id });
    if ((await engine.get("twice")) !== null) {
      await engine.send("twice", 20, { id: "2" });
      await engine.run("twice").result();
      await engine.fork("twice", { at: -2, id: "again" });
      for (const id of ["3", "4"]) await engine.send("twice", 30, { id });
    }
    await until("the schedule fires", async () => (await engine.list({ tags: { kind: "year" } })).length > 0);
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
