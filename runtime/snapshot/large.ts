/** Large values from their chunks: the other side of `chunk-writer.ts`. */
import { checksum } from "./checksum.ts";
import type { ChunkBody } from "./chunk.ts";
import { broken, integer, list, type Node, string } from "./kind.ts";

/** The longest string that every engine can hold. */
const MOST = 2 ** 29 - 64;
const HASH_LENGTH = 43;

/** What a `large` node stands for: its text or its bytes. */
export function readLarge(node: Node, bodies: ReadonlyMap<string, ChunkBody> | undefined): ChunkBody {
  if (node[0] !== "large") return broken("a large value that is none");
  const length = integer(node[2], MOST);
  let names = node.slice(4);
  if (names.length === 1 && Array.isArray(names[0])) {
    const index = join(list(names[0]), bodies);
    if (typeof index !== "string" || index.length % HASH_LENGTH !== 0) return broken("chunks without names");
    names = [];
    for (let at = 0; at < index.length; at += HASH_LENGTH) names.push(index.slice(at, at + HASH_LENGTH));
  }
  const whole = join(names, bodies, node[1] === "bytes");
  if (whole.length !== length || checksum(whole) !== node[3])
    return broken("a large value whose chunks are others");
  return whole;
}

function join(
  names: readonly unknown[],
  bodies: ReadonlyMap<string, ChunkBody> | undefined,
  bytes = false,
): ChunkBody {
  let length = 0;
  const parts = names.map((name) => {
    const body = bodies?.get(string(name));
    if (body === undefined)
      return broken(`the chunk ${String(name)}, which the store keeps beside it, is missing`);
    if ((typeof body === "string") === bytes) return broken("a chunk of another kind");
    length += body.length;
    return length < MOST ? body : broken("a large value that is too long");
  });
  if (!bytes) return parts.join("");
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts as Uint8Array[]) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
