/**
 * Programs in the manner of conformance suites, after ECMA-262. Each runs natively, which is the oracle, compiled with all its
 * functions, and compiled and parked between any two jobs; as sloppy and as strict code. All must pass and print the same.
 *
 * `// flags: async` calls `done`; `sloppy`, `strict`: in this mode only. Programs called `todo-…` are known to fail.
 */
import { readdirSync, readFileSync } from "node:fs";
import type vm from "node:vm";
import { beforeAll, expect, test } from "vitest";
import { compile } from "../../compiler/index.ts";
import { bundleRuntime, evaluate, type Outcome } from "./realm.ts";

const here = new URL(".", import.meta.url);
const harness = readFileSync(new URL("harness.js", here), "utf8");
const programs = readdirSync(new URL("programs", here))
  .filter((one) => one.endsWith(".js"))
  .sort();

let runtime: vm.Script;
beforeAll(async () => {
  runtime = await bundleRuntime();
});

function compiled(source: string, filename: string): string {
  const { code, diagnostics } = compile(source, { filename, sourceType: "script", mark: "all" });
  if (code === null) throw new Error(diagnostics.map((one) => `${one.line}: ${one.message}`).join("\n"));
  return code;
}

for (const name of programs) {
  const source = readFileSync(new URL(`programs/${name}`, here), "utf8");
  const flags = /^\/\/ flags: (.*)$/m.exec(source)?.[1]?.split(/,?\s+/) ?? [];
  const modes = flags.includes("sloppy")
    ? ["sloppy"]
    : flags.includes("strict")
      ? ["strict"]
      : ["sloppy", "strict"];
  const isTodo = name.startsWith("todo-");
  for (const mode of modes) {
    test(`${name.replace(/\.js$/, "")}, ${mode}`, async () => {
      const text = mode === "strict" ? `"use strict";\n${source}` : source;
      const common = { filename: name, isAsync: flags.includes("async") };
      const plain = await evaluate({ ...common, runtime: null, parked: false, harness, program: text });
      expect(plain.end).toBe("passed");
      const outcomes: Outcome[] = [];
      const failures: string[] = [];
      try {
        const program = compiled(text, name);
        outcomes.push(await evaluate({ ...common, runtime, parked: false, harness, program }));
        const parked = { ...common, runtime, parked: true, program };
        outcomes.push(await evaluate({ ...parked, harness: compiled(harness, "harness.js") }));
      } catch (error) {
        failures.push((error as Error).message);
      }
      if (isTodo) {
        const passes = failures.length === 0 && outcomes.every((one) => one.end === "passed");
        expect(passes, "it passes now: rename it").toBe(false);
        return;
      }
      expect(failures).toEqual([]);
      expect(outcomes).toEqual([plain, plain]);
    });
  }
}
