import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { afterAll, describe, expect, test, vi } from "vitest";
import { main } from "../cli/support/command-line.ts";
import { dropTables, findMysql, freshPrefix } from "../servers/mysql.ts";
import { dropSchema, findPostgres, freshSchema } from "../servers/postgres.ts";
import { child, cli, compilerOptions, flow, folder, read, run, useShop, write } from "./shop.ts";

vi.mock("../../checker/program.ts", async (importOriginal) =>
  (await import("./kept-program.ts")).keeping(await importOriginal()),
);

useShop();

const prefix = freshPrefix();
const schema = freshSchema();
const postgresUrl = await findPostgres();
const mysqlUrl = await findMysql();
/** With what only this test has in a server. */
const within = (url: string | null, query: string) =>
  url === null ? null : `${url}${url.includes("?") ? "&" : "?"}${query}`;
const stores = [
  { kind: "sqlite", url: "runs.db" as string | null, open: 'sqlite("runs.db")' },
  {
    ...{ kind: "postgres", url: within(postgresUrl, `schema=${schema}`) },
    open: `postgres(${JSON.stringify(postgresUrl)}, { schema: "${schema}" })`,
  },
  {
    ...{ kind: "mysql", url: within(mysqlUrl, `prefix=${prefix}`) },
    open: `mysql(${JSON.stringify(mysqlUrl)}, { prefix: "${prefix}" })`,
  },
];
afterAll(async () => {
  if (postgresUrl !== null) await dropSchema(postgresUrl, schema);
  if (mysqlUrl !== null) await dropTables(mysqlUrl, prefix);
});

/** A program that parks a run in a step of `flow` that does not answer. */
const startOf = (name: string) => `import { createEngine } from "coldframe";
import { sqlite } from "coldframe/sqlite";
import { ${name} } from "./flow.ts";
const engine = await createEngine({ store: sqlite("runs.db"), grace: 0, aroundStep: () => new Promise(() => {}), log: () => {} });
await engine.start(${name}, [1], { id: "run" });
for await (const state of engine.run("run").watch()) if (state.waits.length > 0) break;
process.exit(0);
`;

