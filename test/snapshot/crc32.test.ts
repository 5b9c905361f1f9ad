/** The checksum of snapshots against the definition, bit by bit. */
import { expect, test } from "vitest";
import { crc32 } from "../../runtime/snapshot/crc32.ts";

function byDefinition(text: string): number {
  let crc = -1;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

test("the check value of the standard", () => {
  expect(crc32("123456789", 0)).toBe(0xcbf43926);
  expect(crc32("", 0)).toBe(0);
});

test("texts of any length and script, from any place", () => {
  for (let length = 0; length < 40; length++) {
    const text = "aé中😀\n".repeat(8).slice(0, length);
    expect(crc32(text, 0)).toBe(byDefinition(text));
    expect(crc32(`skip${text}`, 4)).toBe(byDefinition(text));
  }
});

test("texts that are longer than the scratch space, cut between units of one character", () => {
  for (const shift of [0, 1, 2, 3]) {
    const text = `${"x".repeat(shift)}${"😀中".repeat(20_000)}`;
    expect(crc32(text, 0)).toBe(byDefinition(text));
  }
});
