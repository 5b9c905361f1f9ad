/**
 * The golden corpus of runs: what each released format made of the programs under `fixtures/snapshots/`, at every external await and
 * wherever a kind of node comes up between two jobs. Each goes on to the end, in a process that never ran what came before, and ends as
 * the program does uncompiled. `npm run corpus` writes that of the current format; once it is released, neither it nor the programs change.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import {
  type ChunkBody,
  encodeRun,
  FORMAT_VERSION,
  Interrupted,
  NO_CHUNKS,
} from "../../runtime/snapshot/index.ts";
import { runKinds } from "../../runtime/snapshot/kinds/index.ts";
import { Child } from "../fixtures/child.ts";
import { kindsIn, type Parked } from "../fixtures/driver.ts";
import type { Outcome } from "../fixtures/outside.ts";
import { root, sources, Workshop } from "../fixtures/workshop.ts";
import { fields, large, sloppy, temporal, waits } from "./corpus-programs.ts";
import { answer, begin, event, hold, load, result } from "./programs.ts";
import { difference } from "./same.ts";

interface Entry {
  readonly name: string;
  readonly parked: readonly Parked[];
}
interface Corpus {
  readonly programs: readonly Entry[];
  /** Waits that need an engine, in a local: the snapshot of each. */
  readonly waits: Readonly<Record<string, string>>;
  /** Large values in a local, with their chunks: text, or base64 of bytes. */
  readonly large: Readonly<Record<string, { readonly run: string; readonly chunks: string }>>;
  /** A promise of unmarked code in a local. */
  readonly native: string;
  /** All of `Temporal` in a local, written by an engine that has it. */
  readonly temporal: string;
  /** Parks of the program of a sloppy function. */
  readonly sloppy: readonly string[];
}

/** Chunks repeat what they hold: deflated, they are short. */
function packed(bodies: ReadonlyMap<string, ChunkBody>): string {
  const entries = [...bodies].map(([hash, body]) =>
    typeof body === "string" ? [hash, body] : [hash, null, Buffer.from(body).toString("base64")],
  );
  return deflateRawSync(JSON.stringify(entries)).toString("base64");
}
function unpacked(text: string): Map<string, ChunkBody> {
  const entries = JSON.parse(inflateRawSync(Buffer.from(text, "base64")).toString()) as string[][];
  return new Map(
    entries.map(([hash, body, bytes]) => [hash!, body ?? Uint8Array.from(Buffer.from(bytes!, "base64"))]),
  );
}

function sloppyParks(): string[] {
  const run = begin(sloppy(), event);
  const first = encodeRun(run).text;
  answer(run, null);
  return [first, encodeRun(run).text];
}

const folder = join(root, "fixtures/snapshots");
const current = `runs-${FORMAT_VERSION}.json`;
const workshop = new Workshop();
const names = sources("fixtures/snapshots").map((path) => `snapshots/${basename(path, ".ts")}`);
for (const name of names) {
  const made = workshop.add(name, readFileSync(join(root, `fixtures/${name}.ts`), "utf8"));
  if ("message" in made) throw new Error(made.message);
}
/** Programs for which this engine lacks something. Their part of the corpus is written by one that has it. */
const lacking = "Iterator" in globalThis ? [] : ["snapshots/helpers", "snapshots/iterators"];
const [writer, oracle] = [new Child(workshop.folder), new Child(workshop.folder)];
afterAll(() => {
  writer.stop();
  oracle.stop();
  workshop[Symbol.dispose]();
});

const read = (file: string) => JSON.parse(readFileSync(join(folder, file), "utf8")) as Corpus;

if (process.env["COLDFRAME_CORPUS"] === "write") {
  const programs: Entry[] = [];
  const before = existsSync(join(folder, current)) ? read(current).programs : [];
  for (const name of names) {
    const known = before.find((one) => one.name === name);
    if (lacking.includes(name)) {
      if (known !== undefined) programs.push(known);
      continue;
    }
    const { trail } = await writer.request<Outcome & { trail: Parked[] }>({ regime: "corpus", name });
    programs.push({ name, parked: trail });
  }
  const held = Object.entries(waits).map(([name, { make }]) => [name, encodeRun(begin(hold, make)).text]);
  const cut = Object.entries(large).map(([name, make]) => {
    const { text, chunks } = encodeRun(begin(hold, make), { chunks: NO_CHUNKS });
    return [name, { run: text, chunks: packed(chunks.bodies) }];
  });
  const corpus: Corpus = {
    programs,
    waits: Object.fromEntries(held),
    large: Object.fromEntries(cut),
    native: encodeRun(begin(hold, () => new Promise(() => {}))).text,
    temporal: "Temporal" in globalThis ? encodeRun(begin(hold, temporal)).text : read(current).temporal,
    sloppy: sloppyParks(),
  };
  writeFileSync(join(folder, current), `${JSON.stringify(corpus, null, 1)}\n`);
}

