/** The built command line and a sealed database: with the module that seals, and without. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { here, main, node, root } from "./support/command-line.ts";

const folder = mkdtempSync(join(tmpdir(), "coldframe-cli-seal-"));
const store = join(folder, "sealed.db");
const seal = "test/cli/support/seal.ts";

const bare = (...words: string[]) => here(words, { COLDFRAME_STORE: store });
/** In a process of its own, into which the module that seals is loaded. */
const cli = (...words: string[]) => node([main, ...words], { COLDFRAME_STORE: store, COLDFRAME_SEAL: seal });
const child = (...words: string[]) => node([main, ...words], { COLDFRAME_STORE: store });

beforeAll(async () => {
  const { code, err } = await node([
    "--import",
    "coldframe/register",
    "test/cli/support/seed-sealed.ts",
    store,
  ]);
  if (code !== 0) throw new Error(err);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a sealed database", () => {
  test("is listed without the key; what needs it says so and changes nothing", async () => {
    expect((await bare("runs")).out).toContain("order-1");
    for (const words of [
      ["show", "order-1"],
      ["send", "confirm a lamp", "true"],
      ["resolve", "order-1", "1"],
      ["clone", "order-1"],
      ["restart", "order-1"],
      ["cancel", "order-1", "--force"],
      ["work", "test/cli/support/flows.ts"],
    ]) {
      const { code, out, err } = await (words[0] === "work" ? child : bare)(...words);
      expect([words[0], code, out]).toEqual([words[0], 1, ""]);
      expect(err).toMatch(/CF2201 .*is sealed with gzip\+aes-gcm\. Name the module .* --seal <module>/);
    }
    expect(JSON.parse((await bare("runs", "--json")).out)).toMatchObject([
      { id: "inventory-1", status: "active" },
      { id: "order-1", status: "active" },
    ]);
  });

  test("is shown with the key, from the environment or the command line", async () => {
    const shown = (await cli("show", "order-1")).out;
    expect(shown).toMatch(/waits for event confirm a lamp\n {2}for .*, times out in 3 days\n/);
    expect(shown).toContain('notes = ["a lamp costs 6"]');
    const named = await child("--seal", seal, "show", "order-1", "--json");
    expect(JSON.parse(named.out).waits[0].name).toBe("confirm a lamp");
    expect(named.out).not.toContain("secret");
  });

  test("is shown with what stands in its large values", async () => {
    const shown = (await cli("show", "inventory-1")).out;
    expect(shown).toMatch(/rows += \[\{ id: 0, name: "article 0" \}, /);
    expect(shown).toMatch(/report = "a line of the report/);
    expect(shown.length).toBeLessThan(3000);
  });

  test("a module that is not there, or does not seal, is an error", async () => {
    expect(await child("show", "order-1", "--seal", "./none.ts")).toMatchObject({ code: 3 });
    writeFileSync(join(folder, "odd.mjs"), "export const other = 1;");
    const odd = await child("show", "order-1", "--seal", join(folder, "odd.mjs"));
    expect(odd.code).toBe(2);
    expect(odd.err).toMatch(/CF3201 .*it exports no function "seal"/);
  });

  test("is answered and worked on with the key", async () => {
    const worker = spawn(
      process.execPath,
      [main, "work", "test/cli/support/flows.ts", "--seal", seal, "--store", store],
      {
        cwd: root,
      },
    );
    const closed = once(worker, "close");
    expect((await cli("send", "confirm a lamp", '{"yes":true}')).out).toMatch(/^(delivered|kept)/);
    while (!/order-1 +order +done/.test((await bare("runs")).out))
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await cli("show", "order-1")).out).toContain("ordered a lamp: a lamp costs 6");
    const without = await bare("runs");
    expect(without.out).toMatch(/order-1 +order +done/);
    worker.kill("SIGTERM");
    expect((await closed)[0]).toBe(0);
  });
});
