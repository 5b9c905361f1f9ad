/**
 * Random programs and the fixtures, edited at each statement, parked at each await. `FUZZ_SECONDS` sets the time (and a new
 * seed), `FUZZ_SEED` the seed. A failure prints the seed, both programs and what came of it.
 */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { idle } from "../fixtures/plain.ts";
import { root, sources } from "../fixtures/workshop.ts";
import { type Edit, editsOf } from "./edits.ts";
import { unload } from "./load.ts";
import { Subject, type Tally } from "./metamorphic.ts";
import { additions, type Random, randomFrom, randomProgram } from "./random-program.ts";

const seconds = Number(process.env["FUZZ_SECONDS"] ?? 0);
const seed = Number(process.env["FUZZ_SEED"] ?? (seconds > 0 ? Date.now() % 2 ** 31 : 1));
const programs = seconds > 0 ? Number.POSITIVE_INFINITY : 20;
/** Edits that are tried of each program, and of each fixture. */
const ofProgram = seconds > 0 ? 60 : 8;
const ofFixture = seconds > 0 ? 20 : 2;
/** Fixtures. */
const fixtures = seconds > 0 ? Number.POSITIVE_INFINITY : 40;
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

test(
  "a random program that is edited while it is parked",
  async () => {
    const end = Date.now() + seconds * 700;
    const tally = emptyTally();
    for (let i = 0; i < programs && (seconds === 0 || Date.now() < end); i++) {
      const random = randomFrom(seed + i);
      const subject = await Subject.of(randomProgram(random));
      for (const edit of some(editsOf(subject.source, additions), ofProgram, random)) {
        const wrong = await subject.check(edit, tally);
        if (wrong !== null) expect.fail(`seed ${seed + i}\n\n${wrong}`);
      }
    }
    // Most edits leave most awaits as they were: a build that blocks everything would be safe, and of no use.
    expect(tally.wentOn).toBeGreaterThan(tally.blocked);
    if (process.env["FUZZ_TELL"]) console.log(tally);
  },
  limit,
);

test(
  "a fixture that is edited while it is parked",
  async () => {
    const end = Date.now() + seconds * 300;
    const random = randomFrom(seed);
    const tally = emptyTally();
    let subjects = 0;
    const paths = sources("fixtures").filter((path) => path !== "fixtures/world.ts");
    for (const path of some(paths, fixtures, random)) {
      if (seconds > 0 && Date.now() > end) break;
      const source = readFileSync(root + path, "utf8");
      let subject: Subject;
      let edits: Edit[];
      try {
        subject = await Subject.of(source);
        edits = editsOf(source, [`log("new");`, `await ext("new", 1);`]);
      } catch {
        // It needs what this loader does not have, or is written in what these edits cannot read.
        continue;
      }
      subjects++;
      for (const edit of some(edits, ofFixture, random)) {
        const wrong = await subject.check(edit, tally);
        if (wrong !== null) expect.fail(`seed ${seed}, ${path}\n\n${wrong}`);
      }
    }
    expect(subjects).toBeGreaterThan(seconds > 0 ? 0 : 10);
    if (process.env["FUZZ_TELL"]) console.log(subjects, tally);
  },
  limit,
);
