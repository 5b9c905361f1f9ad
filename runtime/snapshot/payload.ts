/** The limit of what may be stored: arguments and results of steps, payloads of events, results and snapshots of runs. */
import { ColdframeError } from "../errors.ts";
import type { ChunkBody } from "./chunk.ts";
import { locate } from "./refusal.ts";
import type { Writer } from "./writer.ts";

/** A snapshot names so many of its largest values. */
const NAMED = 3;

/**
 * @param limit in bytes
 * @param what for the error: `the result of step "charge"`
 * @returns the text
 * @throws ColdframeError CF2104 when it is longer
 */
export function within(text: string, limit: number | undefined, what = "the value"): string {
  if (limit === undefined || 3 * text.length <= limit) return text;
  const size = bytesIn(text);
  if (size > limit) throw tooLarge(what, size, limit, "");
  return text;
}

/**
 * The same for a snapshot with its large values.
 * @throws ColdframeError CF2104
 */
export function withinRun(text: string, limit: number | undefined, out: Writer): void {
  if (limit === undefined) return;
  const { bodies: chunks } = out.chunkSet;
  if (chunks.size === 0 && 3 * text.length <= limit) return;
  const bodies = [...chunks.values()];
  if (3 * bodies.reduce((sum, body) => sum + body.length, text.length) <= limit) return;
  const size = bodies.reduce((sum, body) => sum + bytesIn(body), bytesIn(text));
  if (size <= limit) return;
  const largest = out.heap
    .map((_, index) => ({ index, size: out.sizeOf(index) }))
    .sort((one, other) => other.size - one.size)
    .slice(0, NAMED);
  const lines = largest.map(({ index, size }) => {
    const { path, at } = locate(out, index, "the run");
    return `\n  ${path} takes ${figure(size)}${at === "" ? "" : ` (${at})`}`;
  });
  throw tooLarge(`the snapshot of run "${out.run.id}"`, size, limit, lines.join(""));
}

function tooLarge(what: string, size: number, limit: number, details: string): ColdframeError {
  return new ColdframeError(
    "CF2104",
    `${what} takes ${figure(size)} bytes, and createEngine({ maxPayload }) allows ${figure(limit)}${details}\nKeep what is large elsewhere and hand on where it is, or raise the limit.`,
  );
}

function figure(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** As UTF-8. */
function bytesIn(body: ChunkBody): number {
  return typeof body === "string" ? new TextEncoder().encode(body).length : body.length;
}