describe("the workflow of a release", () => {
  test("release, change, check", async () => {
    expect(await cli("check")).toMatchObject({
      code: 0,
      out: "0 errors, 0 warnings. Nothing was released yet: coldframe release remembers this build.",
    });
    const released = await cli("release");
    expect(released).toMatchObject({ code: 0, err: "" });
    const [build] = /(?<=^release )\w{12}/.exec(released.out)!;
    expect((await cli("release")).out).toBe(`release ${build} is the last one already`);
    // What is imported is part of it, and everything that names builds agrees.
    expect((await child("build", "flow.ts")).out).toBe(`build ${build} of 1 marked module`);
    write("ask.ts", "export const rate = 1;\n");
    const importing = flow.replace(";\n", ';\nimport { rate } from "./ask.ts";\n');
    write("flow.ts", importing.replace("n * 2", "n * rate"));
    const { build: other } = JSON.parse((await child("build", "flow.ts", "--json")).out);
    write("ask.ts", "export const rate = 2;\n");
    const { build: another } = JSON.parse((await child("build", "flow.ts", "--json")).out);
    expect(new Set([build, other, another]).size).toBe(3);
    expect((await cli("release")).out).toContain(another);
    write("flow.ts", flow);
    rmSync(join(folder, "ask.ts"));
    rmSync(join(folder, "coldframe.lock.json"));
    await cli("release");
    const lock = JSON.parse(read("coldframe.lock.json"));
    expect(lock).toMatchObject({ format: 1, project: "shop", releases: [{ build, version: "1.2.0" }] });
    const code = lock.codes[lock.releases[0].codes[0]];
    expect(code).toMatchObject({ id: "shop/flow.ts#flow", types: { k: "number" } });

    write("flow.ts", flow.replace("return [first, k]", 'return [first, k, "new"]'));
    const good = await cli("check");
    expect(good.code).toBe(0);
    expect(good.out).toContain(`goes on  shop/flow.ts#flow at "event" (flow.ts:6)`);

    write("flow.ts", flow.replaceAll(/\bk\b/g, "twice"));
    const bad = await cli("check", "--json");
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.out)).toMatchObject({
      ok: false,
      released: build,
      changes: [{ point: "event", verdict: "needs migration", reason: expect.stringContaining('"twice"') }],
    });

    // Releases are only ever appended.
    await cli("release", "--json");
    const next = JSON.parse(read("coldframe.lock.json"));
    expect(next.releases).toHaveLength(2);
    expect(next.releases[0]).toEqual(lock.releases[0]);
    expect(Object.keys(next.codes)).toEqual(expect.arrayContaining(Object.keys(lock.codes)));
    expect((await cli("check")).code).toBe(0);
  });

  test("a step that went, with awaits that look as they did", async () => {
    const step = (name: string) => `export async function ${name}(n: number) { "use step"; return n; }\n`;
    const use = (file: string) =>
      `"use workflow";\nimport { ask, tell } from "./${file}";\nexport async function flow(n: number) {\n  return (await ask(n)) + (await tell(n));\n}\n`;
    write("ask.ts", step("ask") + step("tell"));
    write("flow.ts", use("ask.ts"));
    write("start.ts", startOf("flow"));
    await cli("release");
    expect((await run(["--import", "coldframe/register", "start.ts"])).err).toBe("");
    rmSync(join(folder, "ask.ts"));
    write("other.ts", step("ask") + step("tell"));
    write("flow.ts", use("other.ts"));
    try {
      const lost = JSON.parse((await child("check", "--store", "runs.db", "--json")).out);
      expect(lost.changes).toMatchObject([
        { code: "shop/ask.ts#ask", verdict: "lost", renamedTo: "shop/other.ts#ask", parked: 1 },
        { code: "shop/ask.ts#tell", verdict: "lost", renamedTo: "shop/other.ts#tell", parked: 0 },
      ]);
      expect(lost.store).toMatchObject({ parked: 1, stopped: [{ run: "run" }] });
      const told = await cli("check");
      expect(told.code).toBe(1);
      expect(told.out).toContain("lost  shop/ask.ts#ask, a step\n  the step shop/ask.ts#ask is not there");
      expect((await cli("check", "--fix")).code).toBe(1);
      expect(read("coldframe.migrations.ts")).toContain(`renamed("shop/ask.ts#ask", "shop/other.ts#ask");`);
      expect(await child("check", "--store", "runs.db")).toMatchObject({ code: 0, err: "" });
      // The whole module, too.
      write(
        "coldframe.migrations.ts",
        `import { renamed } from "coldframe";\nrenamed("shop/ask.ts", "shop/other.ts");\n`,
      );
      expect(await cli("check")).toMatchObject({ code: 0, err: "" });
    } finally {
      for (const name of ["start.ts", "other.ts"]) rmSync(join(folder, name));
    }
  });

  test.for(stores)(
    "--store $kind tells how many runs are parked where, and what becomes of each",
    {
      timeout: 240_000,
    },
    async ({ kind, url, open }, context) => {
      if (url === null) context.skip();
      write(
        "start.ts",
        `import { createEngine } from "coldframe";
import { ${kind} } from "coldframe/${kind}";
import { flow } from "./flow.ts";
const engine = await createEngine({ store: ${open}, log: () => {} });
for (const id of ["a", "b"]) await engine.start(flow, [1], { id });
for (const id of ["a", "b"]) for await (const state of engine.run(id).watch()) if (state.waits.length > 0) break;
await engine.close();
`,
      );
      expect((await run(["--import", "coldframe/register", "start.ts"])).err).toBe("");
      await cli("release");
      write("flow.ts", flow.replaceAll(/\bk\b/g, "twice"));
      // The first as most people have it.
      const few = ["check", "--store", url!, "--project", "few-types.json"];
      const bad = await (kind === "sqlite" ? child("check", "--store", url!) : child(...few));
      expect(bad).toMatchObject({ code: 1, err: "" });
      expect(bad.out).toContain(`(flow.ts:6)    2 parked here now`);
      expect(bad.out).toMatch(/blocked {2}run b\n {2}CF2103 .*"twice"/);
      expect(bad.out).toContain("2 parked runs: 0 go on, 2 do not.");
      rmSync(join(folder, "start.ts"));
      // What becomes of them is the same whatever the store.
      if (kind !== "sqlite") return;
      const other = JSON.parse((await child(...few, "--json")).out);
      expect(other.changes[0].parked).toBe(2);
      write("flow.ts", flow.replace("return [first, k]", "return [k]"));
      expect((await child(...few)).out).toContain("2 parked runs: 2 go on, 0 do not.");
    },
  );

  test("--fix marks functions, and writes migrations to be filled in", async () => {
    write(
      "ask.ts",
      `import { event } from "coldframe";\nexport async function ask(key: string) {\n  return await event<number>({ key });\n}\n`,
    );
    const calling = flow
      .replace('event<number>({ key: "first" })', 'ask("first")')
      .replace('import { event } from "coldframe";', 'import { ask } from "./ask.ts";');
    await cli("release");
    write("flow.ts", calling);
    const first = await cli("check", "--fix");
    expect(first.code).toBe(1);
    expect(first.out).toContain(`CF2003 "ask" is not compiled, but awaits an external call
  flow.ts:6:23    const first = await ask("first");           the run waits here
  ask.ts:2:1      export async function ask(key: string) {    for a function that cannot be saved
Write "use workflow" at the top of "ask". coldframe check --fix does that.`);
    expect(first.out).toContain(`lost  shop/flow.ts#flow at "event" (flow.ts:6)`);
    expect(first.err).toContain("changed ask.ts");
    expect(read("ask.ts")).toContain(`ask(key: string) {\n  "use workflow";\n  return`);
    expect(read("coldframe.migrations.ts")).toMatch(
      /^import \{ migrate \} from "coldframe";\n\n\/\/ Parked at "event" .*\nmigrate\("shop\/flow\.ts#flow", \{\n {2}from: \{ at: "event", build: "\w+" \},\n {2}to: \{ at: "ask" \},\n {2}frame: \(old: \{ k: number \}\): \{ k: number \} => \(\{ \.\.\.old \}\),\n\}\);\n$/,
    );
    const second = JSON.parse((await cli("check", "--json")).out);
    expect(second.findings).toEqual([]);
  });
});

