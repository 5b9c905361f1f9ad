/** Instances of classes that changed under a parked run: fields of all sorts, private names, base classes. */
import { afterEach, describe, expect, test } from "vitest";
import { ChangingWorld } from "./changing-world.ts";

const world = new ChangingWorld();
afterEach(() => world.close());

const module = (classes: string, made: string, told: string, rest = "") =>
  `"use workflow";
import { event, migrate } from "coldframe";
${classes}
${rest}
export async function flow(n) {
  const one = ${made};
  await event({ key: "go" });
  return ${told};
}`;

/** Kinds of objects that have a class: what stands behind its name, and how it is made. */
const sorts = {
  "a class": ["", "new One()"],
  "a derived class": ["extends Base", "new One()"],
  "a Map": ["extends Map", 'new One([["a", 1]])'],
  "an Array": ["extends Array", "new One(2)"],
  "an Error": ["extends Error", 'new One("bad")'],
  "a frozen object": ["", "Object.freeze(new One())"],
  "a sealed object": ["extends Base", "Object.seal(new One())"],
} as const;

describe.each(Object.entries(sorts))("%s", (sort, [heritage, made]) => {
  const of = (body: string, told: string, rest = "") =>
    module(`export class Base { #b = 1; }\nexport class One ${heritage} { ${body} }`, made, told, rest);
  const fields = (map: string) => `migrate(One, { fields: (old) => (${map}) });`;

  test("gets the fields of a migration, and is what it was", async () => {
    const before = of("label = n1(); tell() { return this.label; }\nstatic x = 1;", "one.tell()").replace(
      "n1()",
      "7",
    );
    const after = of(
      "title = 0; tell() { return this.title; }",
      "[one.tell(), Object.keys(one).includes('label'), Object.isFrozen(one), Object.isSealed(one), one instanceof One]",
      fields("{ title: old.label + 1 }"),
    );
    const frozen = sort === "a frozen object";
    expect(await world.carryOver(before, after)).toEqual({
      result: [8, false, frozen, frozen || sort === "a sealed object", true],
    });
  });

  test("gets private methods", async () => {
    const before = of("m = 7; tell() { return this.m; }", "one.tell()");
    const after = of("m = 0; tell() { return this.#get(); } #get() { return this.m; }", "one.tell()");
    expect(await world.carryOver(before, after)).toEqual({ result: 7 });
  });

  test.each(["", "#old = 5; "])("stops a run at a private field that was not saved: %s", async (had) => {
    const before = of(`${had}m = 7; tell() { return this.m; }`, "one.tell()");
    const after = of(`${had}#k = 3; m = 0; tell() { return [this.m, this.#k]; }`, "one.tell()");
    const { blocked } = await world.carryOver(before, after);
    expect(blocked).toMatch(
      /^CF2103 .*migration needed: the class shop\/flow.ts#One \(flow.ts:4\) has a private field "#k" now/,
    );
    const given = `${after}\n${fields('{ ...old, "#k": old.m * 2 }')}`;
    expect(await world.carryOver(before, given)).toEqual({ result: [7, 14] });
  });

  test("hands private fields to a migration", async () => {
    const before = of("#cents = 700; tell() { return this.#cents; }", "one.tell()");
    const after = of(
      "#euros; tell() { return this.#euros; }",
      "one.tell()",
      fields('{ "#euros": old["#cents"] / 100 }'),
    );
    expect(await world.carryOver(before, after)).toEqual({ result: 7 });
    const wrong = after.replace('"#euros":', '"#pounds":');
    expect((await world.carryOver(before, wrong)).blocked).toMatch(/CF2403 .*gave "#pounds"/);
  });
});

