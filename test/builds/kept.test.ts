/** Two builds in one process: runs that older code has parked go on in a kept copy of it, beside newer ones. */

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keptBuilds } from "../../plugins/builds/index.ts";
import type { Engine, EngineOptions, Fact } from "../../runtime/index.ts";
import { registry } from "../../runtime/machine/index.ts";
import { loadBeside, unload } from "../changes/load.ts";
import { Stage } from "../engine/stage.ts";
import { Project } from "./project.ts";

/** What they have in common: closures, classes and a step tell of the version that made them. */
const version = (mark: string, statement: string, policy = "") => `
  import { event, sleep${policy === "" ? "" : ", upgrade"} } from "coldframe";
  export class Box { #mark = "${mark}"; constructor(item) { this.item = item; } open() { return this.item + this.#mark; } }
  export async function price(item) { "use step"; return item + " ${mark}"; }
  const tag = { of: "${mark}" };
  export async function order(item) {
    "use workflow";
    const undo = []; let count = 0; const box = new Box(item);
    undo.push((by) => { count += by; return "${mark}" + count; });
    ${statement}
    const priced = await price(item);
    await sleep("1h");
    return [go, priced, box.open(), undo[0](2), undo[0](3), tag.of, box instanceof Box];
  }
  ${policy === "" ? "" : `upgrade(order, "${policy}");`}
`;
const WAIT = `const go = await event({ key: "go" });`;
const OTHER = `const go = await event({ key: "go", timeout: "30d" });`;
const result = (mark: string) => ["yes", `lamp ${mark}`, `lamp${mark}`, `${mark}2`, `${mark}5`, mark, true];

let project: Project;
let stage: Stage;
beforeEach(() => {
  project = new Project();
  stage = new Stage();
});
afterEach(async () => {
  await stage.close();
  registry.kept.clear();
  unload();
  project.dispose();
});

/** A run of version `one`, parked at the event; the process has ended since. */
async function parked(one: string): Promise<void> {
  const { order } = project.load(one);
  const engine = await stage.engine();
  await engine.start(order!, ["lamp"], { id: "old" });
  await stage.when(async () => (await engine.get("old"))!.waits.length > 0);
  await engine.close(0);
}

/** Lets virtual time pass until the runs have ended. Copies are read from the disk, which takes time of the world. */
async function results(engine: Engine, ...ids: readonly string[]): Promise<unknown[]> {
  await when(async () =>
    (await Promise.all(ids.map((id) => engine.get(id)))).every((run) => run!.status === "done"),
  );
  return Promise.all(ids.map((id) => engine.run(id).result()));
}

const when = (condition: () => Promise<boolean>): Promise<void> =>
  stage.when(async () => {
    await readFile(join(project.folder, "package.json"));
    return condition();
  });

const blocked = (engine: Engine): Promise<void> =>
  when(async () => (await engine.get("old"))!.status === "blocked");

const withKept = (options: Partial<EngineOptions> = {}): Promise<Engine> =>
  stage.engine({ builds: keptBuilds(project.builds), ...options });

for (const cache of [1000, 0]) {
  it(`finishes a pinned run on its old code beside new ones on the new (cache ${cache})`, async () => {
    const one = version("one", WAIT, "pinned");
    const { build } = await project.keep(one);
    await parked(one);
    // It would fit into the new code: only the policy says that it stays.
    const { order } = project.load(version("two", WAIT, "pinned"));
    const engine = await withKept({ cache });
    expect(await engine.get("old")).toMatchObject({ build, bound: build });
    await engine.start(order!, ["lamp"], { id: "new" });
    await engine.send("go", "yes", { id: "1" });
    await engine.send("go", "yes", { id: "2" });
    expect(await results(engine, "old", "new")).toEqual([result("one"), result("two")]);
    expect((await engine.get("old"))!.build).toBe(build);
    expect((await engine.get("new"))!.build).not.toBe(build);
  });
}

it("goes on in the newest code where that fits, and else in the kept one, when the policy says so", async () => {
  const one = version("one", WAIT, "newest-or-pinned");
  await project.keep(one);
  await parked(one);
  project.load(version("two", OTHER, "newest-or-pinned"));
  const engine = await withKept();
  await engine.send("go", "yes");
  // At the sleep the new code fits again.
  const [there] = (await results(engine, "old")) as [unknown[]];
  expect(there.slice(0, 4)).toEqual(["yes", "lamp one", "lampone", "two2"]);

  stage = new Stage();
  registry.kept.clear();
  await parked(one);
  // A statement elsewhere: it fits, and what is made from here on is the new code's.
  project.load(version("two", `${WAIT} console.assert(true);`, "newest-or-pinned"));
  const fitting = await withKept();
  await fitting.send("go", "yes");
  const [ended] = (await results(fitting, "old")) as [unknown[]];
  expect(ended.slice(0, 2)).toEqual(["yes", "lamp two"]);
  expect(registry.kept.size).toBe(0);
});

