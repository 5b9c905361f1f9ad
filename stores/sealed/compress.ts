/**
 * Compression with the platform's streams. One byte says how: 0 as it is, 1 compressed.
 *
 * Stands before encryption, which leaves nothing to compress. The length of what is then encrypted tells how well it could be
 * compressed: do without where an attacker can choose a part of a text and see the length of the whole.
 */
import { type Bytes, changed, concat, type Seal, wrongOption } from "./seal.ts";

/** Below, compressing costs more than it saves: a header of 18 bytes, and a tenth of a millisecond. */
const SMALLEST = 1024;
/** A few bytes can stand for gigabytes. */
const LARGEST = 2 ** 28;

export interface CompressOptions {
  /** Texts of fewer bytes are left as they are. Default 1024. */
  readonly from?: number;
  /** The most bytes that a text is unpacked to; longer ones are left as they are. Default 256 MiB. */
  readonly most?: number;
}

/** Compresses with gzip (RFC 1952), which has a checksum. */
export function gzip(options: CompressOptions = {}): Seal {
  return compression("gzip", options);
}

/** Compresses with deflate in the format of zlib (RFC 1950): 12 bytes less for each text. */
export function deflate(options: CompressOptions = {}): Seal {
  return compression("deflate", options);
}

function compression(name: "gzip" | "deflate", { from = SMALLEST, most = LARGEST }: CompressOptions): Seal {
  for (const [option, value] of Object.entries({ from, most }))
    if (!(value >= 0)) throw wrongOption(`${name}()`, option, "a number of bytes");
  return {
    name,
    async seal(bytes) {
      if (bytes.length < from || bytes.length > most) return concat(Uint8Array.of(0), bytes);
      const packed = await through(new CompressionStream(name), bytes, Infinity);
      return packed.length < bytes.length
        ? concat(Uint8Array.of(1), packed)
        : concat(Uint8Array.of(0), bytes);
    },
    async open(bytes) {
      const rest = bytes.subarray(1);
      if (bytes[0] === 0) return rest;
      if (bytes[0] !== 1) throw changed(`it is no text of ${name}`);
      try {
        return await through(new DecompressionStream(name), rest, most);
      } catch (error) {
        throw changed(`${name} cannot unpack it: ${(error as Error).message}`, error);
      }
    },
  };
}

async function through(stream: GenericTransformStream, bytes: Bytes, most: number): Promise<Bytes> {
  const writer = stream.writable.getWriter();
  // What goes wrong is told by the other end.
  writer.write(bytes).catch(() => {});
  writer.close().catch(() => {});
  const reader = stream.readable.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return concat(...parts);
    parts.push(value);
    length += value.length;
    if (length <= most) continue;
    void reader.cancel().catch(() => {});
    throw new RangeError(`it has more than ${most} bytes; raise "most" if that is right`);
  }
}
