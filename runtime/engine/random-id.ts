/** Ids in base 32, without letters that are easily confused. */

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH = 26;
/** Characters of `runId` that tell the time: milliseconds until the year 37,000. */
const TIME = 10;

/** Random bytes that were not used yet stand from `next` on: asking for few costs as much as for many. */
const bytes = new Uint8Array(LENGTH * 64);
let next = bytes.length;

/** One that nobody can guess: 130 random bits. */
export function randomId(): string {
  return randomText(LENGTH);
}

/**
 * One for a run: the time, and 80 random bits, laid out as a ULID (https://github.com/ulid/spec), in small letters. Runs that
 * are started one after another stand beside one another in the indexes of the store, so that a start does not read and
 * write a page of its own.
 */
export function runId(): string {
  let time = "";
  for (let left = Date.now(); time.length < TIME; left = Math.floor(left / 32))
    time = ALPHABET[left % 32] + time;
  return time + randomText(LENGTH - TIME);
}

function randomText(length: number): string {
  if (next + length > bytes.length) {
    crypto.getRandomValues(bytes);
    next = 0;
  }
  let text = "";
  for (const end = next + length; next < end; next++) text += ALPHABET[bytes[next]! & 31];
  return text;
}
