/** A program over several databases of servers, with workers on all of them: nothing is lost or done twice between them. */
import { afterEach, describe, expect, it } from "vitest";
import { openStore } from "../../cli/open-store.ts";
import { createEngine, type Engine } from "../../runtime/index.ts";
import { mysql } from "../../stores/mysql/index.ts";
import { postgres } from "../../stores/postgres/index.ts";
import { ShardedStore, sharded } from "../../stores/sharded/index.ts";
import { load } from "../engine/programs.ts";
import { dropTables, findMysql, freshPrefix } from "../servers/mysql.ts";
import { dropSchema, findPostgres, freshSchema } from "../servers/postgres.ts";

const pgUrl = await findPostgres();
const mysqlUrl = await findMysql();
const undo: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

const program = load(`
import { event, mutex, send, start } from "coldframe";
export async function part(n, key) {
  "use workflow";
  await using lock = await mutex("one at a time");
  const answer = await event(key + " " + n);
  send(key + " done", [n, answer]);
  return n * 2;
}
export async function whole(count, key) {
  "use workflow";
  const parts = Array.from({ length: count }, (_, n) => start(part, [n, key], { id: key + " part " + n, limit: { key, max: 3 } }));
  const told = [];
  for (let i = 0; i < count; i++) told.push((await event(key + " done"))[0]);
  return [await Promise.all(parts), told.sort((a, b) => a - b)];
}
`);

const places = [
  [
    "postgres",
    pgUrl,
    () => {
      const schema = freshSchema();
      undo.push(() => dropSchema(pgUrl!, schema));
      return () => postgres(pgUrl!, { schema, connections: 3 });
    },
  ],
  [
    "mysql",
    mysqlUrl,
    () => {
      const prefix = freshPrefix();
      undo.push(() => dropTables(mysqlUrl!, prefix));
      return () => mysql(mysqlUrl!, { prefix, connections: 3 });
    },
  ],
] as const;

describe("several databases of a server", () => {
  it.skipIf(pgUrl === null)("are named with commas between them in the command line", async () => {
    const schemas = [freshSchema(), freshSchema()];
    for (const schema of schemas) undo.push(() => dropSchema(pgUrl!, schema));
    const urls = schemas.map((schema) => {
      const url = new URL(pgUrl!);
      url.searchParams.set("schema", schema);
      return url.href;
    });
    const open = (all: readonly string[]) =>
      openStore({ store: all.join(","), seal: null }, { cwd: "." }, { create: true });
    const store = await open(urls);
    await store.migrate();
    await store.close();
    expect(store).toBeInstanceOf(ShardedStore);
    await expect((await open(urls.reverse())).migrate()).rejects.toMatchObject({ code: "CF3112" });
  });

  for (const [name, url, place] of places)
    it.skipIf(url === null)(
      `carry out one program together: ${name}`,
      async () => {
        const { whole } = await program;
        const databases = [place(), place(), place()];
        const engines: Engine[] = [];
        for (let i = 0; i < 2; i++) {
          const engine = await createEngine({
            store: sharded(databases.map((one) => one())),
            poll: 300,
            log: () => {},
          });
          engines.push(engine);
          undo.push(() => engine.close());
        }
        const [one, two] = engines as [Engine, Engine];
        const count = 3;
        const runs = await Promise.all(
          ["x", "y"].map((key) => one.start(whole as never, [count, key] as never, { id: key })),
        );
        for (const key of ["x", "y"])
          for (let n = 0; n < count; n++) {
            await two.send(`${key} ${n}`, n, { id: "1" });
            await two.send(`${key} ${n}`, n, { id: "1" });
          }
        const all = Array.from({ length: count }, (_, n) => n);
        for (const run of runs) expect(await run.result()).toEqual([all.map((n) => n * 2), all]);
        expect((await one.counts()).done).toBe(2 + 2 * count);
      },
      120_000,
    );
});
