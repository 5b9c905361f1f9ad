/**
 * Golden databases: one for each version of each schema, with runs that wait in every way. Today's code opens a copy of each, brings it up
 * to date and ends its runs. `npm run golden` makes those of the present versions.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Store } from "../../runtime/index.ts";
import { memory } from "../../stores/memory/index.ts";
import { mysql } from "../../stores/mysql/index.ts";
import { SCHEMA_VERSION as MYSQL_VERSION } from "../../stores/mysql/schema.ts";
import { postgres } from "../../stores/postgres/index.ts";
import { SCHEMA_VERSION as POSTGRES_VERSION } from "../../stores/postgres/schema.ts";
import { sqlite } from "../../stores/sqlite/index.ts";
import { SCHEMA_VERSION as SQLITE_VERSION } from "../../stores/sqlite/statements.ts";
import { dropTables, findMysql, freshPrefix } from "../servers/mysql.ts";
import { dropSchema, findPostgres, freshSchema } from "../servers/postgres.ts";
import * as dumps from "./golden/dumps.ts";
import { firstAct, secondAct } from "./golden/play.ts";

const golden = fileURLToPath(new URL("../../fixtures/stores/", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "coldframe-golden-"));
afterAll(() => rmSync(folder, { recursive: true }));

const servers = { postgres: await findPostgres(), mysql: await findMysql() };
const present = { sqlite: SQLITE_VERSION, postgres: POSTGRES_VERSION, mysql: MYSQL_VERSION };
/** The first version of each that keeps parks. */
const histories = { sqlite: 3, postgres: 2, mysql: 2 };
type Kind = keyof typeof present;

const databases = readdirSync(golden)
  .filter((name) => name.endsWith(".sql"))
  .sort()
  .map((name) => {
    const [kind, version] = name.replace(".sql", "").split("-") as [Kind, string];
    return { name, kind, version: Number(version) };
  });

/** Makes a database of a dump. */
async function opened(kind: Kind, dump: string): Promise<{ store: Store; drop: () => Promise<void> }> {
  if (kind === "sqlite") {
    const file = join(folder, `${Math.random()}.db`);
    dumps.loadSqlite(file, dump);
    return { store: sqlite(file), drop: async () => {} };
  }
  const url = servers[kind]!;
  if (kind === "postgres") {
    const schema = freshSchema();
    await dumps.loadPostgres(url, schema, dump);
    return { store: postgres(url, { schema }), drop: () => dropSchema(url, schema) };
  }
  const prefix = freshPrefix();
  await dumps.loadMysql(url, prefix, dump);
  return { store: mysql(url, { prefix }), drop: () => dropTables(url, prefix) };
}

async function dumped(kind: Kind): Promise<string> {
  if (kind === "sqlite") {
    const file = join(folder, "new.db");
    await firstAct(sqlite(file), true);
    return dumps.dumpSqlite(file);
  }
  const url = servers[kind]!;
  if (kind === "postgres") {
    await firstAct(postgres(url, { schema: dumps.SCHEMA }), true);
    const dump = dumps.dumpPostgres(url);
    await dropSchema(url, dumps.SCHEMA);
    return dump;
  }
  await firstAct(mysql(url, { prefix: dumps.PREFIX }), true);
  const dump = await dumps.dumpMysql(url);
  await dropTables(url, dumps.PREFIX);
  return dump;
}

if (process.env.COLDFRAME_GOLDEN === "write")
  describe("golden databases are written", () => {
    it.each(Object.entries(present))("%s-%i", { timeout: 120_000 }, async (kind, version) => {
      writeFileSync(join(golden, `${kind}-${version}.sql`), await dumped(kind as Kind));
    });
  });
else
  describe("a golden database", () => {
    /** What becomes of the same runs that were never stored: with parks kept, and without. */
    const expected: Record<string, unknown>[] = [];
    beforeAll(async () => {
      for (const history of [false, true]) {
        const data = memory();
        await firstAct(data.connect(), history);
        expected.push(await secondAct(data.connect()));
      }
    }, 60_000);

    it("is there for the present version of each schema: npm run golden", () => {
      for (const [kind, version] of Object.entries(present))
        expect(databases.map(({ name }) => name)).toContain(`${kind}-${version}.sql`);
    });

    it("knows how each of its runs ends", () => {
      expect(Object.keys(expected[1]!).length).toBeGreaterThan(20);
      expect(expected[1]).toMatchObject({ timer: ["slept", 1], parent: ["parent", 42], again: [30, 30] });
    });

    it.each(databases)("$name is opened, and its runs end", { timeout: 60_000 }, async (one) => {
      const { name, kind, version } = one;
      if (kind !== "sqlite" && servers[kind] === null) return;
      const { store, drop } = await opened(kind, readFileSync(join(golden, name), "utf8"));
      try {
        expect(await secondAct(store)).toEqual(expected[version >= histories[kind] ? 1 : 0]);
      } finally {
        await drop();
      }
    });
  });
