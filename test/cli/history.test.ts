/** The commands that go back: history, show --at, fork, rewind, edit. Against a database, without the build. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { edit } from "../../cli/commands/edit.ts";
import { fork, rewind } from "../../cli/commands/go-back.ts";
import { history } from "../../cli/commands/history.ts";
import { show } from "../../cli/commands/show.ts";
import { exitCodeOf } from "../../cli/failure.ts";
import { helpOf } from "../../cli/help.ts";
import type { Page } from "../../cli/page.ts";
import { readArguments } from "../../cli/read-arguments.ts";
import { createEngine } from "../../runtime/index.ts";
import { sqlite } from "../../stores/sqlite/index.ts";
import { load } from "../engine/programs.ts";

const pages = [history, show, fork, rewind, edit];
const folder = mkdtempSync(join(tmpdir(), "coldframe-history-"));
const store = join(folder, "runs.db");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const same = (text: string) => text;

/** What a command line prints. */
async function cli(...words: string[]): Promise<string> {
  const request = readArguments([...words, "--store", store], pages, {});
  if (request.kind !== "run") throw new Error(request.kind);
  const printed: string[] = [];
  await request.page.run(request.invocation, {
    print: (text) => void printed.push(text),
    warn: () => {},
    width: 80,
    style: { bold: same, dim: same, good: same, bad: same, mark: same },
    cwd: folder,
    env: {},
  });
  return printed.join("\n");
}

const turns = async () =>
  (JSON.parse(await cli("history", "r", "--json")).parks as { turn: number }[]).map(({ turn }) => turn);

let hash = "";

beforeAll(async () => {
  const { main } = load(
    `import { event } from "coldframe";
     export async function main() { "use workflow"; let sum = 0; for (;;) sum += await event("n"); }`,
    {},
    "test/sums.ts",
  );
  const engine = await createEngine({ store: sqlite(store), history: 2 });
  await engine.start(main!, [], { id: "r" });
  for (let turn = 1; turn <= 3; turn++) {
    for await (const state of engine.run("r").watch()) if (state.turn >= turn && state.worker === null) break;
    if (turn < 3) await engine.send("n", 10 ** turn);
  }
  hash = (await engine.get("r"))!.waits[0]!.stack[0]!.hash;
  await engine.close();
});

describe("the past of a run", () => {
  test("is a table in 80 columns, and JSON", async () => {
    const lines = (await cli("history", "r")).split("\n");
    expect(lines[0]).toMatch(/^TURN +SAVED +WAITS FOR +AT$/);
    expect(lines.slice(1).map((line) => line.trim().split(/ +/)[0])).toEqual(["1", "2", "3"]);
    expect(lines.at(-1)).toMatch(/event n +sums\.ts:\d+ +now$/);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    expect(JSON.parse(await cli("history", "r", "--json", "--limit", "1"))).toMatchObject({
      keeps: 2,
      parks: [{ turn: 3, isPresent: true }],
    });
  });

  test("is shown as it was", async () => {
    expect(await cli("show", "r")).toContain("sum = 110");
    expect(await cli("show", "r", "--at", "-2")).toContain("sum = 0");
    expect(await cli("show", "r", "--at=2")).toContain("sum = 10");
    expect(JSON.parse(await cli("show", "r", "--at", "1", "--json")).run.turn).toBe(1);
  });

  test("is gone back to, by a fork and by the run", async () => {
    expect(await cli("fork", "r", "--at", "-1", "--id", "f")).toBe("f");
    expect(await cli("show", "f")).toContain("sum = 10\n".trim());
    expect(await cli("history", "f")).toMatch(/turn 1: forked from r at turn 2 by .*@/);
    expect(JSON.parse(await cli("rewind", "r", "--at", "1", "--json"))).toEqual({ id: "r", turn: 4 });
    expect(await turns()).toEqual([2, 3, 4]);
    expect(await cli("history", "r")).toMatch(/turn 4: set back to turn 1/);
  });

  test("is edited, with the types of the lock file", async () => {
    await expect(cli("edit", "r", "sum=5")).rejects.toMatchObject({ code: "CF3122" });
    const opened = sqlite(store);
    await opened.migrate();
    await opened.suspend("r");
    await opened.close();
    expect(await cli("edit", "r", "sum=5")).toBe("r: sum edited, as turn 5");
    expect(await cli("show", "r")).toContain("sum = 5");
    const codes = { [`test/sums.ts#main@${hash}`]: { types: { sum: "number" } } };
    writeFileSync(join(folder, "coldframe.lock.json"), JSON.stringify({ codes }));
    await expect(cli("edit", "r", 'sum="5"')).rejects.toMatchObject({ code: "CF3124" });
    await expect(cli("edit", "r", "total=5")).rejects.toMatchObject({ code: "CF3123" });
    await expect(cli("edit", "r", "sum=five")).rejects.toMatchObject({ code: "CF3202" });
    for (const words of [["sum"], ["=5"], []])
      await expect(cli("edit", "r", ...words)).rejects.toMatchObject({ code: "CF3201" });
    await expect(cli("edit", "r", "sum=6", "--lock", "none.json")).rejects.toMatchObject({ code: "CF3203" });
    writeFileSync(join(folder, "broken.json"), "{");
    await expect(cli("edit", "r", "sum=6", "--lock", "broken.json")).rejects.toMatchObject({
      code: "CF3301",
    });
  });

  test("is refused where there is none", async () => {
    for (const command of ["show", "fork", "rewind"]) {
      const error = await cli(command, "r", "--at", "99").catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "CF3120" });
      expect(exitCodeOf(error)).toBe(3);
      await expect(cli(command, "nobody", "--at", "1")).rejects.toMatchObject({ code: "CF3101" });
      for (const at of ["0", "x", "1.5"])
        await expect(cli(command, "r", "--at", at)).rejects.toMatchObject({ code: "CF3201" });
    }
    await expect(cli("history", "nobody")).rejects.toMatchObject({ code: "CF3101" });
    await expect(cli("rewind", "r")).rejects.toMatchObject({ code: "CF3201" });
  });
});

test.each(pages.map((page) => [page.name, page] as const))("help of %s fits 80 columns", (_, page: Page) => {
  for (const line of helpOf(page).split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
});
