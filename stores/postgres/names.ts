/** Names as numbers, for advisory locks. */
import { createHash } from "node:crypto";

/** 64 bits of a hash, as the text of a signed number. Two names with one number share a lock, which does no harm. */
export function hashOf(name: string): string {
  return createHash("sha1").update(`coldframe ${name}`).digest().readBigInt64LE(0).toString();
}
