/** Migrations and renames: what becomes of runs that were parked in code which is not there any more. */
import { afterEach, describe, expect, test } from "vitest";
import { rehearse, viewOf } from "../../runtime/index.ts";
import { registry } from "../../runtime/machine/index.ts";
import { ChangingWorld, loadVersion } from "./changing-world.ts";
import { hashOf, load } from "./load.ts";

const world = new ChangingWorld();
afterEach(() => world.close());

const header = `"use workflow";\nimport { event, migrate, renamed } from "coldframe";\n`;
const module = (text: string) => `${header}${text}\n`;
const flow = (body: string, rest = "") => module(`${rest}\nexport async function flow(n) {\n${body}\n}`);

const before = flow(`const k = n * 2;\nconst a = await event({ key: "go" });\nreturn [a, k];`);
const approve = (migration: string) =>
  flow(
    `const k = n * 2;\nconst region = "us";\nconst a = 1 + (await event({ key: "go" }));\nreturn [a, k, region];`,
    migration,
  );
const hashOfVersion = (source: string, path = "flow") => {
  load(source);
  return hashOf(path);
};

describe("a frame", () => {
  test("gets a new local, at an await whose statement changed", async () => {
    const after = approve(
      `migrate(flow, { from: { at: "event" }, frame: (old) => ({ ...old, region: "eu" }) });`,
    );
    expect(await world.carryOver(before, after)).toEqual({ result: [101, 6, "eu"] });
  });

  test("goes to an await of another name, with a local renamed", async () => {
    const after = flow(
      `const twice = n * 2;\nawait event({ key: "first" });\nconst b = await event({ key: "go" });\nreturn [b, twice];`,
      `migrate(flow, { from: { at: "event" }, to: { at: "event#2" }, frame: ({ k }) => ({ twice: k }) });`,
    );
    expect(await world.carryOver(before, after)).toEqual({ result: [100, 6] });
  });

  test("gives closures the variables that they share with it", async () => {
    const old = flow(
      `let count = n;\nconst more = () => ++count;\nconst a = await event({ key: "go" });\nmore();\nreturn [a, count];`,
    );
    const after = flow(
      `let total = n;\nconst more = () => ++total;\nconst b = await event({ key: "go" });\nmore();\nreturn [b, total];`,
      `migrate(flow, { from: { at: "event" }, frame: ({ count, more }) => ({ total: count * 10, more }) });`,
    );
    expect(await world.carryOver(old, after)).toEqual({ result: [100, 31] });
  });

  test("keeps its place in a loop", async () => {
    const old = flow(
      `const seen = [];\nfor (const x of [1, 2, 3]) {\nconst v = await event({ key: x === 1 ? "tick" : x === 2 ? "go" : "again" });\nseen.push(x, v);\n}\nreturn seen;`,
    );
    const after = flow(
      `const seen = [], tax = 1;\nfor (const x of [1, 2, 3]) {\nconst v = tax + (await event({ key: x === 1 ? "tick" : x === 2 ? "go" : "again" }));\nseen.push(x, v);\n}\nreturn seen;`,
      `migrate(flow, { from: { at: "event" }, frame: (old) => ({ ...old, tax: 7 }) });`,
    );
    expect(await world.carryOver(old, old, after)).toEqual({ result: [1, 1, 2, 107, 3, 1007] });
  });

  test("goes through several versions, from wherever it was", async () => {
    const wait = (more: string) => `const k = n;\n${more}const a = await event({ key: "go" });\nreturn [a, k`;
    const a = flow(`${wait("")}];`);
    const b = flow(`${wait("const region = 1;\n")}, region];`);
    const hashes = { a: hashOfVersion(a), b: hashOfVersion(b) };
    const c = flow(
      `${wait("const region = 1, zone = 2;\n")}, region, zone];`,
      `migrate(flow, { from: { at: "event", build: "${hashes.a}" }, to: { build: "${hashes.b}" }, frame: (old) => ({ ...old, k: old.k * 10, region: 5 }) });
       migrate(flow, { from: { at: "event", build: "${hashes.b}" }, frame: (old) => ({ ...old, zone: old.region + 1 }) });`,
    );
    expect(await world.carryOver(a, c)).toEqual({ result: [100, 30, 5, 6] });
    expect(await world.carryOver(b, c)).toEqual({ result: [100, 3, 1, 2] });
  });

  test("is migrated once: what was saved since is not touched", async () => {
    const old = flow(
      `let k = n;\nk += await event({ key: "tick" });\nk += await event({ key: "go" });\nreturn k;`,
    );
    const after = flow(
      `let k = n, z = 0;\nk += await event({ key: "tick" });\nk += await event({ key: "go" });\nreturn k + z;`,
      `migrate(flow, { from: { at: "event" }, frame: ({ k }) => ({ k: k * 10, z: 0 }) });`,
    );
    // One engine of the new version takes the run to its second await, another one carries it on.
    expect(await world.carryOver(old, after, after)).toEqual({ result: 131 });
  });

  test("is migrated again when the process dies before its turn is recorded", async () => {
    const after = approve(
      `migrate(flow, { from: { at: "event" }, frame: (old) => ({ ...old, k: old.k + 1, region: "eu" }) });`,
    );
    const stage = world.stage();
    await world.park(stage, loadVersion(before));
    loadVersion(after);
    let died = false;
    const first = await stage.mortal({
      failpoint: (name) => {
        if (name !== "commit:before" || died) return;
        died = true;
        first.kill();
      },
    });
    await first.engine.send("go", 100, { id: "go" });
    await stage.when(() => died);
    const engine = await stage.engine();
    expect(await world.outcome(stage, engine)).toEqual({ result: [101, 7, "eu"] });
  });
});

