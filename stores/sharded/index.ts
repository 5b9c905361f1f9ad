/** `coldframe/sharded`: one store of several databases. */
export { ShardedStore, sharded } from "./sharded.ts";
