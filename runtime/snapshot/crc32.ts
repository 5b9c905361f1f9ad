/** CRC-32 (ISO 3309, the polynomial of PNG and zip) over the UTF-8 form of a string. */

const table = new Int32Array(256);
for (let n = 0; n < 256; n++) {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  table[n] = c;
}

/**
 * @param from index of the first UTF-16 code unit that counts
 * @returns the checksum as an unsigned 32-bit number
 */
export function crc32(text: string, from: number): number {
  let crc = -1;
  for (let i = from; i < text.length; i++) {
    let unit = text.charCodeAt(i);
    if (unit >= 0x80) {
      if (unit >= 0xd800 && unit < 0xdc00 && i + 1 < text.length) {
        unit = 0x10000 + ((unit - 0xd800) << 10) + (text.charCodeAt(++i) & 0x3ff);
        crc = (crc >>> 8) ^ table[(crc ^ (0xf0 | (unit >> 18))) & 255]!;
        crc = (crc >>> 8) ^ table[(crc ^ (0x80 | ((unit >> 12) & 63))) & 255]!;
        crc = (crc >>> 8) ^ table[(crc ^ (0x80 | ((unit >> 6) & 63))) & 255]!;
      } else if (unit >= 0x800) {
        crc = (crc >>> 8) ^ table[(crc ^ (0xe0 | (unit >> 12))) & 255]!;
        crc = (crc >>> 8) ^ table[(crc ^ (0x80 | ((unit >> 6) & 63))) & 255]!;
      } else {
        crc = (crc >>> 8) ^ table[(crc ^ (0xc0 | (unit >> 6))) & 255]!;
      }
      unit = 0x80 | (unit & 63);
    }
    crc = (crc >>> 8) ^ table[(crc ^ unit) & 255]!;
  }
  return ~crc >>> 0;
}
