/** `coldframe/mysql`: a store for many machines. */
export type { MysqlConnection, MysqlPool } from "./connections.ts";
export { MysqlStore, mysql } from "./mysql.ts";
export type { MysqlOptions } from "./options.ts";
