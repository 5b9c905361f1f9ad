/** Chunks of large values: each is kept once, as long as a run refers to it. */
import type { Chunk, ChunkChange } from "../../runtime/engine/store.ts";
import type { Database, Record } from "./database.ts";

export function changeChunks(data: Database, run: Record, { added, dropped }: ChunkChange): void {
  for (const { hash, body } of added) {
    if (run.chunks.has(hash)) continue;
    run.chunks.add(hash);
    const known = data.chunks.get(hash);
    if (known === undefined) data.chunks.set(hash, { body: copy(body), runs: 1 });
    else known.runs++;
  }
  for (const hash of dropped) {
    if (!run.chunks.delete(hash)) continue;
    const known = data.chunks.get(hash)!;
    known.runs--;
    if (known.runs === 0) data.chunks.delete(hash);
  }
}

export function chunksOf(data: Database, run: Record): readonly Chunk[] {
  return [...run.chunks].map((hash) => ({ hash, body: copy(data.chunks.get(hash)!.body) }));
}

function copy(body: Chunk["body"]): Chunk["body"] {
  return typeof body === "string" ? body : body.slice();
}

/** All that one run refers to, for another one. */
export function shareChunks(data: Database, names: ReadonlySet<string>): Set<string> {
  for (const name of names) data.chunks.get(name)!.runs++;
  return new Set(names);
}