describe("migrations", () => {
  const later = flow
    .replaceAll(/\bk\b/g, "label")
    .replace("n * 2", "String(n)")
    .replace('event<number>({ key: "first" })', 'event<number>({ key: "first", timeout: "1d" })');
  const migration = (frame: string, at = "event") =>
    `import { migrate } from "coldframe";\nimport { flow } from "./flow.ts";\nmigrate(flow, { from: { at: "event" }, to: { at: "${at}" }, frame: ${frame} });\n`;
  const checked = async (text: string) => {
    write("coldframe.migrations.ts", text);
    const { code, out, err } = await cli("check", "--json");
    expect(err).toBe("");
    return { code, ...JSON.parse(out) };
  };
  const messages = ({ findings }: { findings: readonly { code: string; message: string }[] }) =>
    findings.map(({ code, message }) => `${code} ${message}`);
  /** What TypeScript says of them. */
  let checkedBefore: ts.Program | undefined;
  /** What no test writes to. */
  const unchanged = new Map<string, ts.SourceFile | undefined>();
  const mistakes = () => {
    const options = ts.parseJsonConfigFileContent(JSON.parse(read("tsconfig.json")), ts.sys, folder).options;
    const host = ts.createCompilerHost(options);
    const { getSourceFile } = host;
    host.getSourceFile = (name, ...how) => {
      if (name.startsWith(folder)) return getSourceFile(name, ...how);
      if (!unchanged.has(name)) unchanged.set(name, getSourceFile(name, ...how));
      return unchanged.get(name);
    };
    const path = join(folder, "coldframe.migrations.ts");
    checkedBefore = ts.createProgram([path], options, host, checkedBefore);
    const file = checkedBefore.getSourceFile(path);
    return [
      ...checkedBefore.getSyntacticDiagnostics(file),
      ...checkedBefore.getSemanticDiagnostics(file),
    ].map(({ messageText }) => JSON.stringify(messageText));
  };

  test("--fix writes one from the old types to the new, which compiles and stops a run until it is completed", async () => {
    await cli("release");
    write("flow.ts", later);
    await cli("check", "--fix");
    const stub = read("coldframe.migrations.ts");
    expect(stub).toContain(
      'frame: (old: { k: number }): { label: string } => ({ ...old, label: toBeSaid("label") }),',
    );
    expect(mistakes()).toEqual([]);
    const open = await checked(stub);
    expect(open.code).toBe(1);
    expect(open.changes[0].reason).toContain("still to be completed");
    // With types: completed wrongly it does not compile, completed rightly it does, and nothing is lost any more.
    write("coldframe.migrations.ts", stub.replace('toBeSaid("label")', "old.k"));
    expect(mistakes().join()).toContain("Type 'number' is not assignable to type 'string'");
    const right = stub.replace('toBeSaid("label")', "String(old.k)");
    expect(await checked(right)).toMatchObject({
      code: 0,
      findings: [],
      changes: [{ point: "event", verdict: "migrated" }],
    });
    expect(mistakes()).toEqual([]);
  });

  test("count wherever the program has its sources", async () => {
    await cli("release");
    write("flow.ts", later.replace("String(n)", "n * 2"));
    write("tsconfig.json", read("tsconfig.json").replace('["*.ts"]', '["flow.ts"]'));
    expect((await cli("check")).code).toBe(1);
    expect(await checked(migration("(old: { k: number }) => ({ label: old.k })"))).toMatchObject({
      code: 0,
      changes: [{ verdict: "migrated" }],
    });
  });

  test("are typed by what was released: by the hash of a function, or by its name", async () => {
    await cli("release");
    const { codes } = JSON.parse(read("coldframe.lock.json"));
    const [{ hash }] = Object.values(codes) as [{ hash: string }];
    write("flow.ts", flow.replace("n * 2", "String(n)"));
    await cli("release");
    const types = read("coldframe.lock.d.ts");
    expect(types).toContain('"shop/flow.ts#flow": {\n      event: { k: number } | { k: string };\n    };');
    const says = (text: string) => {
      write(
        "coldframe.migrations.ts",
        `/// <reference path="./coldframe.lock.d.ts" />\nimport { migrate } from "coldframe";\nimport { flow } from "./flow.ts";\n${text}\n`,
      );
      return mistakes();
    };
    const from = `from: { at: "event", build: "${hash}" }`;
    expect(says(`migrate(flow, { ${from}, frame: (old) => ({ k: old.k.toFixed() }) });`)).toEqual([]);
    expect(says(`migrate(flow, { ${from}, frame: (old) => ({ k: old.cost }) });`).join()).toContain("'cost'");
    expect(says(`migrate(flow, { ${from}, frame: (old) => ({ k: old.k.trim() }) });`).join()).toContain(
      "'trim'",
    );
    const named = (body: string) =>
      says(`migrate("shop/flow.ts#flow", { from: { at: "event" }, frame: (old) => ({ k: ${body} }) });`);
    expect(named('typeof old.k === "number" ? old.k.toFixed() : old.k.trim()')).toEqual([]);
    expect(named("old.k.toFixed()").join()).toContain("'toFixed'");
    // What was not released is as the author says it is, and so is what an annotation says.
    const other = `from: { at: "event", build: "another" }`;
    expect(
      says(`migrate(flow, { ${other}, frame: (old: { k: Date }) => ({ k: old.k.toJSON() }) });`),
    ).toEqual([]);
    expect(says(`migrate(flow, { ${other}, frame: (old) => ({ k: old.k }) });`)).toEqual([]);
    expect(
      says(`migrate(flow, { ${from}, frame: (old: { k: number }) => ({ k: old.k.toFixed() }) });`),
    ).toEqual([]);
    rmSync(join(folder, "coldframe.lock.d.ts"));
    expect(says("").length).toBeGreaterThan(0);
    await cli("release");
    expect(read("coldframe.lock.d.ts")).toBe(types);
  });

  test("are typed by the function that is given, wherever it is exported", async () => {
    const more = `"use workflow";
import { event } from "coldframe";
export default async function (order: { id: string }, price: bigint) {
  await event({ key: "paid" });
  return [order, price];
}
const sent = async (parcel: Date) => {
  await event({ key: "sent" });
  return parcel;
};
export { sent as "sent off", sent as shipped };
export async function twin(a: string[]): Promise<void> {
  await event({ key: "twin" });
  a.push();
}
export async function otherTwin(b: string[]): Promise<void> {
  await event({ key: "twin" });
  b.push();
}
`;
    write("more.ts", more);
    try {
      await cli("release");
      write("flow.ts", later);
      const says = (text: string) => {
        write(
          "coldframe.migrations.ts",
          `/// <reference path="./coldframe.lock.d.ts" />\nimport { migrate } from "coldframe";\nimport { flow } from "./flow.ts";\nimport paid, { shipped, twin } from "./more.ts";\n${text}\n`,
        );
        return mistakes();
      };
      const of = (f: string, body: string) =>
        `migrate(${f}, { from: { at: "event" }, frame: (old) => ({ ...old, a: ${body} }) });`;
      const right = [
        of("flow", "old.k.toFixed()"),
        of("paid", "[old.order.id.trim(), old.price - 1n]"),
        of("shipped", "old.parcel.getTime()"),
        // Functions of one type cannot be told apart: old is what any of them had.
        of("twin", '"a" in old ? old.a.join() : old.b.join()'),
        // As before: points and versions that were not released, and what an annotation says.
        'migrate(flow, { from: { at: "other" }, frame: (old) => ({ k: old["cost"] }) });',
        'migrate(flow, { from: { at: "event", build: "x" }, frame: (old) => ({ k: old["cost"] }) });',
        'migrate(flow, { from: { at: "event" }, frame: (old: { k: bigint }) => ({ k: old.k }) });',
      ];
      expect(says(right.join("\n"))).toEqual([]);
      const wrong = {
        "'trim'": of("flow", "old.k.trim()"),
        "'cost'": of("flow", "old.cost"),
        "'name'": of("paid", "old.order.name"),
        "'package'": of("shipped", "old.package"),
        "'a'": of("twin", "old.a"),
      };
      const told = Object.keys(wrong).map((name) => expect.stringContaining(`Property ${name}`));
      expect(says(Object.values(wrong).join("\n"))).toEqual(told);
      // Checked as an author's own file, too: what was released and is not there any more is no mistake in it.
      const atOnce = () => {
        const path = join(folder, "coldframe.lock.d.ts");
        const { options } = ts.convertCompilerOptionsFromJson(
          { ...compilerOptions, skipLibCheck: false },
          folder,
        );
        const program = ts.createProgram([path], options);
        return [
          ...program.getSemanticDiagnostics(program.getSourceFile(path)),
          ...program.getSyntacticDiagnostics(),
        ];
      };
      expect(atOnce().map(({ messageText }) => messageText)).toEqual([]);
      write(
        "more.ts",
        more.replaceAll("twin", "gone").replace("default async function ", "async function other"),
      );
      expect(says(of("flow", "old.k.trim()")).join()).toContain("'trim'");
      rmSync(join(folder, "flow.ts"));
      expect(atOnce().map(({ messageText }) => messageText)).toEqual([]);
    } finally {
      rmSync(join(folder, "more.ts"), { force: true });
    }
  });

  test("are typed by versions that differ: what is handed on is not lost", async () => {
    const richer = (text: string) =>
      text
        .replace("  const first", "  const more = [n];\n  const first")
        .replace("[first, ", "[first, more, ");
    await cli("release");
    write("flow.ts", richer(flow));
    await cli("release");
    write("flow.ts", richer(later));
    const { codes } = JSON.parse(read("coldframe.lock.json"));
    const builds = JSON.stringify((Object.values(codes) as { hash: string }[]).map(({ hash }) => hash));
    const handing = async (frame: string) => {
      const text = migration(frame).replace('at: "event" }', `at: "event", build: ${builds} }`);
      const { changes } = await checked(`/// <reference path="./coldframe.lock.d.ts" />\n${text}`);
      expect(mistakes()).toEqual([]);
      return changes;
    };
    const migrated = [{ verdict: "migrated" }];
    expect(await handing("(old) => ({ ...old, label: String(old.k) })")).toMatchObject(migrated);
    const inBlock = "(old) => { if (old.k) return { ...old, label: '' }; return { ...old, label: 'x' }; }";
    expect(await handing(inBlock)).toMatchObject(migrated);
    const blocked = [{ verdict: "lost", reason: expect.stringContaining('gave no "more"') }];
    expect(await handing("(old) => ({ label: String(old.k) })")).toMatchObject(blocked);
    const once = "(old) => { if (old.k) return { label: '' }; return { ...old, label: 'x' }; }";
    expect(await handing(once)).toMatchObject(blocked);
  });

  test("by their types: what fits carries runs over, what does not is told", async () => {
    await cli("release");
    write("flow.ts", later);
    const none = JSON.parse((await cli("check", "--json")).out);
    expect(none.changes).toMatchObject([{ verdict: "lost" }]);
    const good = await checked(migration("(old: { k: number }) => ({ label: String(old.k) })"));
    const fine = { code: 0, findings: [], changes: [{ verdict: "migrated" }] };
    expect(good).toMatchObject(fine);
    for (const untyped of [
      "({ ...old, label: old.k })",
      "{ if (old.k) return { label: old.k }; return { ...old, label: 1 as any }; }",
    ])
      expect(await checked(migration(`(old: any) => ${untyped}`))).toMatchObject(fine);
    const given = await checked(migration("(old: { k: number }) => ({ label: old.k })"));
    expect(given.code).toBe(1);
    expect(messages(given)).toEqual([
      'CF3307 a migration does not fit the types: that of shop/flow.ts#flow gives "label" as number, and the function has string there',
    ]);
    expect(given.changes[0].reason).toContain('gave a number for "label", which is always a string');
    expect(messages(await checked(migration("(old: { k: string }) => ({ label: old.k })")))).toEqual([
      'CF3307 a migration does not fit the types: that of shop/flow.ts#flow takes "k" for string, and it was saved as number',
    ]);
    const little = await checked(migration("() => ({})"));
    expect(little.changes[0].reason).toContain('gave no "label"');
    expect(messages(await checked(migration("(old) => old", "approval")))).toEqual([
      expect.stringMatching(/^CF2402 .*has no suspend point "approval". It has "event"/),
    ]);
  });

  test("of classes: fields that instances were saved without", async () => {
    const holds = (fields: string) => `"use workflow";
import { event } from "coldframe";
class Base { name = "x"; }
export class Order extends Base { items: string[] = []; #seen = new Map<string, number>(); ${fields} tell() { return [this.items, this.#seen]; } }
export async function flow() {
  const order = new Order();
  await event({ key: "first" });
  return order.tell();
}
`;
    write("flow.ts", holds(""));
    await cli("release");
    write("flow.ts", holds("note?: string; region = 1;"));
    const told = await cli("check");
    expect(told).toMatchObject({ code: 0, err: "" });
    expect(told.out).toContain(`goes on  shop/flow.ts#flow at "event" (flow.ts:7)
  shop/flow.ts#Order has "region" now: it is undefined in instances that were saved, unless a migration gives it.`);
    expect(told.out).not.toContain('"note"');
    write("flow.ts", holds("#cents = 0; #more() {} note = () => this.#more() ?? this.#cents;"));
    const stopped = JSON.parse((await cli("check", "--json")).out);
    expect(stopped).toMatchObject({ ok: false, changes: [{ verdict: "needs migration", point: "event" }] });
    await cli("check", "--fix");
    const stub = read("coldframe.migrations.ts");
    expect(stub).toContain(
      'fields: (old: { items: string[]; "#seen": Map<string, number> }) => ({ ...old, "#cents": toBeSaid("#cents") }),',
    );
    expect(mistakes()).toEqual([]);
    expect(JSON.parse((await cli("check", "--json")).out).changes).toMatchObject([
      { reason: expect.stringContaining("it is still to be completed") },
    ]);
    const given = await checked(stub.replace('toBeSaid("#cents")', "7"));
    expect(given).toMatchObject({ code: 0, changes: [{ verdict: "migrated" }] });
  });

  test("a function that was renamed, and renames in a circle", async () => {
    await cli("release");
    write("flow.ts", flow.replace("function flow", "function order"));
    const renamed = (...pairs: readonly string[]) =>
      checked(`import { renamed } from "coldframe";\n${pairs.map((one) => `renamed(${one});`).join("\n")}\n`);
    expect(await renamed('"shop/flow.ts#flow", "shop/flow.ts#order"')).toMatchObject({
      code: 0,
      changes: [{ verdict: "goes on" }],
    });
    const circle = await renamed(
      '"shop/flow.ts#flow", "shop/flow.ts#order"',
      '"shop/flow.ts#order", "shop/flow.ts#flow"',
    );
    expect(messages(circle)).toEqual([expect.stringMatching(/^CF2401 .*in a circle/)]);
    expect(circle.code).toBe(1);
  });
});

