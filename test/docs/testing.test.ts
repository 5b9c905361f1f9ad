/** The tests of docs/testing.md pass, in a vitest of their own with the plugin of `dist/`. */
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { openPage } from "./pages.ts";

const page = openPage("testing.md");
afterAll(() => page.remove());
const vitest = fileURLToPath(new URL("../../node_modules/vitest/vitest.mjs", import.meta.url));

test("all of them", async () => {
  const { stdout } = await page.run(vitest, "run", "--root", page.folder, "--reporter", "json");
  const report = JSON.parse(stdout) as { numPassedTests: number; numTotalTests: number };
  expect(report).toMatchObject({ success: true, numPassedTests: 7, numTotalTests: 7 });
});
