/** The checksum of snapshots against the definition, word by word, and the published values. */
import { expect, test } from "vitest";
import { checksum } from "../../runtime/snapshot/checksum.ts";

const [P1, P2, P3, P4, P5] = [2654435761n, 2246822519n, 3266489917n, 668265263n, 374761393n] as const;
const u32 = (x: bigint) => BigInt.asUintN(32, x);
const rotate = (x: bigint, by: bigint) => u32((x << by) | (x >> (32n - by)));

function byDefinition(text: string): number {
  const bytes = new TextEncoder().encode(text);
  const word = (at: number) => BigInt(new DataView(bytes.buffer).getUint32(at, true));
  const lanes = [u32(P1 + P2), P2, 0n, u32(-P1)];
  let at = 0;
  for (; at + 16 <= bytes.length; at += 16) {
    for (let i = 0; i < 4; i++) lanes[i] = u32(rotate(u32(lanes[i]! + word(at + 4 * i) * P2), 13n) * P1);
  }
  const [a, b, c, d] = lanes as [bigint, bigint, bigint, bigint];
  let h = bytes.length < 16 ? P5 : u32(rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n));
  h = u32(h + BigInt(bytes.length));
  for (; at + 4 <= bytes.length; at += 4) h = u32(rotate(u32(h + word(at) * P3), 17n) * P4);
  for (; at < bytes.length; at++) h = u32(rotate(u32(h + BigInt(bytes[at]!) * P5), 11n) * P1);
  h = u32((h ^ (h >> 15n)) * P2);
  h = u32((h ^ (h >> 13n)) * P3);
  return Number(h ^ (h >> 16n));
}

test("published values", () => {
  expect(checksum("")).toBe(0x02cc5d05);
  expect(checksum("abc")).toBe(0x32d153ff);
  expect(checksum("Nobody inspects the spammish repetition")).toBe(0xe2293b2f);
});

test("texts of any length and script, in one piece or in several", () => {
  for (let length = 0; length < 80; length++) {
    const text = "aé中😀\n".repeat(14).slice(0, length);
    expect(checksum(text)).toBe(byDefinition(text));
    expect(checksum("skip", "", text)).toBe(byDefinition(`skip${text}`));
  }
});

test("texts that are longer than the scratch space, cut between units of one character", () => {
  for (const shift of [0, 1, 2, 3]) {
    const text = `${"x".repeat(shift)}${"😀中".repeat(20_000)}`;
    expect(checksum(text)).toBe(byDefinition(text));
  }
});
