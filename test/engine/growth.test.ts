/** A loop that goes on for ever costs as much after many rounds as after few: in rows, and in the snapshot. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createEngine } from "../../runtime/index.ts";
import { openDriver } from "../../stores/sqlite/driver.ts";
import { sqlite } from "../../stores/sqlite/index.ts";
import { load } from "./programs.ts";

const { main } = load(
  `import { event, sleep } from "coldframe";
   async function work(i) { "use step"; return { i }; }
   async function broken() { "use step"; throw new Error("broken"); }
   export async function main(rounds) {
     "use workflow";
     const stop = event({ key: "stop " + rounds });
     let done = 1_000_000;
     for (let i = 0; i < rounds; i++) {
       await Promise.race([stop, work(done++)]);
       await Promise.race([event({ timeout: "1h" }), work(done), sleep(60_000)]);
       try { await broken(); } catch { await sleep(0); }
     }
     await event({ key: "go on" });
   }`,
);

async function parkedAfter(rounds: number): Promise<{ rows: Record<string, number>; snapshot: number }> {
  const folder = mkdtempSync(join(tmpdir(), "coldframe-growth-"));
  const file = join(folder, "runs.db");
  await using engine = await createEngine({ store: sqlite(file) });
  const run = await engine.start(main!, [rounds]);
  let snapshot = 0;
  for await (const state of run.watch()) {
    snapshot = state.snapshot?.length ?? 0;
    if (state.waits.some(({ name }) => name === "go on")) break;
  }
  const driver = openDriver(file, 1000);
  const rows: Record<string, number> = {};
  for (const { name } of driver.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all()) {
    rows[name] = driver.prepare(`SELECT count(*) AS rows FROM "${name}"`).get()!.rows;
  }
  driver.close();
  rmSync(folder, { recursive: true });
  return { rows, snapshot };
}

test("rows and bytes stay the same", async () => {
  const few = await parkedAfter(3);
  const many = await parkedAfter(300);
  expect(many.rows).toEqual(few.rows);
  // Ids of waits have more digits.
  expect(many.snapshot - few.snapshot).toBeLessThan(20);
});
