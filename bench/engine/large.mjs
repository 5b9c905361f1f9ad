/**
 * A loop of awaits with a value of 10 MB in a local: bytes that the store is given, beside 1.2 times the value, and milliseconds
 * per await. `node bench/engine/large.mjs 1000` takes as many awaits.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { createEngine } from "coldframe";
import { sqlite } from "coldframe/sqlite";
import { load } from "./load.mjs";

const SIZE = 10_000_000;

/** Bytes without pattern, the same each time. */
function noise(length) {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state;
  });
}

const sorts = {
  string: () => Array.from({ length: SIZE / 20 }, (_, i) => `line ${i} of a text\n`.padEnd(20)).join(""),
  numbers: () => Array.from({ length: SIZE / 8 }, (_, i) => (i * 7919) % 10_000_000),
  records: () =>
    Array.from({ length: SIZE / 80 }, (_, i) => ({
      id: i,
      name: `item ${i}`,
      price: i * 1.25,
      tags: ["a", "b"],
      open: i % 2 === 0,
    })),
  buffer: () => noise(SIZE),
};

const change = {
  string: (value, i) => `${value.slice(0, 5_000_000 + i)}*${value.slice(5_000_001 + i)}`,
  numbers: (value, i) => {
    value[(i * 7477) % value.length] = -1 - i;
    return value;
  },
  records: (value, i) => {
    value[(i * 747) % value.length].price = -1 - i;
    return value;
  },
  buffer: (value, i) => {
    value[(i * 74_771) % value.length] ^= 255;
    return value;
  },
};
globalThis.benchLarge = { make: (sort) => sorts[sort](), change: (sort, value, i) => change[sort](value, i) };

const { carry } = load(
  `export async function tick(i) { "use step"; return i; }
   export async function carry(sort, awaits, changes) {
     "use workflow";
     let big = benchLarge.make(sort);
     for (let i = 0; i < awaits; i++) {
       await tick(i);
       if (changes) big = benchLarge.change(sort, big, i);
     }
     return big.length;
   }`,
  "bench/large.ts",
);

/** What goes into the store through `commit`. */
function counted(store, written) {
  const size = (body) => (typeof body === "string" ? Buffer.byteLength(body) : body.length);
  const commit = store.commit.bind(store);
  store.commit = (writes) => {
    for (const write of writes) {
      if (write.kind !== "turn") continue;
      written.frames += size(write.snapshot ?? "") + size(write.waits);
      for (const { body } of write.chunks?.added ?? []) written.chunks += size(body);
    }
    return commit(writes);
  };
  return store;
}

async function measure(sort, awaits, changes) {
  const folder = mkdtempSync(join(tmpdir(), "coldframe-large-"));
  const written = { chunks: 0, frames: 0 };
  const engine = await createEngine({
    store: counted(sqlite(join(folder, "runs.db")), written),
    log: () => {},
  });
  const start = performance.now();
  await (await engine.start(carry, [sort, awaits, changes])).result();
  const took = (performance.now() - start) / awaits;
  await engine.close();
  rmSync(folder, { recursive: true });
  return { ...written, took };
}

/** The rows `snapshot.large.<sort>` and `snapshot.large.<sort>.changed`. */
export async function largeValues(awaits = 50) {
  const rows = [];
  for (const sort of Object.keys(sorts)) {
    const value = sorts[sort]();
    const size =
      typeof value === "object" && ArrayBuffer.isView(value) ? value.length : JSON.stringify(value).length;
    const kept = await measure(sort, awaits, false);
    const changed = await measure(sort, awaits, true);
    const perChange = (changed.chunks - kept.chunks) / awaits;
    console.log(
      `  ${sort}: ${kept.took.toFixed(0)} ms per await unchanged, ${changed.took.toFixed(0)} changed; frames ${(kept.frames / awaits).toFixed(0)} bytes`,
    );
    rows.push({
      id: `snapshot.large.${sort}`,
      value: kept.chunks,
      unit: "bytes",
      reference: size,
      ratio: kept.chunks / size,
      target: "<= 1.2x the value",
      met: kept.chunks <= 1.2 * size,
    });
    rows.push({
      id: `snapshot.large.${sort}.changed`,
      value: perChange,
      unit: "bytes",
      reference: size,
      ratio: perChange / size,
      target: "<= 0.02x per await",
      met: perChange <= 0.02 * size,
    });
  }
  return rows;
}

if (argv[1] === fileURLToPath(import.meta.url)) console.table(await largeValues(Number(argv[2] ?? 50)));
