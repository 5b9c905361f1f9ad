/**
 * Golden databases: one for each version of each schema, with runs that wait in every way. Today's code opens a copy of each, brings it up
 * to date, finds everything that was in it and ends its runs. `npm run golden` writes those of the present versions; once a version is
 * released, its files never change.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { memory } from "../../stores/memory/index.ts";
import { SCHEMA_VERSION as MYSQL_VERSION } from "../../stores/mysql/schema.ts";
import { SCHEMA_VERSION as POSTGRES_VERSION } from "../../stores/postgres/schema.ts";
import { SCHEMA_VERSION as SQLITE_VERSION } from "../../stores/sqlite/statements.ts";
import { findMysql } from "../servers/mysql.ts";
import { findPostgres } from "../servers/postgres.ts";
import { type Kind, place } from "./golden/dumps.ts";
import { type Features, firstAct, inventory, secondAct } from "./golden/play.ts";

const folder = fileURLToPath(new URL("../../fixtures/stores/", import.meta.url));
const servers = { postgres: await findPostgres(), mysql: await findMysql() };
const present: readonly (readonly [Kind, number])[] = [
  ["sqlite", SQLITE_VERSION],
  ["postgres", POSTGRES_VERSION],
  ["mysql", MYSQL_VERSION],
];
const isThere = (kind: Kind) => kind === "sqlite" || servers[kind] !== null;

const nameOf = (kind: Kind, version: number) => `${kind}-${version}.${kind === "sqlite" ? "db" : "sql"}.gz`;
const all = present.flatMap(([kind, newest]) =>
  Array.from({ length: newest }, (_, i) => ({ kind, version: i + 1, name: nameOf(kind, i + 1) })),
);

function featuresOf(kind: Kind, version: number): Features {
  return { groups: kind !== "sqlite" || version >= 2, history: version >= 4 };
}

/** Tables and indexes of a database that today's code makes. */
async function shapeOfNew(kind: Kind): Promise<readonly unknown[]> {
  const where = place(kind, servers);
  try {
    const store = where.connect();
    await store.migrate();
    await store.close();
    return await where.shape();
  } finally {
    await where.remove();
  }
}

if (process.env["COLDFRAME_GOLDEN"] === "write")
  describe("golden databases are written", () => {
    it.each(present)("%s-%i", { timeout: 120_000 }, async (kind, version) => {
      const where = place(kind, servers);
      try {
        await firstAct(where.connect(), featuresOf(kind, version));
        writeFileSync(join(folder, nameOf(kind, version)), await where.dump());
      } finally {
        await where.remove();
      }
    });
  });
else
  describe("golden databases", () => {
    it("are there for each version of each schema; npm run golden writes that of the present one", () => {
      expect(readdirSync(folder).sort()).toEqual(all.map(({ name }) => name).sort());
    });

    const told = (features: Features) => JSON.stringify(features);
    /** What is in such a database, and what becomes of it, when it never was on disk. */
    const expected = new Map<string, { inventory: unknown; outcomes: Readonly<Record<string, unknown>> }>();
    beforeAll(async () => {
      for (const { kind, version } of all) {
        const features = featuresOf(kind, version);
        if (expected.has(told(features))) continue;
        const data = memory();
        await firstAct(data.connect(), features);
        expected.set(told(features), {
          inventory: await inventory(data.connect()),
          outcomes: await secondAct(data.connect()),
        });
      }
    }, 60_000);

    it("hold runs of every kind, and it is known how each of them ends", () => {
      const { outcomes } = expected.get(told({ groups: true, history: true }))!;
      expect(outcomes).toEqual({
        again: [30, 30],
        child: 42,
        done: { n: 5, at: new Date(5) },
        elsewhere: ["elsewhere", 22],
        failed: "RangeError: less than none",
        first: ["first", 22],
        generated: ["generated", 42],
        gone: ["gone", 42],
        hanging: ["hung", "answered"],
        held: ["held", "worked"],
        large: [72_000, "article "],
        late: ["late", "for later"],
        loop: [["a", "1", "b", "2"], 101],
        named: ["named", "a"],
        one: ["one", 22],
        overdue: "TimeoutError",
        parent: ["parent", 42],
        retried: ["retried", "worked"],
        second: ["second", 22],
        standing: ["named", "a"],
        stream: [1, 2],
        stuck: "Cancelled: the run was cancelled",
        timer: ["slept", 1],
        twice: [10, 20],
        two: ["two", 22],
        undone: "Cancelled: the run was cancelled",
        "yearly@2026-01-04T23:00:00.000Z": "a year",
      });
    });

    it.for(all)(
      "$name is opened, is whole, and its runs end",
      { timeout: 60_000 },
      async (golden, context) => {
        const { kind, version, name } = golden;
        if (!isThere(kind)) context.skip();
        expect(existsSync(join(folder, name)), `${name} is in fixtures/stores`).toBe(true);
        const where = place(kind, servers);
        try {
          await where.load(readFileSync(join(folder, name)));
          const { inventory: things, outcomes } = expected.get(told(featuresOf(kind, version)))!;
          expect(await inventory(where.connect())).toEqual(things);
          expect(await secondAct(where.connect())).toEqual(outcomes);
          expect(await where.faults()).toEqual([]);
          expect(await where.shape(), "as a new database").toEqual(await shapeOfNew(kind));
        } finally {
          await where.remove();
        }
      },
    );
  });
