/**
 * The matrix of contract §6: pairs of versions under `fixtures/migrate/`. A run is parked at each await of the old version and carried
 * on under the new one. What the checker predicts is what happens, and what goes on ends as one of the versions would have.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import {
  type Change,
  compare,
  Schemas,
  SourceProgram,
  type Verdict,
  withTypes,
} from "../../checker/index.ts";
import type { Manifest } from "../../compiler/index.ts";
import type { Engine, RunState } from "../../runtime/index.ts";
import { describe as describeSnapshot } from "../../runtime/snapshot/index.ts";
import { Stage } from "../engine/stage.ts";
import { load } from "./load.ts";

const folder = fileURLToPath(new URL("../../fixtures/migrate/", import.meta.url));
const names = readdirSync(folder).sort();
/** What the versions of a row expect from the outside, in no order: keys of events and their payloads. */
const events: Readonly<Record<string, number>> = {
  ...{ zero: 7, first: 10, between: 20, second: 30, third: 40, other: 50 },
  ...{ "item-0": 60, "item-1": 70, "item-2": 80 },
};
const START = 3;

/** Where new code does what neither version would do alone, and rightly so: one half of each. */
const halves: Readonly<Record<string, readonly unknown[]>> = {
  // What the old version did before its await stays done.
  "closure-body-changed": [[6, 10, 10]],
  "closure-captures-less": [[14, 10, 10]],
  "closure-captures-more": [[14, 10, 10]],
  "closures-swapped": [["undo one 3", "undo one 3"]],
  "function-body-changed": [[13, 44]],
};

let stages: Stage[] = [];
afterEach(async () => {
  for (const stage of stages) await stage.close();
  stages = [];
});

function stage(): Stage {
  const one = new Stage();
  stages.push(one);
  return one;
}

const sourceOf = (name: string, version: "before" | "after") =>
  readFileSync(join(folder, name, `${version}.ts`), "utf8");
/** With types, as the checker has them. Both versions are the same module. */
const program = new SourceProgram(
  fileURLToPath(new URL("../checker/tsconfig.json", import.meta.url)),
  folder,
  () => ({
    filename: "flow.ts",
    moduleId: "shop/flow.ts",
  }),
);
function manifestOf(name: string, version: "before" | "after"): Manifest {
  const module = program.modules.get(join(folder, name, `${version}.ts`))!;
  return withTypes(module, module.manifest!, program);
}

const state = async (engine: Engine): Promise<RunState> => (await engine.get("run"))!;
const ended = ({ status }: RunState) => ["done", "failed", "blocked"].includes(status);

/** Answers what the run waits for. */
async function answer(engine: Engine, times: number): Promise<void> {
  const { waits, turn } = await state(engine);
  for (const [i, wait] of waits.entries()) {
    const key = wait.name;
    await engine.send(key, events[key] ?? 90 + times, { id: `${key} ${times} ${i}` });
  }
  await currentStage.when(async () => {
    const now = await state(engine);
    return ended(now) || now.turn > turn;
  });
}
let currentStage: Stage;

async function parkedOrEnded(engine: Engine): Promise<RunState> {
  await currentStage.when(async () => {
    const now = await state(engine);
    return ended(now) || (now.status === "active" && now.waits.length > 0);
  });
  return state(engine);
}

interface Parked {
  /** `code at point` of each task. */
  readonly at: readonly string[];
  readonly engine: Engine;
  readonly kill: () => void;
}

/** A run under the old version after `wakes` answers; null when it has ended by then. */
async function park(source: string, wakes: number): Promise<Parked | null> {
  currentStage = stage();
  const { engine, kill } = await currentStage.mortal();
  await engine.start(load(source)["flow"]!, [START], { id: "run" });
  for (let i = 0; ; i++) {
    if (ended(await parkedOrEnded(engine))) return null;
    if (i === wakes) break;
    await answer(engine, i);
  }
  const row = (await currentStage.data.connect().read.run("run"))!;
  const at = describeSnapshot(row.snapshot!).tasks.map(({ code, point }) => `${code} at ${point}`);
  return { at, engine, kill };
}

/** What the run comes to, from where it is. */
async function carryOn(engine: Engine, wakes: number): Promise<{ result?: unknown; blocked?: string }> {
  for (let i = wakes; ; i++) {
    const now = await parkedOrEnded(engine);
    if (now.status === "blocked") return { blocked: now.blocked!.reason };
    if (ended(now)) return { result: await currentStage.until(engine.run("run").result()) };
    await answer(engine, i);
  }
}

async function wholeRun(source: string): Promise<unknown> {
  currentStage = stage();
  const engine = await currentStage.engine();
  await engine.start(load(source)["flow"]!, [START], { id: "run" });
  return (await carryOn(engine, 0)).result;
}

const changesOf = (name: string): Change[] =>
  compare(new Schemas([manifestOf(name, "before")]), new Schemas([manifestOf(name, "after")]));

function predict(changes: readonly Change[]): (at: readonly string[]) => Verdict {
  return (at) => {
    const verdicts = changes
      .filter(({ code, point }) => at.includes(`${code} at ${point}`))
      .map(({ verdict }) => verdict);
    return verdicts.find((one) => one === "lost") ?? verdicts.find((one) => one !== "goes on") ?? "goes on";
  };
}

test("there are at least 40 edits", () => {
  expect(names.length).toBeGreaterThanOrEqual(40);
});

test("a local of another sort stops a run; one of another shape is told of", () => {
  const reasons = changesOf("local-type-changed").map(({ reason }) => reason);
  expect(reasons).toContainEqual(
    expect.stringMatching(/"k" .* was saved as a number, and is always a string now/),
  );
  const retyped = changesOf("local-shape-changed").flatMap((one) => one.retyped);
  expect(retyped).toContainEqual({
    name: "price",
    before: "{ cents: number }",
    after: "{ cents: number; currency: string }",
  });
  expect(changesOf("types-only").flatMap((one) => one.retyped)).toEqual([]);
});

test("the function that another one was renamed to is named", () => {
  const lost = changesOf("function-renamed").filter(({ verdict }) => verdict === "lost");
  expect(lost.map(({ code, renamedTo }) => [code, renamedTo])).toContainEqual([
    "shop/flow.ts#ask",
    "shop/flow.ts#request",
  ]);
});

describe.each(names)("%s", (name) => {
  test("what is predicted happens, and no run ends with a value of no version", async () => {
    const [before, after] = [sourceOf(name, "before"), sourceOf(name, "after")];
    expect(before).not.toBe(after);
    const verdict = predict(changesOf(name));
    const fair = [await wholeRun(before), await wholeRun(after), ...(halves[name] ?? [])].map((one) =>
      JSON.stringify(one),
    );
    let points = 0;
    for (let wakes = 0; ; wakes++) {
      const parked = await park(before, wakes);
      if (parked === null) break;
      points++;
      parked.kill();
      load(after);
      const outcome = await carryOn(await currentStage.engine(), wakes);
      const where = `${name}, parked ${parked.at.join(" and ")}: ${outcome.blocked ?? JSON.stringify(outcome.result)}`;
      const happened = outcome.blocked === undefined ? "goes on" : "blocked";
      expect(verdict(parked.at) === "goes on" ? "goes on" : "blocked", where).toBe(happened);
      if (outcome.blocked === undefined) expect(fair, where).toContain(JSON.stringify(outcome.result));
      else expect(outcome.blocked, where).toContain("CF2103");
    }
    expect(points).toBeGreaterThan(0);
  });
});