describe("a run that does not fit", () => {
  it("is blocked by default, says which build ran it last, and is taken over without a person when that may go on", async () => {
    const one = version("one", WAIT);
    const { build } = await project.keep(one);
    await parked(one);
    const two = version("two", OTHER);
    project.load(two);
    const facts: Fact[] = [];
    const engine = await withKept({ onFact: (fact) => facts.push(fact) });
    const others = await Promise.all([withKept(), withKept()]);
    await engine.send("go", "yes");
    await blocked(engine);
    expect(await engine.get("old")).toMatchObject({
      build,
      blocked: { reason: expect.stringContaining("CF2103") },
    });
    expect(await engine.reasons()).toEqual({ CF2103: 1 });
    // Nobody who cannot help tries again, however long it takes and however many there are.
    const { epoch } = (await engine.get("old"))!;
    await stage.clock.advance(7 * 86_400_000);
    for (const other of others) await other.close(0);
    await (await withKept()).close(0);
    expect(await engine.get("old")).toMatchObject({ status: "blocked", epoch });
    expect(facts.filter(({ kind }) => kind === "blocked").length).toBeLessThanOrEqual(1);
    const helper = await withKept({ upgrade: "newest-or-pinned" });
    const [ended] = (await results(helper, "old")) as [unknown[]];
    expect(ended.slice(0, 3)).toEqual(["yes", "lamp one", "lampone"]);
  });

  it("goes on when the build that it is pinned to comes back", async () => {
    const one = version("one", WAIT, "pinned");
    const { build } = await project.keep(one);
    await parked(one);
    project.load(version("two", OTHER));
    const engine = await stage.engine();
    await engine.send("go", "yes");
    await blocked(engine);
    const { blocked: why, bound, epoch } = (await engine.get("old"))!;
    expect([why!.reason, bound]).toEqual([expect.stringMatching(`^CF2404.*${build}`), build]);
    expect(epoch).toBe(1);
    const helper = await withKept();
    expect(await results(helper, "old")).toEqual([result("one")]);
  });

  it("is neither kept for nor left to workers that hold its build and do not serve its group, or its workflow", async () => {
    for (const [policy, code] of [
      ["pinned", "CF2404"],
      ["newest-or-pinned", "CF2103"],
    ] as const) {
      const one = version("one", WAIT, policy);
      const { build } = await project.keep(one);
      await parked(one);
      const { order } = project.load(version("two", OTHER, policy));
      loadBeside(`export async function another() { "use workflow"; }`, "shop/another.ts", {});
      const engine = await stage.engine();
      await withKept({ group: "elsewhere" });
      await withKept({ only: ["another"] });
      await engine.send("go", "yes");
      await blocked(engine);
      expect((await engine.get("old"))!.blocked!.reason).toMatch(`${code} `);
      expect((await engine.get("old"))!.build).toBe(build);
      await withKept({ group: ["elsewhere", "default"], only: [order!] });
      expect((await results(engine, "old"))[0]).toMatchObject({ 0: "yes", 1: "lamp one" });
      await stage.close();
      stage = new Stage();
      registry.kept.clear();
    }
  });

  it("goes on when code is loaded that carries it on", async () => {
    const one = version("one", WAIT);
    await parked(one);
    project.load(version("two", OTHER));
    const engine = await stage.engine({ poll: "1m" });
    await engine.send("go", "yes");
    await blocked(engine);
    project.load(one);
    expect(await results(engine, "old")).toEqual([result("one")]);
  });
});

