/** Parts of large values, named by their content. `chunk-writer.ts` cuts them, `large.ts` puts them together. */

export type ChunkBody = string | Uint8Array;

export interface Chunk {
  /** 43 characters of base64url. */
  readonly hash: string;
  readonly body: ChunkBody;
}

/** What one snapshot of a run refers to. The next one is compared with it. */
export interface ChunkSet {
  readonly bodies: ReadonlyMap<string, ChunkBody>;
  /** Strings are immutable: the node of one that is still there need not be made again. */
  readonly strings: ReadonlyMap<string, LargeNode>;
  /** Long arrays of primitives may have changed: their nodes, with what was in them. */
  readonly lists: ReadonlyMap<readonly unknown[], LargeList>;
}

/** A node, and the chunks that it needs. */
export interface LargeNode {
  readonly text: string;
  readonly hashes: readonly string[];
}

export interface LargeList {
  readonly node: LargeNode;
  readonly copy: readonly unknown[];
}

export const NO_CHUNKS: ChunkSet = { bodies: new Map(), strings: new Map(), lists: new Map() };

export function chunkSetOf(chunks: readonly Chunk[]): ChunkSet {
  if (chunks.length === 0) return NO_CHUNKS;
  return { ...NO_CHUNKS, bodies: new Map(chunks.map(({ hash, body }) => [hash, body])) };
}
