/** `coldframe/sqlite`: the embedded store. */
export { type SqliteOptions, SqliteStore, sqlite } from "./sqlite.ts";
export type { SqliteTransaction } from "./transact.ts";
