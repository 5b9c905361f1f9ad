/**
 * Mutants of snapshots: an error of ours with a code, or a valid restore; in less than a second, in bounded memory, and nothing
 * that others share has changed. `npm run fuzz:snapshots -- --time 600` makes as many as that time allows.
 */
import { expect, it } from "vitest";
import { encodeRun, NO_CHUNKS } from "../../runtime/snapshot/index.ts";
import { examine, examineValue, Mutator, Random, samples, sharedState, valueSample } from "./mutants.ts";
import { begin, hold, load } from "./programs.ts";

const seconds = Number(process.env.FUZZ_SECONDS ?? 0);
const seed = Number(process.env.FUZZ_SEED ?? 1);
/** Without a time budget. */
const BOUNDED = 10_000;
const BATCH = 1000;
/** Milliseconds of the processor; what the process does besides, as collecting garbage, gets a second chance. */
const HANG = 1000;
/** Bytes of memory per byte of a mutant and its chunks, and what any reading may take. */
const MULTIPLE = 100;
const BASE = 8 * 1024 * 1024;

it("mutants end in an error of ours, or are restored", { timeout: (seconds + 120) * 1000 }, () => {
  const all = samples();
  const mutator = new Mutator(seed, all);
  const shared = sharedState();
  const ends = new Map<string, number>();
  const started = performance.now();
  let count = 0;
  let slowest = 0;
  let hungriest = 0;
  while (seconds > 0 ? performance.now() - started < seconds * 1000 : count < BOUNDED) {
    for (let i = 0; i < BATCH; i++, count++) {
      const mutant = mutator.next();
      const size = [...mutant.chunks.values()].reduce((sum, { length }) => sum + length, mutant.text.length);
      let outcome: ReturnType<typeof examine>;
      try {
        outcome = examine(mutant, i % 20 === 0);
        if (outcome.ms > HANG) outcome = examine(mutant);
      } catch (error) {
        throw new Error(`mutant ${count} of seed ${seed}: ${String(error)}\n${mutant.text.slice(0, 5000)}`, {
          cause: error,
        });
      }
      ends.set(outcome.end, (ends.get(outcome.end) ?? 0) + 1);
      slowest = Math.max(slowest, outcome.ms);
      if (outcome.memory > BASE) hungriest = Math.max(hungriest, (outcome.memory - BASE) / size);
      if (outcome.ms > HANG || outcome.memory > BASE + MULTIPLE * size)
        expect.fail(
          `mutant ${count} of seed ${seed}: ${outcome.ms} ms, ${outcome.memory} bytes\n${mutant.text.slice(0, 5000)}`,
        );
    }
    expect(sharedState(), `after mutant ${count} of seed ${seed}`).toBe(shared);
  }
  if (seconds > 0) {
    const told = [...ends].map(([end, times]) => `${end} ${times}`).join(", ");
    console.log(`${count} mutants of ${all.length} snapshots, seed ${seed}: ${told}`);
    console.log(
      `slowest ${slowest.toFixed(0)} ms, ${hungriest.toFixed(1)} bytes of memory per byte beyond 8 MB`,
    );
  }
  expect([...ends.keys()].sort()).toEqual(["CF2102", "CF2103", "ok"]);
});

it("mutants of values, too", { timeout: (seconds + 120) * 1000 }, () => {
  const random = new Random(seed);
  const value = valueSample();
  const shared = sharedState();
  const pieces = ["", "[", "]", "{", "}", ",", '"', "0", "[0]", '["tdz"]', '"__proto__"', "e99", "-"];
  for (let i = 0; i < 2000; i++) {
    const at = random.below(value.length);
    const end = examineValue(value.slice(0, at) + random.of(pieces) + value.slice(at + random.below(4)));
    expect(["ok", "CF2102", "CF2103"]).toContain(end);
  }
  expect(sharedState()).toBe(shared);
});

it("the samples themselves are sound", () => {
  for (const { text, chunks } of samples()) {
    expect(examine({ text, chunks }).end).toBe("ok");
    expect(encodeRun(load(text, { chunks }), { chunks: NO_CHUNKS }).text.length).toBeGreaterThan(0);
  }
  expect(begin(hold, () => 1).root).not.toBeNull();
});
