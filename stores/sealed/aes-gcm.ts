/**
 * Encryption with AES-GCM (NIST SP 800-38D) of WebCrypto: nobody without the key reads a text, changes it, or puts it in another place.
 *
 *   id's length, id, 12 random bytes, ciphertext with its tag of 16 bytes
 *
 * A random nonce may be drawn 2³² times for one key (SP 800-38D §8.3): change keys before so many texts were written.
 */
import { type KeyOptions, KeyRing } from "./key-ring.ts";
import { changed, concat, type Seal } from "./seal.ts";

const NONCE = 12;

/**
 * Encrypts and authenticates.
 * @param options `keys`: of 16, 24 or 32 bytes
 * @throws ColdframeError CF2301 for wrong options
 */
export function aesGcm(options: KeyOptions): Seal {
  const ring = new KeyRing(options, {
    owner: "aesGcm()",
    algorithm: { name: "AES-GCM" },
    usages: ["encrypt", "decrypt"],
    fits: (length) => length === 16 || length === 24 || length === 32,
    expected: "16, 24 or 32 bytes, their base64, or a CryptoKey",
  });
  return {
    name: "aes-gcm",
    async seal(bytes, context) {
      const iv = crypto.getRandomValues(new Uint8Array(NONCE));
      const additionalData = concat(ring.prefix, context);
      const sealed = await crypto.subtle.encrypt(
        { name: "AES-GCM", iv, additionalData },
        await ring.current(),
        bytes,
      );
      return concat(ring.prefix, iv, new Uint8Array(sealed));
    },
    async open(bytes, context) {
      const { key, prefix, rest } = await ring.of(bytes);
      const iv = rest.subarray(0, NONCE);
      const additionalData = concat(prefix, context);
      try {
        return new Uint8Array(
          await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData }, key, rest.subarray(NONCE)),
        );
      } catch (error) {
        throw changed("AES-GCM does not authenticate it", error);
      }
    },
  };
}
