/** The database that `--store` names. Commands that look never create one: a typing error must not look like "no runs". */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Store } from "../runtime/engine/store.ts";
import { ColdframeError } from "../runtime/errors.ts";
import { sqlite } from "../stores/sqlite/index.ts";
import type { Invocation, Terminal } from "./page.ts";

/** How long a command waits for another program's lock, in ms: a person is waiting, too. */
const PATIENCE = 2_000;

/**
 * @param create whether a missing file is made
 * @throws ColdframeError CF3201 for a kind of database that there is no store for, CF3203 for a missing file
 */
export function openStore(
  { store }: Pick<Invocation, "store">,
  { cwd }: Terminal | Pick<Terminal, "cwd">,
  create = false,
): Store {
  const file = resolve(cwd, fileOf(store));
  if (!create && !existsSync(file)) {
    throw new ColdframeError(
      "CF3203",
      `there is no database "${file}". Name it with --store <file>, or in COLDFRAME_STORE.`,
    );
  }
  return sqlite(file, create ? {} : { patience: PATIENCE });
}

function fileOf(store: string): string {
  if (store.startsWith("file:")) return fileURLToPath(new URL(store));
  if (store.startsWith("sqlite:")) return store.slice("sqlite:".length);
  const scheme = /^([a-z]{2,}):\/\//.exec(store);
  if (scheme === null) return store;
  throw new ColdframeError(
    "CF3201",
    `--store ${store}: there is no store for "${scheme[1]}". Give the path of a SQLite file.`,
  );
}
