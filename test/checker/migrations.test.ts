/** What a check makes of `migrate(…)` as people write it: constants, lists, loops; and of what such functions return. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { cli, folder, useShop, write } from "./shop.ts";

useShop();
afterEach(() => rmSync(join(folder, "mine.ts"), { force: true }));

const flow = (name: string) => `"use workflow";
import { event } from "coldframe";
export async function flow(n: number) {
  const ${name} = n * 2;
  const a = await event<number>({ key: "a" });
  const b = await event<number>({ key: "b" });
  return [a, b, ${name}];
}
`;
const frame = "frame: (old: { k: number; a: number }) => ({ a: old.a, twice: old.k })";

/** The verdicts on both awaits when `k` became `twice`, and what is said besides. */
async function checked(text: string) {
  write("flow.ts", flow("k"));
  await cli("release");
  write("flow.ts", flow("twice"));
  write(
    "mine.ts",
    `import { migrate, renamed } from "coldframe";\nimport { flow } from "./flow.ts";\n${text}\n`,
  );
  const { out, err } = await cli("check", "--json");
  expect(err).toBe("");
  const { changes, findings } = JSON.parse(out);
  return {
    verdicts: changes.map(({ verdict }: { verdict: string }) => verdict),
    findings: findings.map(({ severity, message }: { severity: string; message: string }) => [
      severity,
      message,
    ]),
  };
}

const both = { verdicts: ["migrated", "migrated"], findings: [] };

test.each([
  [
    "constants",
    `const FIRST = "event", SECOND = "event#2";\nmigrate(flow, { from: { at: FIRST }, ${frame} });\nmigrate("shop/flow.ts#flow", { from: { at: SECOND }, ${frame} });`,
  ],
  ["a loop", `for (const at of ["event", "event#2"]) migrate(flow, { from: { at }, ${frame} });`],
  [
    "a loop over a constant, by forEach",
    `const POINTS = ["event", "event#2"] as const;\nPOINTS.forEach((at) => migrate(flow, { from: { at }, to: { at }, ${frame} }));`,
  ],
  [
    "a loop over pairs",
    `for (const [from, to] of [["event", "event#2"], ["event#2", "event#2"]] as const)\n  migrate(flow, { from: { at: from }, to: { at: to }, ${frame} });`,
  ],
])("%s", async (_name, text) => {
  expect(await checked(text)).toEqual(both);
});

test("a loop says what it says, and no more", async () => {
  expect(await checked(`for (const at of ["event#2"]) migrate(flow, { from: { at }, ${frame} });`)).toEqual({
    verdicts: ["needs migration", "migrated"],
    findings: [],
  });
  expect(
    await checked(
      `for (const at of ["event"]) migrate(flow, { from: { at }, to: { at: "other" }, ${frame} });`,
    ),
  ).toMatchObject({
    findings: [["error", expect.stringContaining('no suspend point "other"')]],
  });
});

test("what cannot be read is told", async () => {
  const unread = ["warning", expect.stringContaining("a migration is not looked at")];
  for (const text of [
    `const points = (): string[] => ["event", "event#2"];\nfor (const at of points()) migrate(flow, { from: { at }, ${frame} });`,
    `function carry(at: string) { migrate(flow, { from: { at }, ${frame} }); }\ncarry("event"); carry("event#2");`,
    `let at = "event"; at += "#2";\nmigrate(flow, { from: { at }, ${frame} });`,
  ])
    expect(await checked(text)).toEqual({
      verdicts: ["needs migration", "needs migration"],
      findings: [unread],
    });
});

test("a promise, and what cannot be saved", async () => {
  const given = async (text: string) =>
    (await checked(`migrate(flow, { from: { at: "event" }, ${text} });`)).findings.map(
      ([, message]: string[]) => message,
    );
  expect(await given("frame: async (old: { k: number }) => ({ twice: old.k })")).toEqual([
    "a migration does not fit the types: that of shop/flow.ts#flow returns a promise",
  ]);
  expect(
    await given("frame: (old: { k: number }) => ({ twice: old.k, at: { timer: new Intl.Collator() } })"),
  ).toEqual([
    'a migration does not fit the types: that of shop/flow.ts#flow gives "at.timer", and a Collator cannot be saved',
  ]);
  expect(await given("frame: (old: { k: number; c?: Intl.Collator }) => ({ ...old, twice: old.k })")).toEqual(
    [],
  );
});

test("an await that goes on tells of a step that it may wait for, and that is gone", async () => {
  const steps = (name: string) => `export async function ${name}(n: number) { "use step"; return n; }\n`;
  const uses = (from: string, more: string) =>
    `"use workflow";\nimport { ask } from "./${from}";\nimport { tell } from "./tell.ts";\nexport async function flow(n: number) {\n  const k = [n]${more};\n  const a = await ask(n);\n  await tell(n);\n  return [k, a];\n}\n`;
  write("ask.ts", steps("ask"));
  write("tell.ts", steps("tell"));
  write("flow.ts", uses("ask.ts", ""));
  await cli("release");
  rmSync(join(folder, "ask.ts"));
  write("moved.ts", steps("ask"));
  write("flow.ts", uses("moved.ts", ".concat(2)"));
  const { changes } = JSON.parse((await cli("check", "--json")).out);
  expect(
    changes.map(({ point, verdict, lostSteps }: Record<string, unknown>) => [point, verdict, lostSteps]),
  ).toEqual([
    ["ask", "goes on", ["shop/ask.ts#ask"]],
    ["tell", "goes on", []],
    ["", "lost", []],
  ]);
  expect((await cli("check")).out).toContain(
    "\n  But not while it waits for the step shop/ask.ts#ask, which is not there any more.",
  );
  write("mine.ts", 'import { renamed } from "coldframe";\nrenamed("shop/ask.ts", "shop/moved.ts");\n');
  expect((await cli("check")).out).not.toContain("But not");
  for (const name of ["moved.ts", "tell.ts"]) rmSync(join(folder, name));
});