describe("a closure", () => {
  const calls = (closure: string, rest = "") =>
    flow(
      `const undo = [];\nfunction plan(x) { let y = 1; const z = 2; undo.push(() => ${closure}); y++; }\nplan(n);\nawait event({ key: "go" });\nreturn undo.map((f) => f());`,
      rest,
    );

  test("gets a variable that it captures now", async () => {
    const after = calls(
      "[x, y, z]",
      `migrate("shop/flow.ts#flow.plan.undo.push", { closure: (old) => ({ ...old, z: "new" }) });`,
    );
    expect(await world.carryOver(calls("[x, y]"), after)).toEqual({ result: [[3, 2, "new"]] });
    const { blocked } = await world.carryOver(calls("[x, y]"), calls("[x, y, z]"));
    expect(blocked).toMatch(/migration needed.*"z/);
  });
});

test("what is said to be missing is what nothing holds, not what shares a scope with it", async () => {
  const of = (text: string) =>
    `"use workflow";\nimport { event } from "coldframe";\nexport async function flow(n) {\n${text}\n}`;
  const closures = (declared: string, name: string) =>
    of(
      `${declared} let ${name} = 0; const bump = () => { ${name} += n; return ${name}; };
const one = async () => { const got = await event({ key: "go" }); bump(); return got + ${name}; };
const first = await one();
return [first, ${name}];`,
    );
  const renamed = await world.carryOver(closures("", "count"), closures("", "total"));
  expect(renamed.blocked).toContain('now needs "total"');
  const added = closures("const rate = n * 2;", "count").replace("got + count", "got + count + rate");
  expect((await world.carryOver(closures("", "count"), added)).blocked).toContain('now needs "rate"');
});

describe("instances of a class", () => {
  const order = (fields: string, rest = "") =>
    module(
      `export class Order { ${fields} }\n${rest}\nexport async function flow(n) {\nconst o = new Order();\nawait event({ key: "tick" });\nawait event({ key: "go" });\nreturn { ...o };\n}`,
    );

  test("get the fields of the new class, once", async () => {
    const after = order(
      `price = 5; currency = "usd";`,
      `migrate(Order, { fields: (old) => ({ price: old.cents / 100, currency: "eur" }) });`,
    );
    expect(await world.carryOver(order("cents = 500;"), after, after)).toEqual({
      result: { price: 5, currency: "eur" },
    });
  });

  test("without a migration, fields are carried over by name", async () => {
    expect(
      await world.carryOver(order("cents = 500;"), order("cents = 1; more = 2;"), order("more = 3;")),
    ).toEqual({
      result: { cents: 500 },
    });
  });
});

describe("what is called otherwise", () => {
  const inner = (name: string, rest = "") =>
    module(
      `${rest}\nasync function ${name}(k) { const add = () => k + 1; const a = await event({ key: "go" }); return [a, add()]; }\nexport async function flow(n) {\nreturn await ${name === "helper" ? "helper" : name}(n);\n}`,
    );

  test("a function", async () => {
    const old = flow(
      `const k = n;\nconst add = () => k + 1;\nconst a = await event({ key: "go" });\nreturn [a, add()];`,
    );
    const after =
      old.replace("function flow", "function order") +
      `renamed("shop/flow.ts#flow", "shop/flow.ts#order");\n`;
    expect(await world.carryOver(old, after)).toEqual({ result: [100, 4] });
    const { blocked } = await world.carryOver(old, old.replace("function flow", "function order"));
    expect(blocked).toMatch(/no loaded code is called shop\/flow.ts#flow/);
  });

  test("a module, twice", async () => {
    const source = inner(
      "helper",
      `renamed("shop/flow.ts", "shop/orders.ts");\nrenamed("shop/orders.ts", "shop/all/orders.ts");`,
    );
    const moved = { source, moduleId: "shop/all/orders.ts" };
    expect(await world.carryOver(inner("helper"), moved)).toEqual({ result: [100, 4] });
  });

  test("a function that changed as well, and has a migration", async () => {
    const after = approve(
      `renamed("shop/flow.ts#flow", "shop/flow.ts#order");\nmigrate(order, { from: { at: "event" }, frame: (old) => ({ ...old, region: "eu" }) });`,
    ).replace("function flow", "function order");
    expect(await world.carryOver(before, after)).toEqual({ result: [101, 6, "eu"] });
  });

  test("a name that was given away again is not clear", async () => {
    const after = `${before.replace("function flow", "function order")}export async function flow(n) { return n; }\nrenamed("shop/flow.ts#flow", "shop/flow.ts#order");\n`;
    expect((await world.carryOver(before, after)).blocked).toMatch(/CF2401.*there is a new/);
  });

  test.each([
    [
      "a circle",
      `renamed("shop/a.ts#f", "shop/b.ts#g");\nrenamed("shop/b.ts#g", "shop/a.ts#f");`,
      /CF2401.*circle: shop\/b.ts#g → shop\/a.ts#f → shop\/b.ts#g/,
    ],
    [
      "two new names",
      `renamed("shop/a.ts#f", "shop/b.ts#g");\nrenamed("shop/a.ts#f", "shop/c.ts#g");`,
      /CF2401.*was renamed to/,
    ],
    ["a module that became a function", `renamed("shop/a.ts", "shop/b.ts#g");`, /CF2401/],
    ["no name", `renamed("", "shop/b.ts#g");`, /CF2301/],
  ])("%s is refused when it is loaded", (_name, text, message) => {
    registry.hot = false;
    expect(() => load(module(`${text}\nexport async function flow() {}`))).toThrow(message);
  });
});

describe("a run is blocked and untouched when its migration", () => {
  test.each([
    [
      "throws",
      `() => { throw new RangeError("no region"); }`,
      /CF2403.*shop\/flow.ts#flow at "event" threw RangeError: no region/,
    ],
    ["gives no object", `() => undefined`, /CF2403.*returned undefined/],
    ["gives a promise", `async (old) => old`, /CF2403.*returned a promise/],
    ["calls a step", `(old) => { event("x"); return { ...old, region: 1 }; }`, /CF2403.*only computes/],
    ["gives a list", `(old) => [old]`, /CF2403.*returned an array/],
    [
      "gives too little",
      `(old) => old`,
      /CF2403.*gave no "region", which is needed after "event". It gave k/,
    ],
  ])("%s", async (_name, frame, reason) => {
    const stage = world.stage();
    await world.park(stage, loadVersion(before));
    const snapshot = (await stage.data.connect().read.run("run"))!.snapshot;
    loadVersion(approve(`migrate(flow, { from: { at: "event" }, frame: ${frame} });`));
    const engine = await stage.engine();
    await engine.send("go", 100, { id: "go" });
    const { blocked } = await world.outcome(stage, engine);
    expect(blocked).toMatch(reason);
    expect((await stage.data.connect().read.run("run"))!.snapshot).toBe(snapshot);
    await engine.close(0);
    // And goes on when the migration was mended.
    loadVersion(
      approve(`migrate(flow, { from: { at: "event" }, frame: (old) => ({ ...old, region: "eu" }) });`),
    );
    const mended = await stage.engine();
    await stage.until(mended.run("run").result()).then((result) => expect(result).toEqual([101, 6, "eu"]));
  });

  test("does not say for which of several versions it is", async () => {
    const edited = flow(
      `const k = n * 2;\nconst log = [];\nconst a = await event({ key: "go" });\nreturn [a, k, log];`,
    );
    const stage = world.stage();
    await world.park(stage, loadVersion(before), "first");
    await world.park(stage, loadVersion(edited));
    loadVersion(
      approve(`migrate(flow, { from: { at: "event" }, frame: (old) => ({ ...old, region: "eu" }) });`),
    );
    const engine = await stage.engine();
    await engine.send("go", 100);
    expect((await world.outcome(stage, engine, "first")).blocked).toMatch(/CF2401.*from.build/);
  });
});

describe("refused when it is loaded", () => {
  const wait = `const a = await event({ key: "go" });\nreturn a;`;
  const frame = "frame: (old) => old";
  test.each([
    [
      "two for one point",
      `migrate(flow, { from: { at: "event" }, ${frame} });\nmigrate(flow, { from: { at: "event" }, frame: () => ({}) });`,
      /CF2401.*two migrations begin at "event"/,
    ],
    [
      "two for one version",
      `migrate(flow, { from: { at: "x", build: "1" }, to: { at: "event" }, ${frame} });\nmigrate(flow, { from: { at: "x", build: ["2", "1"] }, to: { at: "event" }, frame: () => ({}) });`,
      /CF2401.*two migrations begin/,
    ],
    [
      "a circle",
      `migrate(flow, { from: { at: "x", build: "1" }, to: { at: "y", build: "2" }, ${frame} });\nmigrate(flow, { from: { at: "y", build: "2" }, to: { at: "x", build: "1" }, ${frame} });`,
      /CF2401.*circle/,
    ],
    [
      "one that leads to where another begins",
      `migrate(flow, { from: { at: "x", build: "1" }, to: { at: "event" }, ${frame} });\nmigrate(flow, { from: { at: "event", build: "2" }, ${frame} });`,
      /CF2401.*to.build/,
    ],
    [
      "one to an unknown point",
      `migrate(flow, { from: { at: "event" }, to: { at: "approval" }, ${frame} });`,
      /CF2402.*flow.*has no suspend point "approval". It has "event"/,
    ],
    ["no function", `migrate(flow, { from: { at: "event" } });`, /CF2301.*needs one function/],
    ["no point", `migrate(flow, { ${frame} });`, /CF2301.*from.at is missing/],
    ["an unknown option", `migrate(flow, { form: { at: "event" }, ${frame} });`, /CF2301.*"form"/],
    [
      "a function of unmarked code",
      `migrate(JSON.parse, { from: { at: "event" }, ${frame} });`,
      /CF2301.*parse is no function/,
    ],
    [
      "a hash that is none",
      `migrate(flow, { from: { at: "event", build: 7 }, ${frame} });`,
      /CF2301.*from.build/,
    ],
  ])("%s", (_name, text, message) => {
    registry.hot = false;
    expect(() => load(flow(wait) + text)).toThrow(message);
  });

  test("but not of one version, where two awaits become one or change places", async () => {
    registry.hot = false;
    const twoAwaits = flow(
      `const k = n * 2;\nconst a = await event({ key: "go" });\nconst b = await event({ key: "again" });\nreturn [a, b, k];`,
    );
    const hash = hashOfVersion(twoAwaits);
    for (const build of ["", `, build: "${hash}"`]) {
      const one = flow(
        `const k = n * 2;\nconst region = [n][0];\nconst both = 1 + (await event({ key: "go" }));\nreturn [both, k, region];`,
        `const frame = (old) => ({ ...old, region: "eu" });
        migrate(flow, { from: { at: "event"${build} }, frame });
        migrate(flow, { from: { at: "event#2"${build} }, to: { at: "event" }, frame });`,
      );
      expect(await world.carryOver(twoAwaits, one)).toEqual({ result: [101, 6, "eu"] });
      const swapped = load(
        flow(
          `await event({ key: "again" });\nawait event({ key: "go" });`,
          `migrate(flow, { from: { at: "event"${build} }, to: { at: "event#2" }, ${frame} });
          migrate(flow, { from: { at: "event#2"${build} }, to: { at: "event" }, ${frame} });`,
        ),
      );
      expect(swapped["flow"]).toBeTypeOf("function");
    }
  });

  test("but not when a bundler has put the module in twice", () => {
    const text = `migrate(flow, { from: { at: "event" }, ${frame} });\n`;
    expect(() => load(flow(wait) + text + text)).not.toThrow();
  });
});

describe("a rehearsal", () => {
  const withRegion = `migrate(flow, { from: { at: "event" }, frame: (old) => ({ ...old, region: "eu" }) });`;

  test("tells what becomes of each run, and writes nothing", async () => {
    const stage = world.stage();
    await world.park(stage, loadVersion(before), "parked");
    const store = stage.data.connect();
    const told = async (version: string) => {
      loadVersion(version);
      const all = [];
      for await (const { run, outcome, reason, at } of rehearse(store))
        all.push({ run, outcome, reason, at });
      return all;
    };
    const row = JSON.stringify(await store.read.run("parked"));
    const at = ["flow.ts:6"];
    const same = { run: "parked", outcome: "same", reason: null, at };
    expect(await told(before)).toEqual([same]);
    expect(
      await told(flow(`const k = n * 2;\nconst a = await event({ key: "go" });\nreturn [k, a];`)),
    ).toEqual([{ ...same, outcome: "goes on" }]);
    expect(await told(approve(withRegion))).toEqual([{ ...same, outcome: "migrated" }]);
    expect(await told(approve(""))).toEqual([
      { ...same, outcome: "blocked", reason: expect.stringMatching(/CF2103.*was changed or removed/) },
    ]);
    expect(JSON.stringify(await store.read.run("parked"))).toBe(row);
  });

  test("counts generators that are held", async () => {
    const stage = world.stage();
    const text = `"use workflow";
import { event } from "coldframe";
function* numbers() { yield 1; yield 2; }
export async function flow(n) {
  const [begun, fresh] = [numbers(), numbers()];
  begun.next();
  await event({ key: "go" });
  return [...begun, ...fresh];
}`;
    await world.park(stage, loadVersion(text));
    const told = [];
    for await (const { tasks } of rehearse(stage.data.connect()))
      told.push(...tasks.map(({ code, point }) => [code, point]));
    expect(told).toEqual([
      ["shop/flow.ts#flow", "event"],
      ["shop/flow.ts#numbers", "yield"],
      ["shop/flow.ts#numbers", "start"],
    ]);
  });

  test("a worker that takes a run up records its new form at once", async () => {
    const stage = world.stage();
    await world.park(stage, loadVersion(before));
    const store = stage.data.connect();
    const { turn } = (await store.read.run("run"))!;
    loadVersion(approve(withRegion));
    const engine = await stage.engine();
    await store.suspend("run");
    await store.resume("run");
    await stage.when(async () => (await store.read.run("run"))!.turn > turn);
    expect((await store.read.run("run"))!.snapshot).toContain(hashOf("flow"));
    // The code that had the migration is not needed any more.
    loadVersion(approve(""));
    await engine.send("go", 100);
    expect(await world.outcome(stage, engine)).toEqual({ result: [101, 6, "eu"] });
  });
});

describe("a migration that gives what cannot be saved", () => {
  const mapped = (given: string) =>
    flow(
      `const k = n * 2;\nconst region = [n][0];\nconst a = await event({ key: "go" });\nreturn [a, k, region];`,
      `migrate(flow, { from: { at: "event" }, frame: (old) => ({ ...old, region: ${given} }) });`,
    );
  const blocked = {
    blocked: expect.stringMatching(/^CF2403 a migration failed: .*\n {2}flow › region\S* is a Collator /),
  };

  test("blocks the run, which goes on with a mended one", async () => {
    const stage = world.stage();
    await world.park(stage, loadVersion(before));
    const store = stage.data.connect();
    const { turn, snapshot } = (await store.read.run("run"))!;
    loadVersion(mapped("{ inner: new Intl.Collator() }"));
    for await (const { outcome, reason } of rehearse(store))
      expect([outcome, reason]).toEqual(["blocked", blocked.blocked]);
    const engine = await stage.engine();
    // Taken up for the migration alone, without anything that arrived.
    await store.suspend("run");
    await store.resume("run");
    expect(await world.outcome(stage, engine)).toEqual(blocked);
    expect(await store.read.run("run")).toMatchObject({ turn, snapshot });
    await engine.close();
    loadVersion(mapped("4"));
    const mended = await stage.engine();
    await mended.send("go", 100);
    expect(await world.outcome(stage, mended)).toEqual({ result: [100, 6, 4] });
  });

  test("also when an event has come, of closures and of instances", async () => {
    expect(await world.carryOver(before, mapped("new Intl.Collator()"))).toEqual(blocked);
    const shape = (fields: string, change: string) =>
      module(
        `export class Box { ${fields} }\nexport async function flow(n) {\nlet k = n;\nconst box = new Box(), more = () => k;\nawait event({ key: "go" });\nreturn [box.a, more()];\n}\n${change}`,
      );
    const old = shape("a = 1;", "");
    const given = "({ a: new Intl.Collator() })";
    expect(
      await world.carryOver(old, shape("a = 1; b = 2;", `migrate(Box, { fields: () => ${given} });`)),
    ).toEqual({
      blocked: expect.stringMatching(/^CF2403 .*\n {2}flow › box.a is a Collator/),
    });
  });
});

test("a blocked run tells its code, which build last ran it, and what helps", async () => {
  const stage = world.stage();
  await world.park(stage, loadVersion(before));
  const hash = hashOf("flow");
  loadVersion(approve(""));
  const engine = await stage.engine();
  await engine.send("go", 100);
  await world.outcome(stage, engine);
  const store = stage.data.connect();
  const view = viewOf((await store.read.run("run"))!, await store.read.codes());
  expect(view.blockage).toEqual({
    code: "CF2103",
    needs: "shop/flow.ts#flow",
    build: expect.stringMatching(/^[0-9a-f]{12}$/),
    builds: [`shop/flow.ts#flow@${hash}`],
    remedy: expect.stringContaining("with a migration"),
  });
  expect((await engine.counts()).blocked).toBe(1);
});
