/**
 * Code that changes under a parked run: the table of the contract. Each row parks the old version at the event `go`, loads the
 * new one in its place, and lets a fresh engine carry on.
 */
import { afterEach, describe, expect, test } from "vitest";
import type { RunState } from "../../runtime/index.ts";
import { Stage } from "../engine/stage.ts";
import { load } from "./load.ts";

let stages: Stage[] = [];
afterEach(async () => {
  for (const stage of stages) await stage.close();
  stages = [];
});

const header = `"use workflow";\nimport { event } from "coldframe";\n`;
const flow = (body: string, rest = "") => `${header}${rest}export async function flow(n) {\n${body}\n}\n`;

/** @returns what the run came to: its result, or why it is blocked */
async function carryOver(before: string, after: string): Promise<{ result?: unknown; blocked?: string }> {
  const stage = new Stage();
  stages.push(stage);
  const old = await stage.mortal();
  await old.engine.start(load(before)["flow"]!, [3], { id: "run" });
  await stage.when(
    async () => (await old.engine.get("run"))?.status === "active" && (await waiting(old.engine.get("run"))),
  );
  old.kill();
  load(after);
  const engine = await stage.engine();
  await engine.send("go", 100, { id: "go" });
  await engine.send("again", 1000, { id: "again" });
  let state: RunState | null = null;
  await stage.when(async () => {
    state = await engine.get("run");
    return state !== null && ["done", "failed", "blocked"].includes(state.status);
  });
  if (state!.status === "blocked") return { blocked: JSON.stringify(state!.blocked) };
  return { result: await stage.until(engine.run("run").result()) };
}

const waiting = async (state: Promise<RunState | null>) => ((await state)?.waits.length ?? 0) > 0;

describe("a run goes on under", () => {
  const go = `const a = await event({ key: "go" });`;
  const base = flow(`const k = n * 2;\n${go}\nreturn [a, k];`);

  test.each([
    [
      "comments and formatting",
      flow(`const k = n * 2; // twice\n\n  ${go}\n  /* both */ return [a, k];`),
      [100, 6],
    ],
    [
      "a statement added before",
      flow(`const k = n * 2;\nconst unused = 1;\n${go}\nreturn [a, k];`),
      [100, 6],
    ],
    [
      "a statement added behind",
      flow(`const k = n * 2;\n${go}\nconst more = k + 1;\nreturn [a, k, more];`),
      [100, 6, 7],
    ],
    [
      "an await added behind",
      flow(`const k = n * 2;\n${go}\nconst b = await event({ key: "again" });\nreturn [a, k, b];`),
      [100, 6, 1000],
    ],
    [
      "another function changed",
      flow(`const k = n * 2;\n${go}\nreturn [a, k];`, "function other() { return 1; }\n"),
      [100, 6],
    ],
    ["a local that is no longer needed", flow(`const k = n * 2;\n${go}\nreturn [a];`), [100]],
    [
      "a local that moved to a scope record, because a closure uses it now",
      flow(`const k = n * 2;\n${go}\nconst read = () => k;\nreturn [a, read()];`),
      [100, 6],
    ],
  ])("%s", async (_name, after, result) => {
    expect(await carryOver(base, after)).toEqual({ result });
  });

  test("a local that moved back to the frame, because no closure uses it any more", async () => {
    const before = flow(`const k = n * 2;\n${go}\nconst read = () => k;\nreturn [a, read()];`);
    expect(await carryOver(before, base)).toEqual({ result: [100, 6] });
  });

  test("a callee with another body", async () => {
    const caller = flow(
      `const x = await inner(n);\nreturn [x];`,
      `async function inner(n) { ${go} return a + n; }\n`,
    );
    const changed = flow(
      `const x = await inner(n);\nreturn [x, "new"];`,
      `async function inner(n) { ${go} return a + n + 1; }\n`,
    );
    expect(await carryOver(caller, changed)).toEqual({ result: [104, "new"] });
  });
});

describe("a run is blocked, and untouched, by", () => {
  const base = flow(`const k = n * 2;\nconst a = await event({ key: "go" });\nreturn [a, k];`);

  test.each([
    [
      "the statement of its own await changed",
      flow(`const k = n * 2;\nconst a = 1 + (await event({ key: "go" }));\nreturn [a, k];`),
      /await|point/,
    ],
    ["its await removed", flow(`const k = n * 2;\nreturn [0, k];`), /await|point/],
    [
      "its await wrapped in a loop",
      flow(`let a, k = n * 2;\nfor (;;) {\na = await event({ key: "go" }); break; }\nreturn [a, k];`),
      /await|point/,
    ],
    [
      "a local newly needed",
      flow(`const k = n * 2;\nconst m = n + 1;\nconst a = await event({ key: "go" });\nreturn [a, k, m];`),
      /migration needed.*\bm\b/,
    ],
    [
      "a local renamed",
      flow(`const twice = n * 2;\nconst a = await event({ key: "go" });\nreturn [a, twice];`),
      /migration needed.*\btwice\b/,
    ],
    ["its function renamed", `${header}export async function other(n) {\nreturn n; }\n`, /flow/],
  ])("%s", async (_name, after, reason) => {
    const { blocked } = await carryOver(base, after);
    expect(blocked).toMatch(reason);
  });

  test("two awaits swapped: never the values swapped", async () => {
    const one = `const a = await event({ key: "go" });`;
    const two = `const b = await event({ key: "again" });`;
    const { blocked } = await carryOver(
      flow(`${one}\n${two}\nreturn { a, b };`),
      flow(`${two}\n${one}\nreturn { a, b };`),
    );
    expect(blocked).toMatch(/migration needed.*\bb\b/);
  });

  test("one of two equal awaits removed", async () => {
    const wait = `await event({ key: "go" });`;
    const { blocked } = await carryOver(
      flow(`${wait}\nn++;\n${wait}\nreturn n;`),
      flow(`n++;\n${wait}\nreturn n;`),
    );
    expect(blocked).toMatch(/ambiguous/);
  });
});
