/** Compiled code is saved and restored in place, while those who hold its objects notice nothing. */
import { afterEach, describe, expect, test } from "vitest";
import { registry } from "../../runtime/machine/index.ts";
import { type Parking, parkEverywhere, runScenario } from "../../runtime/testing/index.ts";
import { load } from "../engine/programs.ts";

let parking: Parking | null = null;
afterEach(() => parking?.stop());

const world = {
  tick: (value: unknown) => new Promise((resolve) => setImmediate(resolve, value)),
  held: [] as unknown[],
};

const { main, shared, natives, loops, thrown, handlers } = load(
  `"use workflow";
  import { held, tick } from "world";
  export async function main(n) {
    const list = []; let sum = 0; held.push(list, () => sum);
    for (const [i, x] of [n, n + 1].entries()) { sum += await x; list.push([i, await tick(sum)]); }
    return list;
  }
  export async function shared() {
    let n = 0; const inc = async () => { n++; await null; return n; };
    held.push(inc); const all = await Promise.all([inc(), inc(), tick(0)]);
    return [all, n];
  }
  export function natives(socket) { return (async () => { const o = { socket, f: Symbol("s"), big: 12n, zero: -0 }; await tick(); return o; })(); }
  export async function loops() {
    const seen = [];
    for (const [k, v] of new Map([["a", 1], ["b", 2]])) seen.push(await k, v);
    for (const x of new Set([3, 4])) seen.push(await x);
    for await (const x of (async function* () { yield 5; yield* [6, tick(7)]; })()) seen.push(x);
    for (const k in { p: 1, q: 2 }) seen.push(await k);
    function* g() { const a = yield 1; seen.push(a); yield a; }
    const it = g(); it.next(); await null; it.next("sent"); await null; seen.push(it.next().done);
    return seen;
  }
  export async function thrown() {
    const log = [];
    try { try { await tick(); throw new Error("x"); } finally { log.push(await "f"); } } catch (e) { log.push(e.message, await 1); }
    return log;
  }
  export async function handlers(p) { return await p.then((x) => x + 1).finally(() => tick()).then(async (x) => x * (await 2)); }`,
  world,
) as Record<string, (...args: unknown[]) => Promise<unknown>>;

describe.each(["await", "job"] as const)("at every %s", (at) => {
  test("same results, and it has parked", async () => {
    parking = parkEverywhere({ at });
    expect(await main!(1)).toEqual([
      [0, 1],
      [1, 3],
    ]);
    expect(await shared!()).toEqual([[2, 2, 0], 2]);
    expect(await loops!()).toEqual(["a", 1, "b", 2, 3, 4, 5, 6, 7, "p", "q", "sent", true]);
    expect(await thrown!()).toEqual(["f", "x", 1]);
    expect(await handlers!(Promise.resolve(1))).toBe(4);
    expect(parking.parks).toBeGreaterThan(at === "job" ? 30 : 5);
  });

  test("what others hold is what the code goes on with", async () => {
    world.held.length = 0;
    parking = parkEverywhere({ at });
    const promise = main!(5);
    expect(promise).toBeInstanceOf(Promise);
    const [list, sum] = world.held as [unknown[], () => number];
    const result = await promise;
    expect(result).toBe(list);
    expect(sum()).toBe(11);
    world.held.length = 0;
    await shared!();
    expect(await (world.held[0] as () => Promise<number>)()).toBe(3);
  });

  test("values that cannot be saved pass by identity", async () => {
    const socket = new Proxy(
      new (class Socket {
        #fd = 1;
      })(),
      {},
    );
    parking = parkEverywhere({ at });
    const o = (await natives!(socket)) as { socket: unknown; f: symbol; big: bigint; zero: number };
    expect(o.socket).toBe(socket);
    expect([o.f.description, o.big, Object.is(o.zero, -0)]).toEqual(["s", 12n, true]);
  });
});

test("inside of an engine", async () => {
  const { order } = load(
    `import { event, sleep } from "coldframe";
    async function pay(x) { "use step"; return { paid: x }; }
    export async function order(n) {
      "use workflow";
      const undo = [];
      const [a] = await Promise.all([pay(n).then((r) => { undo.push(() => n); return r; }), sleep("1h")]);
      await sleep(5);
      return [a, undo.map((f) => f())];
    }`,
  );
  parking = parkEverywhere();
  const { status, value } = await runScenario(order!, [7], { regime: "memory" });
  expect([status, value]).toEqual(["done", [{ paid: 7 }, [7]]]);
  expect(parking.parks).toBeGreaterThan(3);
});

test("a Proxy is not asked anything", async () => {
  const { held } = load(
    `export async function held() {
      "use workflow";
      let asked = 0;
      const ask = () => { asked++; throw new Error("asked"); };
      const proxy = new Proxy({}, { getPrototypeOf: ask, get: ask, ownKeys: ask, getOwnPropertyDescriptor: ask });
      await 1;
      return [asked, typeof proxy];
    }`,
    {},
    "test/proxies.ts",
  );
  parking = parkEverywhere();
  expect(await held!()).toEqual([0, "object"]);
});

test("from its beginning, every await of a run is a job", async () => {
  const { count } = load(
    `export async function count() { "use workflow"; let n = 0; while (n < 5) n += await 1; return n; }`,
    {},
    "test/counted.ts",
  );
  parking = parkEverywhere();
  expect(await runScenario(count as never, [], { regime: "memory" })).toMatchObject({ value: 5 });
  expect(parking.parks).toBe(5);
});

test("a local that a frame forgets is forgotten", async () => {
  const id = "test/forgetful.ts";
  const { f } = load(`export async function f(a, b) { "use workflow"; await null; return [a, b]; }`, {}, id);
  const code = registry.codes.get(`${id}#f`)!;
  Object.defineProperty(code, "points", {
    value: code.points.map((point) => point && { ...point, live: ["a"] }),
  });
  expect(await f!(1, 2)).toEqual([1, 2]);
  parking = parkEverywhere();
  expect(await f!(1, 2)).toEqual([1, undefined]);
});

test("one regime at a time, and none after it was stopped", async () => {
  parking = parkEverywhere();
  expect(() => parkEverywhere()).toThrow("observed already");
  parking.stop();
  const { parks } = parking;
  await main!(1);
  expect(parking.parks).toBe(parks);
});
