/** The founding scenarios: what the systems saw, word for word, uncompiled and compiled. */
import { execFile } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Scenario, scenarios } from "./scenarios/courses.ts";
import { playPlain } from "./scenarios/plain.ts";
import { bundle } from "./support/bundle.ts";

const expected = (name: string) =>
  readFileSync(new URL(`./scenarios/expected/${name}.txt`, import.meta.url), "utf8").trimEnd();

describe("founding scenarios, uncompiled", () => {
  test.each(Object.entries<Scenario>(scenarios))("%s", async (name, scenario) => {
    expect(await playPlain(scenario)).toBe(expected(name));
  });
});

describe("founding scenarios, compiled", () => {
  let traces: Record<string, [kept: string, restored: string]>;
  let program: string;
  beforeAll(async () => {
    program = await bundle("test/examples/scenarios/compiled.ts");
    const { stdout } = await promisify(execFile)(process.execPath, [program]);
    traces = JSON.parse(stdout) as typeof traces;
  });
  afterAll(() => rmSync(dirname(program), { recursive: true, force: true }));

  test.each(Object.keys(scenarios))("%s, kept in memory", (name) => {
    expect(traces[name]?.[0]).toBe(expected(name));
  });
  test.each(Object.keys(scenarios))("%s, restored at each park", (name) => {
    expect(traces[name]?.[1]).toBe(expected(name));
  });
});