describe("a kept build", () => {
  it("is refused before it is evaluated when its content is not what its name says", async () => {
    const one = version("one", WAIT, "pinned");
    const { build, path } = await project.keep(one);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, `${text}\nglobalThis.evaluated = true;`);
    const kept = keptBuilds(project.builds);
    for (const ask of [() => kept.list(), () => kept.load(build)])
      await expect(ask()).rejects.toMatchObject({ code: "CF3502", message: expect.stringContaining(path) });
    writeFileSync(path, text.slice(0, -20));
    await expect(kept.load(build)).rejects.toMatchObject({ code: "CF3502" });
    expect(globalThis).not.toHaveProperty("evaluated");
    await expect(withKept()).rejects.toMatchObject({ code: "CF3502" });
  });

  it("that is gone is CF3501, for its runs only", async () => {
    const one = version("one", WAIT, "pinned");
    const { build, path } = await project.keep(one);
    await parked(one);
    const { order } = project.load(version("two", OTHER));
    const engine = await withKept();
    rmSync(path);
    await engine.send("go", "yes", { id: "1" });
    await blocked(engine);
    expect((await engine.get("old"))!.blocked!.reason).toMatch(new RegExp(`CF3501.*${build}`));
    await engine.start(order!, ["lamp"], { id: "new" });
    await engine.send("go", "yes", { id: "2" });
    expect(await results(engine, "new")).toEqual([result("two")]);
    await expect(keptBuilds(join(project.folder, "absent")).list()).rejects.toMatchObject({ code: "CF3501" });
  });

  it("is kept once: the same build again replaces it, two copies are refused", async () => {
    mkdirSync(join(project.folder, "node_modules/lamps"), { recursive: true });
    project.write("node_modules/lamps/index.js", "export const watts = 40;");
    const one = `import { watts } from "lamps"; console.assert(watts);\n${version("one", WAIT)}`;
    const { build, path } = await project.keep(one);
    const again = await project.keep(`${one}\n// what it costs`, ["lamps"]);
    expect(again.build).toBe(build);
    expect(again.path).not.toBe(path);
    expect(await keptBuilds(project.builds).list()).toMatchObject([{ id: build }]);
    writeFileSync(join(project.builds, `${build}.${"0".repeat(32)}.mjs`), "");
    await expect(keptBuilds(project.builds).list()).rejects.toMatchObject({
      code: "CF3502",
      message: expect.stringContaining("another copy"),
    });
  });

  it("is refused under the name of another build", async () => {
    const { build, path } = await project.keep(version("one", WAIT));
    const other = path.replace(build, "0".repeat(12));
    renameSync(path, other);
    await expect(keptBuilds(project.builds).list()).rejects.toMatchObject({
      code: "CF3502",
      message: expect.stringContaining(`it holds the build ${build}`),
    });
  });

  it("whose packages are missing says so", async () => {
    const one = `import "no-such-package";\n${version("one", WAIT, "pinned")}`;
    const { build } = await project.keep(one);
    await expect(keptBuilds(project.builds).load(build)).rejects.toMatchObject({
      code: "CF3502",
      message: expect.stringContaining("no-such-package"),
    });
    expect(registry.kept.has(build)).toBe(false);
  });
});

describe("a build is another one", () => {
  const flow = (statement = "") => `
    import { rate } from "./rate.ts";
    import { event, upgrade } from "coldframe";
    ${statement || "const FEE = 1;"}
    export async function cost(n) { "use step"; return n * 2; }
    export async function order() { "use workflow"; await event({ key: "go" }); return [rate(), FEE, await cost(3)]; }
    upgrade(order, "pinned");`;
  const helper = (rate: number) =>
    `import { base } from "./data/base.js";\nexport const rate = (): number => base * ${rate};`;

  beforeEach(() => {
    mkdirSync(join(project.folder, "data"));
    project.write("data/base.ts", "export const base = 10;");
    project.write("rate.ts", helper(2));
  });

  it("when a helper that is not marked, or what that imports, has changed: a pinned run stays with the old one", async () => {
    const { build } = await project.keep(flow());
    const { order } = project.load(flow(), { "./rate.ts": { rate: () => 20 } });
    const engine = await stage.engine();
    await engine.start(order!, [], { id: "old" });
    await stage.when(async () => (await engine.get("old"))!.waits.length > 0);
    expect((await engine.get("old"))!.build).toBe(build);
    await engine.close(0);
    project.write("data/base.ts", "export const base = 11;");
    project.load(flow(), { "./rate.ts": { rate: () => 22 } });
    const later = await withKept();
    await later.send("go");
    expect(await results(later, "old")).toEqual([[20, 1, 6]]);
  });

  it("when a constant, a step or a helper has, and not by comments, formatting and types", async () => {
    const buildOf = async (source: string) => (await project.keep(source)).build;
    const build = await buildOf(flow());
    expect(await buildOf(flow("const FEE = 2;"))).not.toBe(build);
    expect(await buildOf(flow().replace("n * 2", "n * 3"))).not.toBe(build);
    expect(await buildOf(flow("// of this year\n const   FEE: number = 1 as number;"))).toBe(build);
    project.write("rate.ts", helper(3));
    expect(await buildOf(flow())).not.toBe(build);
    project.write("rate.ts", `// of this year\n${helper(2)}\nexport type Rate = number;\n`);
    expect(await buildOf(flow())).toBe(build);
  });
});

it("refuses sources of which none is marked, and two functions of one id", async () => {
  await expect(project.keep("export const a = 1;")).rejects.toMatchObject({ code: "CF3201" });
  await expect(stage.engine({ upgrade: "oldest" as never })).rejects.toMatchObject({ code: "CF2301" });
  await expect(stage.engine({ builds: "builds" as never })).rejects.toMatchObject({ code: "CF2301" });
});
