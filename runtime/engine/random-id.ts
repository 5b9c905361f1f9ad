/** Ids that nobody can guess: 128 random bits in base 32, without letters that are easily confused. */

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(26));
  let id = "";
  for (const byte of bytes) id += ALPHABET[byte & 31];
  return id;
}
