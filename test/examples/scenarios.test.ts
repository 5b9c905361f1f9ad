/** The founding scenarios: what the systems saw, word for word, uncompiled and compiled. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Scenario, scenarios } from "./scenarios/courses.ts";
import { playPlain } from "./scenarios/plain.ts";

const expected = (name: string) =>
  readFileSync(new URL(`./scenarios/expected/${name}.txt`, import.meta.url), "utf8").trimEnd();

describe("founding scenarios", () => {
  test.each(Object.entries<Scenario>(scenarios))("%s, uncompiled", async (name, scenario) => {
    expect(await playPlain(scenario)).toBe(expected(name));
  });
});
