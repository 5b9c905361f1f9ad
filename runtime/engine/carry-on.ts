/** A parked run in the code that is loaded. What migrations made of it has to be savable, as what they got was. */
import { ColdframeError } from "../errors.ts";
import type { Run } from "../machine/index.ts";
import {
  type Carried,
  type DecodeOptions,
  decodeRun,
  type EncodeOptions,
  encodeRun,
  NO_CHUNKS,
} from "../snapshot/index.ts";

/**
 * `decodeRun`, for runs that go on.
 * @param codec how it is going to be saved
 * @throws ColdframeError what `decodeRun` throws, and CF2403 when a migration gave what cannot be saved: the next park would make the
 *   run fail for good, and a migration can be mended
 */
export function carryOn(text: string, run: Run, options: DecodeOptions, codec: EncodeOptions = {}): Carried {
  const carried = decodeRun(text, run, options);
  if (carried.migrated === 0) return carried;
  try {
    encodeRun(run, { ...codec, chunks: NO_CHUNKS });
  } catch (error) {
    if (!(error instanceof ColdframeError) || !/^CF210[14]$/.test(error.code)) throw error;
    const detail = error.message.slice(error.message.indexOf(": ") + 2);
    throw new ColdframeError("CF2403", `it gave what no snapshot can hold: ${detail}`, { cause: error });
  }
  return carried;
}
