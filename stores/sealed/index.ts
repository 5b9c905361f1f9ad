/** `coldframe/seal`: what is stored is encrypted, signed or compressed. Needs WebCrypto and compression streams, nothing of Node. */
export { aesGcm } from "./aes-gcm.ts";
export { type CompressOptions, deflate, gzip } from "./compress.ts";
export { hmac } from "./hmac.ts";
export type { Key, KeyOptions } from "./key-ring.ts";
export type { Seal } from "./seal.ts";
export { type SealedOptions, sealed } from "./sealed.ts";
