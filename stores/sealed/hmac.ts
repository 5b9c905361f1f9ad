/**
 * Signatures with HMAC-SHA-256 (RFC 2104): everybody reads a text, nobody without the key changes it or puts it in another place.
 *
 *   id's length, id, 32 bytes of the code, text
 *
 * The code is that of: length of the context in 4 bytes, context, id's length, id, text.
 */
import { type KeyOptions, KeyRing } from "./key-ring.ts";
import { type Bytes, changed, concat, type Seal } from "./seal.ts";

const CODE = 32;

/**
 * Signs.
 * @param options `keys`: of at least 32 bytes
 * @throws ColdframeError CF2301 for wrong options
 */
export function hmac(options: KeyOptions): Seal {
  const ring = new KeyRing(options, {
    owner: "hmac()",
    algorithm: { name: "HMAC", hash: "SHA-256" },
    usages: ["sign", "verify"],
    fits: (length) => length >= CODE,
    expected: "at least 32 bytes, their base64, or a CryptoKey",
  });
  return {
    name: "hmac",
    async seal(bytes, context) {
      const message = signed(context, ring.prefix, bytes);
      const code = await crypto.subtle.sign("HMAC", await ring.current(), message);
      return concat(ring.prefix, new Uint8Array(code), bytes);
    },
    async open(bytes, context) {
      const { key, prefix, rest } = await ring.of(bytes);
      const text = rest.subarray(CODE);
      const code = rest.subarray(0, CODE);
      if (!(await crypto.subtle.verify("HMAC", key, code, signed(context, prefix, text))))
        throw changed("its signature is wrong");
      return text;
    },
  };
}

function signed(context: Bytes, prefix: Bytes, text: Bytes): Bytes {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, context.length);
  return concat(length, context, prefix, text);
}