describe("a base class", () => {
  const of = (base: string, told: string, rest = "", derived = "extends Base { d = 2; }") =>
    module(`export class Base { ${base} }\nexport class One ${derived}`, "new One()", told, rest);

  test("is migrated for instances of a class that did not change itself", async () => {
    const before = of("rate = 2; tell() { return this.rate; }", "one.tell()");
    const changed = (rest: string, derived?: string) =>
      of("factor = 0; tell() { return this.factor; }", "[one.tell(), one.d]", rest, derived);
    const ofBase = "migrate(Base, { fields: (old) => ({ ...old, factor: old.rate * 10 }) });";
    expect(await world.carryOver(before, changed(ofBase))).toEqual({ result: [20, 2] });
    // Both changed: the base class comes first.
    const both = changed(
      `${ofBase}\nmigrate(One, { fields: (old) => ({ ...old, d: old.factor + 1 }) });`,
      "extends Base { d = 3; more() {} }",
    );
    expect(await world.carryOver(before, both)).toEqual({ result: [20, 21] });
  });

  test("gets private names", async () => {
    const before = of("tell() { return 1; }", "one.tell()");
    expect(
      await world.carryOver(before, of("tell() { return this.#t(); } #t() { return 5; }", "one.tell()")),
    ).toEqual({
      result: 5,
    });
    const field = of("#k = 1; tell() { return this.#k; }", "one.tell()");
    expect((await world.carryOver(before, field)).blocked).toContain(
      '#Base (flow.ts:3) has a private field "#k" now',
    );
    const given = 'migrate(Base, { fields: (old) => ({ ...old, "#k": 9 }) });';
    expect(
      await world.carryOver(before, of("#k = 1; tell() { return this.#k; }", "one.tell()", given)),
    ).toEqual({ result: 9 });
  });

  test("of a class made in a function", async () => {
    const made = (base: string) =>
      `"use workflow";
import { event } from "coldframe";
export async function flow(n) {
  class Base { ${base} }
  const One = class extends Base { d = n; };
  const one = new One();
  await event({ key: "go" });
  return one.tell();
}`;
    const after = made("tell() { return this.#t(); } #t() { return this.d; }");
    expect(await world.carryOver(made("tell() { return this.d; }"), after)).toEqual({ result: 3 });
    expect(
      (await world.carryOver(made("tell() { return this.d; }"), made("#k = 1; tell() { return this.#k; }")))
        .blocked,
    ).toContain('has a private field "#k" now');
  });
});

test("an object that was never an instance gets no private names of a class that did not change", async () => {
  const text = module(
    "export class One { #k = 1; static has(o) { return #k in o; } }",
    "Object.create(One.prototype)",
    "[One.has(one), One.has(new One())]",
  );
  expect(await world.carryOver(text, text.replace("await event", "n++;\n  await event"))).toEqual({
    result: [false, true],
  });
});

describe("accessors", () => {
  const of = (body: string, told = "[one.a, one.b, one['c d'], one.e, one.tell?.()]") =>
    module(
      `const key = "e";\nexport class One { ${body} }`,
      'Object.assign(new One(), { a: "A", b: "B", "c d": "C", e: "E" })',
      told,
      "function kept(value) { return value; }",
    );
  const all = [
    "accessor a = 1;",
    "accessor b = 2;",
    'accessor "c d" = 3;',
    "accessor [key] = 4;",
    "accessor #p = 5; tell() { return this.#p; }",
  ];

  test("are known by their names, in whichever order they stand", async () => {
    const turned = of([...all].reverse().join(" "));
    expect(await world.carryOver(of(all.join(" ")), turned)).toEqual({ result: ["A", "B", "C", "E", 5] });
    const fewer = of(all.slice(1).join(" "), "[one.b, one['c d'], one.e, one.tell()]");
    expect(await world.carryOver(of(all.join(" ")), fewer)).toEqual({ result: ["B", "C", "E", 5] });
    const decorated = of(all.join(" ").replace("accessor a", "@kept accessor a"));
    expect(await world.carryOver(of(all.join(" ")), decorated)).toEqual({ result: ["A", "B", "C", "E", 5] });
  });

  test("that are new stop a run until a migration gives them", async () => {
    const before = of("a; b;", "one.a");
    const after = of("accessor n = 3; a; b;", "[one.a, one.n]");
    expect((await world.carryOver(before, after)).blocked).toContain('a private field "#n$accessor" now');
    const given = `${after}\nmigrate(One, { fields: (old) => ({ ...old, "#n$accessor": 7 }) });`;
    expect(await world.carryOver(before, given)).toEqual({ result: ["A", 7] });
  });
});
