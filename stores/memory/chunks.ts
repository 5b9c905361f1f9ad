/** Chunks of large values: each is kept once, as long as a run refers to it. */
import type { Chunk, ChunkChange } from "../../runtime/engine/store.ts";
import type { Database, Record } from "./database.ts";

/** @param past the last turn whose park is kept and may refer to what is dropped; null: there is none */
export function changeChunks(
  data: Database,
  run: Record,
  { added, dropped }: ChunkChange,
  past: number | null,
): void {
  for (const { hash, body } of added) {
    if (run.chunks.has(hash)) continue;
    run.chunks.add(hash);
    const known = data.chunks.get(hash);
    if (known === undefined) data.chunks.set(hash, { body: copy(body), runs: 1 });
    else known.runs++;
  }
  for (const hash of dropped) {
    if (!run.chunks.delete(hash)) continue;
    const isNew = past !== null && !run.pastChunks.has(hash);
    if (past !== null) run.pastChunks.set(hash, past);
    if (!isNew) letGo(data, hash);
  }
}

function letGo(data: Database, hash: string): void {
  const known = data.chunks.get(hash)!;
  known.runs--;
  if (known.runs === 0) data.chunks.delete(hash);
}

/** Kept parks up to this turn are gone. */
export function dropPastChunks(data: Database, run: Record, turn: number): void {
  for (const [hash, until] of run.pastChunks) {
    if (until > turn) continue;
    run.pastChunks.delete(hash);
    letGo(data, hash);
  }
}

/** @param turn of a kept park; undefined: of the present one */
export function chunksOf(data: Database, run: Record, turn?: number): readonly Chunk[] {
  const past = turn === undefined ? [] : [...run.pastChunks].filter(([, until]) => until >= turn);
  const names = new Set([...run.chunks, ...past.map(([hash]) => hash)]);
  return [...names].map((hash) => ({ hash, body: copy(data.chunks.get(hash)!.body) }));
}

function copy(body: Chunk["body"]): Chunk["body"] {
  return typeof body === "string" ? body : body.slice();
}

/** All that one run refers to, for another one. */
export function shareChunks(data: Database, names: ReadonlySet<string>): Set<string> {
  for (const name of names) data.chunks.get(name)!.runs++;
  return new Set(names);
}
