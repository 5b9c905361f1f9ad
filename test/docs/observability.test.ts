/** The programs of docs/observability.md print what the page says. They run `dist/`. */
import { afterAll, expect, test } from "vitest";
import { openPage } from "./pages.ts";

const page = openPage("observability.md");
afterAll(() => page.remove());
/** What it prints; places in the source are relative to the package, in which the page has a folder. */
async function run(file: string): Promise<string> {
  const { stdout } = await page.run("--import", "coldframe/register", file);
  return stdout.replaceAll(/test\/docs\/\.page-\w+\//g, "");
}

test.each(["facts.ts", "telemetry.ts", "log.ts"])("%s", async (file) => {
  expect(await run(file)).toBe(page.printed.get(file));
});

test("channel.ts", async () => {
  expect((await run("channel.ts")).split("\n")).toEqual([
    "started",
    "parked",
    "step.started",
    "step.ended",
    "woken",
    "parked",
    "woken",
    "finished",
    "refused",
    "",
  ]);
});
