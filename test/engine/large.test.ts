/** Large values in locals: written once, restored exactly, collected with the last run that has them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Store, Write } from "../../runtime/engine/store.ts";
import { createEngine } from "../../runtime/index.ts";
import { memory } from "../../stores/memory/index.ts";
import { sqlite } from "../../stores/sqlite/index.ts";
import { program } from "./programs.ts";

/** Bytes without pattern, the same each time. */
function noise(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state;
  });
}

/** A megabyte of each sort. */
const values = {
  text: () => Array.from({ length: 40_000 }, (_, i) => `line ${i} äöü 😀\n`).join(""),
  "numbers in an array": () => Array.from({ length: 150_000 }, (_, i) => i * 7919),
  "records in an array": () =>
    Array.from({ length: 15_000 }, (_, i) => ({ id: i, name: `item ${i}`, tags: ["a", i % 7] })),
  buffer: () => noise(1_000_000),
};

/** Counts what is written through it. */
function counting(store: Store): {
  store: Store;
  written: { snapshots: number; chunks: number; turns: number };
} {
  const written = { snapshots: 0, chunks: 0, turns: 0 };
  const size = (body: string | Uint8Array) =>
    typeof body === "string" ? Buffer.byteLength(body) : body.length;
  const commit = (writes: readonly Write[]) => {
    for (const write of writes) {
      if (write.kind !== "turn") continue;
      written.turns++;
      written.snapshots += write.snapshot?.length ?? 0;
      for (const { body } of write.chunks?.added ?? []) written.chunks += size(body);
    }
    return store.commit(writes);
  };
  const counted = new Proxy(store, {
    get(target, name) {
      if (name === "commit") return commit;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { store: counted, written };
}

/** What is left in a store when all runs have ended. */
async function isEmpty(store: Store): Promise<boolean> {
  for (const { id } of await store.read.runs({})) if ((await store.read.chunks(id)).length > 0) return false;
  return true;
}

const AWAITS = 40;
const unchanged = (make: () => unknown) =>
  program(
    `const big = world.make(); for (let i = 0; i < ${AWAITS}; i++) await call('a', i); return world.check(big)`,
    {
      make,
      check: (big: unknown) => JSON.stringify(big) === JSON.stringify(make()),
    },
  );

describe.each(Object.entries(values))("%s", (name, make) => {
  it("is written once in a loop of awaits", async () => {
    const { store, written } = counting(memory());
    await using engine = await createEngine({ store, log: () => {} });
    expect(await (await engine.start(unchanged(make), [])).result()).toBe(true);
    const size = name === "buffer" ? 1_000_000 : Buffer.byteLength(JSON.stringify(make()));
    expect(written.turns).toBeGreaterThanOrEqual(AWAITS);
    expect(written.chunks).toBeGreaterThan(size * 0.6);
    expect(written.chunks).toBeLessThan(size * 1.05);
    expect(written.snapshots).toBeLessThan(AWAITS * 1000);
    expect(await isEmpty(store)).toBe(true);
  });

  it("is restored at each await by another worker", async () => {
    const data = memory();
    const main = program(
      "const big = world.make(); for (let i = 0; i < 3; i++) await event('k' + i); return world.check(big)",
      { make, check: (big: unknown) => JSON.stringify(big) === JSON.stringify(make()) },
    );
    const client = await createEngine({ store: data.connect(), worker: false, log: () => {} });
    const run = await client.start(main, []);
    for (let i = 0; i < 3; i++) {
      const engine = await createEngine({ store: data.connect(), log: () => {} });
      for await (const state of run.watch()) if (state.waits[0]?.name === `k${i}`) break;
      await engine.close();
      await client.send(`k${i}`, null);
    }
    await using engine = await createEngine({ store: data.connect(), log: () => {} });
    expect(await engine.run(run.id).result()).toBe(true);
    await client.close();
  });
});

it("is written once while a loop goes over it, with the element in a local", async () => {
  const { store, written } = counting(memory());
  const main = program(
    "const big = world.make(); let sum = 0; for (const row of big) { await call('a', row.id); sum += row.id; if (row.id >= 20) break; } return sum",
    { make: values["records in an array"] },
  );
  await using engine = await createEngine({ store, log: () => {} });
  expect(await (await engine.start(main, [])).result()).toBe(210);
  expect(written.chunks).toBeLessThan(JSON.stringify(values["records in an array"]()).length * 1.05);
  expect(written.snapshots).toBeLessThan(21 * 1000);
});

it.each([
  ["an element of an array", "numbers in an array", "big[(i * 7477) % big.length] = -i"],
  ["the end of an array", "records in an array", "big.push({ id: -i, name: 'new', tags: [] })"],
  ["the beginning of an array", "records in an array", "big.unshift({ id: -i, name: 'new', tags: [] })"],
  ["a byte", "buffer", "big[(i * 7477) % big.length] ^= 255"],
  ["the end of a text", "text", "big += 'one more line ' + i"],
] as const)("a change of %s writes a part of it", async (_, name, change) => {
  const { store, written } = counting(memory());
  const main = program(
    `let big = world.make(); for (let i = 0; i < ${AWAITS}; i++) { await call('a', i); ${change}; } return world.sum(big)`,
    { make: values[name], sum: (big: unknown) => JSON.stringify(big).length },
  );
  await using engine = await createEngine({ store, log: () => {} });
  const plain = Function(
    "big",
    `for (let i = 0; i < ${AWAITS}; i++) { ${change}; } return JSON.stringify(big).length`,
  );
  expect(await (await engine.start(main, [])).result()).toBe(plain(values[name]()));
  const size = name === "buffer" ? 1_000_000 : Buffer.byteLength(JSON.stringify(values[name]()));
  // The whole at first, and then about a chunk of 40 KB and the list of chunks for each.
  expect((written.chunks - size) / AWAITS).toBeLessThan(100_000);
  expect(await isEmpty(store)).toBe(true);
});

describe("in a file", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "coldframe-large-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("two runs with the same content keep it once, and the last takes it along", async () => {
    const file = join(folder, "runs.db");
    const make = values["numbers in an array"];
    const main = program("const big = world.make(); await event(args[0]); return world.check(big)", {
      make,
      check: (big: unknown) => JSON.stringify(big) === JSON.stringify(make()),
    });
    const client = await createEngine({ store: sqlite(file, { poll: 5 }), worker: false, log: () => {} });
    const workers = [
      await createEngine({ store: sqlite(file, { poll: 5 }), concurrency: 1, log: () => {} }),
      await createEngine({ store: sqlite(file, { poll: 5 }), concurrency: 1, log: () => {} }),
    ];
    const runs = await Promise.all(["a", "b"].map((key) => client.start(main, [key], { id: key })));
    for (const run of runs) for await (const state of run.watch()) if (state.waits.length > 0) break;
    const store = sqlite(file);
    await store.migrate();
    const names = async (run: string) => (await store.read.chunks(run)).map(({ hash }) => hash).sort();
    expect(await names("a")).toEqual(await names("b"));
    const before = await names("b");
    await client.send("a", null);
    expect(await runs[0]!.result()).toBe(true);
    expect(await names("a")).toEqual([]);
    expect(await names("b")).toEqual(before);
    await client.send("b", null);
    expect(await runs[1]!.result()).toBe(true);
    expect(await isEmpty(store)).toBe(true);
    for (const each of [client, ...workers]) await each.close();
    await store.close();
  });
});
