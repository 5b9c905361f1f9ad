/** `coldframe/sqlite`: the embedded store. */
export { databasesIn } from "./found.ts";
export { type SqliteOptions, SqliteStore, sqlite } from "./sqlite.ts";
export type { SqliteTransaction } from "./transact.ts";
