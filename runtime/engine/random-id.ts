/** Ids that nobody can guess: 130 random bits in base 32, without letters that are easily confused. */

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH = 26;

/** Random bytes that were not used yet stand from `next` on: asking for few costs as much as for many. */
const bytes = new Uint8Array(LENGTH * 64);
let next = bytes.length;

export function randomId(): string {
  if (next === bytes.length) {
    crypto.getRandomValues(bytes);
    next = 0;
  }
  let id = "";
  for (const end = next + LENGTH; next < end; next++) id += ALPHABET[bytes[next]! & 31];
  return id;
}
