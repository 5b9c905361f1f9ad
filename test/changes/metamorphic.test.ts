/**
 * Random programs and the fixtures, edited at each statement, parked at each await. A failure prints the seed, both programs and
 * what came of it. `FUZZ_SECONDS` sets the time (and a new seed), `FUZZ_SEED` the seed, `FUZZ_PART` one of the two: "programs" or
 * "fixtures", `FUZZ_SHARE` which of the fixtures ("2/8": the second eighth), `FUZZ_AT` a file for what it is at. With a time, it tells
 * how far it came.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { idle } from "../fixtures/plain.ts";
import { root, sources } from "../fixtures/workshop.ts";
import { editsOf } from "./edits.ts";
import { unload } from "./load.ts";
import { asProgram, Subject, type Tally } from "./metamorphic.ts";
import { additions, type Random, randomFrom, randomProgram } from "./random-program.ts";

const seconds = Number(process.env["FUZZ_SECONDS"] ?? 0);
const seed = Number(process.env["FUZZ_SEED"] ?? (seconds > 0 ? Date.now() % 2 ** 31 : 1));
const part = process.env["FUZZ_PART"];
const [share, shares] = (process.env["FUZZ_SHARE"] ?? "1/1").split("/").map(Number) as [number, number];
const programs = seconds > 0 ? Number.POSITIVE_INFINITY : 20;
/** File that says which edit is being tried: it outlives a process that hangs. */
const at = process.env["FUZZ_AT"];
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

const emptyTally = (): Tally => ({ wentOn: 0, blocked: 0, endless: 0, reasons: new Map() });

/** What these edits do not read, and why. */
const unread: Readonly<Record<string, string>> = {
  "fixtures/generators/replaced-symbol.ts": "edited, it leaves the process with another Symbol",
  "fixtures/unsavable/library.ts": "imported by values.ts",
  "fixtures/waits/nested-steps.ts":
    "its steps have variables as of the call, those of the oracle as of when they begin",
  "fixtures/unsavable/steps.ts": "no program: the checker reads it",
  "fixtures/unsavable/values.ts": "no program: the checker reads it",
};

/** Edits that have a fixture do what engines differ in, or compiled code from uncompiled code (docs/differences.md). */
const exempt: Readonly<Record<string, RegExp>> = {
  "fixtures/async-generators/delegation-protocol.ts": /line 69/,
  "fixtures/generators/held-next.ts": /line 39/,
};

interface Sweep {
  readonly fixtures: number;
  /** Fixtures of which there are no edits left. */
  done: number;
  /** Edits of all of them that were looked at. */
  edits: number;
  tried: number;
  /** What came to neither, of each fixture the first. */
  readonly wrong: string[];
}

/** Some edits of each fixture, and so again, until the time is over or all have been tried. */
async function sweep(paths: readonly string[], random: Random, tally: Tally): Promise<Sweep> {
  const end = Date.now() + seconds * (part === "fixtures" ? 1000 : 300);
  /** Which edits have not been tried yet; not the edits, whose texts would fill the memory. */
  const left = new Map<string, number[] | null>(paths.map((path) => [path, null]));
  const told: Sweep = { fixtures: paths.length, done: 0, edits: 0, tried: 0, wrong: [] };
  while (left.size > 0) {
    for (const [path, known] of left) {
      if (seconds > 0 && Date.now() > end) return told;
      const subject = await Subject.of(asProgram(readFileSync(root + path, "utf8")));
      const edits = editsOf(subject.source, insertions).filter(({ what }) => !exempt[path]?.test(what));
      const untried = known ?? [...some([...edits.keys()], edits.length, random)];
      if (known === null) told.edits += edits.length;
      let isWrong = false;
      for (const i of untried.splice(0, ofFixture)) {
        told.tried++;
        const edit = edits[i]!;
        if (at !== undefined) writeFileSync(at, `${path}\n${edit.what}\n`);
        const wrong = await subject
          .check(edit, random, tally)
          .catch((error: Error) => `${edit.what}, in\n\n${edit.edited}\n\n${error.stack}`);
        if (wrong === null) continue;
        // What else is wrong there is mostly the same once more.
        told.wrong.push(`seed ${seed}, ${path}\n\n${wrong}`);
        isWrong = true;
        break;
      }
      if (untried.length > 0 && seconds > 0 && !isWrong) left.set(path, untried);
      else left.delete(path);
      if (untried.length === 0 && !isWrong) told.done++;
    }
  }
  return told;
}

/** In words, how far a part came. */
function tell(what: string, { wentOn, blocked, endless, reasons }: Tally): void {
  if (seconds === 0) return;
  const why = [...reasons].map(([reason, n]) => `${n} ${reason}`).join(", ");
  console.log(
    `${what}: ${wentOn} times a run went on, ${blocked} times it was blocked (${why}), ${endless} edits made it endless`,
  );
}

test.skipIf(part === "fixtures")(
  "a random program that is edited while it is parked",
  async () => {
    const end = Date.now() + seconds * (part === "programs" ? 1000 : 700);
    const tally = emptyTally();
    let i = 0;
    for (; i < programs && (seconds === 0 || Date.now() < end); i++) {
      const random = randomFrom(seed + i);
      const subject = await Subject.of(randomProgram(random));
      for (const edit of some(editsOf(subject.source, additions), ofProgram, random)) {
        const wrong = await subject.check(edit, random, tally);
        if (wrong !== null) expect.fail(`seed ${seed + i}\n\n${wrong}`);
      }
    }
    // Most edits leave most awaits as they were: a build that blocks everything would be safe, and of no use.
    expect(tally.wentOn).toBeGreaterThan(tally.blocked);
    tell(`${i} programs`, tally);
  },
  limit,
);

test.skipIf(part === "programs")(
  "a fixture that is edited while it is parked",
  async () => {
    const random = randomFrom(seed);
    const tally = emptyTally();
    const paths = sources("fixtures")
      .filter((path) => path !== "fixtures/world.ts" && !(path in unread))
      .filter((_, i) => i % shares === share - 1);
    const told = await sweep([...some(paths, fixtures, random)], random, tally);
    tell(`${told.tried} of ${told.edits} edits, all of ${told.done} of ${told.fixtures} fixtures`, tally);
    if (told.wrong.length > 0) expect.fail(told.wrong.join("\n\n----\n\n"));
    // A few edits may all be of one function in which every await is like another.
    if (told.tried >= 100) expect(tally.wentOn).toBeGreaterThan(tally.blocked);
  },
  limit,
);
