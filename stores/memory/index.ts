/** `coldframe/memory`: a store that lives as long as the process. */
export { MemoryStore, memory } from "./memory.ts";
export type { MemoryTransaction } from "./transactions.ts";
