/** `coldframe/postgres`: a store for many machines. */
export type { PostgresClient, PostgresPool } from "./connections.ts";
export type { PostgresOptions } from "./options.ts";
export { PostgresStore, postgres } from "./postgres.ts";
