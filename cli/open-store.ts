/** The database that `--store` names, sealed as `--seal` says. Commands that look never create one: a typing error must not look like "no runs". */
import { existsSync } from "node:fs";
import { basename, dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Store } from "../runtime/engine/store.ts";
import { ColdframeError } from "../runtime/errors.ts";
import { sealsOf } from "../runtime/snapshot/index.ts";
import { loadModule } from "./load-module.ts";
import type { Invocation, Terminal } from "./page.ts";

/** How long a command waits for another program's lock, in ms: a person is waiting, too. */
const PATIENCE = 2_000;

export interface OpenOptions {
  /** Whether a missing file is made. */
  readonly create?: boolean;
  /** Whether the command neither reads nor writes what is sealed. */
  readonly blind?: boolean;
}

/**
 * @throws ColdframeError CF3201 for a kind of database that there is no store for, or a module that does not seal; CF3203 for a
 *   missing file; CF2201 when the database is sealed, and nothing was said about how
 */
export async function openStore(
  { store, seal }: Pick<Invocation, "store" | "seal">,
  terminal: Pick<Terminal, "cwd">,
  { create = false, blind = false }: OpenOptions = {},
): Promise<Store> {
  if (/^(postgres(ql)?|mysql|mariadb):\/\//.test(store)) {
    const open = await serverOf(store, create);
    if (seal !== null) return (await sealOf(seal, terminal))(open());
    if (!create && !blind) await checkPlain(open(), "the database");
    return open();
  }
  const file = resolve(terminal.cwd, fileOf(store));
  const { databasesIn, sqlite } = await import("../stores/sqlite/index.ts");
  const exists = existsSync(file);
  if (!create && !exists) {
    throw new ColdframeError(
      "CF3203",
      `there is no database "${file}". ${nameIt(file, databasesIn(dirname(file)), terminal.cwd)}`,
    );
  }
  const open = () => sqlite(file, create ? {} : { patience: PATIENCE });
  if (seal !== null) return (await sealOf(seal, terminal))(open());
  if (exists && !blind) await checkPlain(open(), `"${file}"`);
  return open();
}

/** What to say instead. @param names of the databases in that folder */
function nameIt(file: string, names: readonly string[], cwd: string): string {
  const found = names
    .filter((name) => name !== basename(file))
    .slice(0, 3)
    .map((name) => `--store ${relative(cwd, resolve(dirname(file), name))}`);
  const here = found.length === 0 ? "" : ` There is: ${found.join(", ")}`;
  return `Name it with --store <file>, or in COLDFRAME_STORE.${here}`;
}

/** A command without the key would fail late, or put texts into the database that workers with the key refuse. */
async function checkPlain(store: Store, where: string): Promise<void> {
  try {
    await store.migrate();
    const [newest] = await store.read.runs({ limit: 1 });
    const seals = newest === undefined ? null : sealsOf((await store.read.run(newest.id))?.call ?? "");
    if (seals === null) return;
    throw new ColdframeError(
      "CF2201",
      `${where} is sealed with ${seals}. Name the module that seals it with --seal <module>, or in COLDFRAME_SEAL`,
    );
  } finally {
    await store.close();
  }
}

async function sealOf(module: string, terminal: Pick<Terminal, "cwd">): Promise<(store: Store) => Store> {
  const { seal } = (await loadModule(module, terminal)) as { readonly seal?: unknown };
  if (typeof seal === "function") return seal as (store: Store) => Store;
  throw new ColdframeError(
    "CF3201",
    `--seal ${module}: it exports no function "seal" that takes a store and gives a sealed one.`,
  );
}

/** Opens the databases of servers: one, or several with commas between them. */
async function serverOf(store: string, create: boolean): Promise<() => Store> {
  const urls = store.split(/,(?=(?:postgres(?:ql)?|mysql|mariadb):\/\/)/);
  const opens = await Promise.all(urls.map((url) => oneServerOf(url, create)));
  if (opens.length === 1) return opens[0]!;
  const { sharded } = await import("../stores/sharded/index.ts");
  return () => sharded(opens.map((open) => open()));
}

/** Opens the server's database. `?schema=` and `?prefix=` are ours, all else is the driver's. */
async function oneServerOf(store: string, create: boolean): Promise<() => Store> {
  const url = new URL(store);
  const ours = url.protocol.startsWith("postgres") ? "schema" : "prefix";
  const name = url.searchParams.get(ours);
  url.searchParams.delete(ours);
  const options = { create, connections: create ? 6 : 2, ...(name === null ? {} : { [ours]: name }) };
  if (ours === "schema") {
    const { postgres } = await import("../stores/postgres/index.ts");
    return () => postgres(url.href, options);
  }
  const { mysql } = await import("../stores/mysql/index.ts");
  return () => mysql(url.href, options);
}

function fileOf(store: string): string {
  if (store.startsWith("file:")) return fileURLToPath(new URL(store));
  if (store.startsWith("sqlite:")) return store.slice("sqlite:".length);
  const scheme = /^([a-z]{2,}):\/\//.exec(store);
  if (scheme === null) return store;
  throw new ColdframeError(
    "CF3201",
    `--store ${store}: there is no store for "${scheme[1]}". Give the path of a SQLite file, postgres://user@host/database or mysql://user@host/database.`,
  );
}