/** `-early` ones have what was written otherwise before the format was released. */
const files = readdirSync(folder).filter((file) => /^runs-\d+(-early)?\.json$/.test(file));

describe.each(files)("%s", (file) => {
  it.for(read(file).programs)(
    "$name goes on from each of its snapshots",
    async ({ name, parked }, { skip }) => {
      expect(existsSync(join(root, `fixtures/${name}.ts`)), "programs of the corpus stay").toBe(true);
      if (lacking.includes(name)) skip();
      const { end, trace } = await oracle.request<Outcome>({ regime: "plain", name });
      // The last first: nothing that a later one needs was run before.
      for (const [index, one] of [...parked.entries()].reverse()) {
        const outcome = await writer.request<Outcome>({ regime: "carry-on", name, parked: one });
        expect({ index, end: outcome.end, trace: outcome.trace }).toEqual({ index, end, trace });
      }
    },
  );

  it.each(Object.entries(read(file).waits))("still has a pending %s", (name, snapshot) => {
    const run = load(snapshot);
    const { kind, value } = waits[name]!;
    expect([...run.waits.values()].map(({ wait }) => wait!.kind).sort()).toContain(kind);
    answer(run, value);
    const { x } = result(run) as { x: { value: unknown } };
    expect(x.value).toEqual(value);
  });

  it.each(Object.entries(read(file).large))("still has large %s", (name, { run, chunks }) => {
    const decoded = load(run, { chunks: unpacked(chunks) });
    answer(decoded, null);
    expect(difference(large[name]!(), (result(decoded) as { x: unknown }).x)).toBeNull();
  });

  it("still tells that a promise of unmarked code was interrupted", async () => {
    const run = load(read(file).native);
    answer(run, null);
    await expect((result(run) as { x: Promise<unknown> }).x).rejects.toThrow(Interrupted);
  });

  it("still has Temporal, or says that this engine lacks it", () => {
    const text = read(file).temporal;
    if (!("Temporal" in globalThis)) {
      expect(() => load(text)).toThrow(/CF2103.*Temporal\.\w+, which this engine does not have/);
      return;
    }
    const run = load(text);
    expect(encodeRun(run).text).toBe(text);
    answer(run, null);
    const { x } = result(run) as { x: object[] };
    const told = (values: readonly object[]) =>
      values.map((one) => [Object.prototype.toString.call(one), String(one), JSON.stringify(fields(one))]);
    expect(told(x)).toEqual(told(temporal()));
  });

  it("still has one arguments object with the parameters", () => {
    sloppy();
    for (const snapshot of read(file).sloppy) {
      const run = load(snapshot);
      while (run.root!.state === 0) answer(run, null);
      expect(result(run)).toEqual([6, 7, 3, 4, false]);
    }
  });
});

it("the corpus of the current format has every kind of node", () => {
  const values = JSON.parse(readFileSync(join(folder, `format-${FORMAT_VERSION}.json`), "utf8")) as {
    readonly run: string;
  }[];
  const { programs, waits: held, large: cut, native, temporal: dates, sloppy: parks } = read(current);
  const snapshots = [
    ...files.flatMap((file) =>
      read(file).programs.flatMap(({ parked }) => parked.map(({ snapshot }) => snapshot)),
    ),
    ...Object.values(held),
    ...Object.values(cut).map(({ run }) => run),
    ...[native, dates, ...parks],
    ...values.map(({ run }) => run),
  ];
  const there = new Set(snapshots.flatMap(kindsIn));
  expect([...runKinds.byTag.keys()].filter((tag) => !there.has(tag as string))).toEqual([]);
  expect(programs.map(({ name }) => name)).toEqual(names);
  expect(Object.keys(held)).toEqual(Object.keys(waits));
});