test("dates and times of the language are saved, those of a package are not", async () => {
  const lib = ["ES2023", "ESNext.Temporal"];
  write(
    "tsconfig.json",
    JSON.stringify({ compilerOptions: { ...compilerOptions, lib, types: [] }, include: ["*.ts"] }),
  );
  write("luxon.d.ts", "export class Duration { days: number; }");
  write(
    "flow.ts",
    `import { event } from "coldframe";
import { Duration } from "./luxon.js";
export async function flow(until: Temporal.ZonedDateTime | Temporal.Duration, other: Duration) {
  "use workflow";
  const today = Temporal.Now.plainDateISO();
  await event("first");
  return [today, until, other];
}
`,
  );
  const { findings } = JSON.parse((await cli("check", "--json")).out);
  rmSync(join(folder, "luxon.d.ts"));
  expect(findings).toMatchObject([
    { message: expect.stringContaining('"other" is still needed after this await, but a Duration') },
  ]);
});

describe("bad input", () => {
  const failing = async (text: string) => {
    write("coldframe.lock.json", text);
    const { code, err } = await cli("check");
    expect(code).toBe(1);
    return err;
  };

  test("CF3301: a lock file that is none, or damaged", async () => {
    await cli("release");
    const good = read("coldframe.lock.json");
    expect(await failing("")).toMatch(
      /CF3301 the lock file cannot be read: "coldframe.lock.json": it is not JSON/,
    );
    expect(await failing(`<<<<<<< ours\n${good}`)).toContain("marks of a merge conflict");
    expect(await failing("{}")).toContain("it lists no releases");
    expect(await failing(good.replace('"format":1', '"format":9'))).toContain("it has format 9");
    expect(await failing(good.replace(/"shop\/flow.ts#flow@\w+":/, '"gone":'))).toContain(
      "which is not in it",
    );
    expect(await failing(good.replace('"fingerprint":', '"finger":'))).toContain("is damaged");
  });

  test("CF3302: the lock file of another project", async () => {
    await cli("release");
    expect(
      await failing(read("coldframe.lock.json").replace('"project":"shop"', '"project":"bank"')),
    ).toContain(
      `CF3302 the lock file belongs to another project: "coldframe.lock.json" tells of the releases of "bank", and this is "shop"`,
    );
  });

  test("CF3303: two functions of one id", async () => {
    mkdirSync(join(folder, "copy"), { recursive: true });
    write("copy/package.json", JSON.stringify({ name: "shop" }));
    write("copy/flow.ts", flow.replace("n * 2", "n * 3"));
    const other = { ...JSON.parse(read("tsconfig.json")), include: ["**/*.ts"] };
    write("both.json", JSON.stringify(other));
    const { code, err } = await cli("check", "--project", "both.json");
    rmSync(join(folder, "copy"), { recursive: true });
    expect(code).toBe(1);
    expect(err).toContain(
      "CF3303 two functions have one id: shop/flow.ts was compiled twice with different text",
    );
  });

  test("CF3203: no tsconfig.json", async () => {
    const { code, err } = await cli("check", "--project", "none.json");
    expect(code).toBe(3);
    expect(err).toMatch(/CF3203 there is no such file: there is no ".*none.json"/);
  });

  test("CF3304: ts-morph is not installed", async () => {
    // As in a project that never asked for it.
    const hooks = `export function resolve(name, context, next) {
      if (name === "ts-morph") throw Object.assign(new Error("Cannot find package 'ts-morph'"), { code: "ERR_MODULE_NOT_FOUND" });
      return next(name, context);
    }`;
    const url = (text: string) => `data:text/javascript,${encodeURIComponent(text)}`;
    const without = url(`import { register } from "node:module"; register(${JSON.stringify(url(hooks))});`);
    const { code, err } = await run(["--import", without, main, "check"]);
    expect(err).toBe(
      "coldframe: CF3304 a package is missing: types are read with ts-morph, which is not installed: npm install --save-dev ts-morph",
    );
    expect(code).toBe(1);
  });
});
