/** What stands for a run in traces: the same in every process, without anything being stored. */
import { createHash } from "node:crypto";
import { type SpanContext, TraceFlags } from "@opentelemetry/api";

/**
 * The span context that all turns of a run are linked to, or are below: find them by it, or link to it.
 * @param entry `module#name` of its function, as facts and listings have it
 */
export function runContext(entry: string, run: string): SpanContext {
  const digest = createHash("sha256").update(`${entry} ${run}`).digest("hex");
  return {
    traceId: digest.slice(0, 32),
    spanId: digest.slice(32, 48),
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  };
}
