/**
 * Random programs and the fixtures, edited at each statement, parked at each await. `FUZZ_SECONDS` sets the time (and a new
 * seed), `FUZZ_SEED` the seed, `FUZZ_PART` one of the two: "programs" or "fixtures". A failure prints the seed, both programs and what came of it.
 */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { idle } from "../fixtures/plain.ts";
import { root, sources } from "../fixtures/workshop.ts";
import { type Edit, editsOf } from "./edits.ts";
import { unload } from "./load.ts";
import { asProgram, Subject, type Tally } from "./metamorphic.ts";
import { additions, type Random, randomFrom, randomProgram } from "./random-program.ts";

const seconds = Number(process.env["FUZZ_SECONDS"] ?? 0);
const seed = Number(process.env["FUZZ_SEED"] ?? (seconds > 0 ? Date.now() % 2 ** 31 : 1));
const part = process.env["FUZZ_PART"];
const programs = seconds > 0 ? Number.POSITIVE_INFINITY : 20;
/** Edits that are tried of each program, and of each fixture. */
const ofProgram = seconds > 0 ? 60 : 8;
const ofFixture = seconds > 0 ? 20 : 2;
/** Fixtures. */
const fixtures = seconds > 0 ? Number.POSITIVE_INFINITY : 40;
const insertions = [`log("new");`, `await ext("new", 1);`];
const limit = Math.max(120_000, (seconds + 120) * 1000);

// Programs may leave rejected promises behind; what matters is what they did and how they ended.
const listeners = process.listeners("unhandledRejection");
beforeAll(() => {
  process.removeAllListeners("unhandledRejection").on("unhandledRejection", () => {});
});
afterAll(async () => {
  unload();
  await idle();
  process.removeAllListeners("unhandledRejection");
  for (const listener of listeners) process.on("unhandledRejection", listener);
});

/** Some of a list, each once. */
function* some<T>(list: readonly T[], most: number, random: Random): Generator<T> {
  const left = [...list];
  for (let i = 0; i < most && left.length > 0; i++) yield left.splice(random(left.length), 1)[0]!;
}

const emptyTally = (): Tally => ({ wentOn: 0, blocked: 0, reasons: new Map() });

const OWN_STEPS = "a step with a body of its own is an await of the run, and none of the uncompiled program";

/** What these edits do not read, and why. */
const unread: Readonly<Record<string, string>> = {
  "fixtures/waits/own-steps.ts": OWN_STEPS,
  "fixtures/waits/static-steps.ts": OWN_STEPS,
  "fixtures/unsavable/library.ts": "imported by values.ts",
  "fixtures/unsavable/values.ts": "no program: the checker reads it",
};

/** Edits that have a fixture do what engines differ in. */
const exempt: Readonly<Record<string, RegExp>> = {
  "fixtures/async-generators/delegation-protocol.ts": /line 69/,
};

interface Sweep {
  /** Fixtures of which there are no edits left. */
  done: number;
  edits: number;
}

/** Some edits of each fixture, and so again, until the time is over or all have been tried. */
async function sweep(paths: readonly string[], random: Random, tally: Tally): Promise<Sweep> {
  const end = Date.now() + seconds * (part === "fixtures" ? 1000 : 300);
  const left = new Map<string, Edit[]>();
  const told: Sweep = { done: 0, edits: 0 };
  for (const path of paths) left.set(path, []);
  for (let round = 0; left.size > 0; round++) {
    for (const path of [...left.keys()]) {
      if (seconds > 0 && Date.now() > end) return told;
      const source = asProgram(readFileSync(root + path, "utf8"));
      const subject = await Subject.of(source);
      if (round === 0)
        left.set(path, [...some(editsOf(subject.source, insertions), Number.POSITIVE_INFINITY, random)]);
      const edits = left.get(path)!;
      for (const edit of edits.splice(0, ofFixture)) {
        if (exempt[path]?.test(edit.what)) continue;
        told.edits++;
        const wrong = await subject.check(edit, random, tally).catch((error: Error) => {
          throw new Error(`seed ${seed}, ${path}\n\n${edit.what}, in\n\n${edit.edited}`, { cause: error });
        });
        if (wrong !== null) expect.fail(`seed ${seed}, ${path}\n\n${wrong}`);
      }
      if (edits.length > 0 && seconds > 0) continue;
      left.delete(path);
      told.done++;
    }
  }
  return told;
}

test.skipIf(part === "fixtures")(
  "a random program that is edited while it is parked",
  async () => {
    const end = Date.now() + seconds * (part === "programs" ? 1000 : 700);
    const tally = emptyTally();
    for (let i = 0; i < programs && (seconds === 0 || Date.now() < end); i++) {
      const random = randomFrom(seed + i);
      const subject = await Subject.of(randomProgram(random));
      for (const edit of some(editsOf(subject.source, additions), ofProgram, random)) {
        const wrong = await subject.check(edit, random, tally);
        if (wrong !== null) expect.fail(`seed ${seed + i}\n\n${wrong}`);
      }
    }
    // Most edits leave most awaits as they were: a build that blocks everything would be safe, and of no use.
    expect(tally.wentOn).toBeGreaterThan(tally.blocked);
    if (process.env["FUZZ_TELL"]) console.log(tally);
  },
  limit,
);

test.skipIf(part === "programs")(
  "a fixture that is edited while it is parked",
  async () => {
    const random = randomFrom(seed);
    const tally = emptyTally();
    const paths = sources("fixtures").filter((path) => path !== "fixtures/world.ts" && !(path in unread));
    const told = await sweep([...some(paths, fixtures, random)], random, tally);
    expect(tally.wentOn).toBeGreaterThan(tally.blocked);
    if (process.env["FUZZ_TELL"]) console.log(told, tally);
  },
  limit,
);
