/**
 * Saves and restores `someProcess`, parked in a two-deep call: bytes, microseconds out and in, beside `JSON.stringify` and
 * `JSON.parse` of equal data in the same run.
 */
import { Run } from "../../runtime/machine/index.ts";
import { decodeRun, encodeRun } from "../../runtime/snapshot/index.ts";
import { answer, begin, deep, host, someProcess } from "../../test/snapshot/programs.ts";

export interface Row {
  readonly id: string;
  readonly value: number;
  readonly unit: string;
  /** The same measured for the reference, in the same unit. */
  readonly reference: number;
  readonly ratio: number;
  readonly target: string;
  readonly met: boolean;
}

const ROUNDS = 12;
const CALLS = 5_000;

/** Microseconds per call: the best of several rounds, since everything else on the machine only adds. */
function measure(work: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    for (let i = 0; i < CALLS; i++) work();
    best = Math.min(best, ((performance.now() - start) * 1000) / CALLS);
  }
  return best;
}

function row(id: string, value: number, unit: string, reference: number, limit: number): Row {
  const rounded = Math.round(value * 100) / 100;
  return {
    id: `snapshot.some-process.${id}`,
    value: rounded,
    unit,
    reference: Math.round(reference * 100) / 100,
    ratio: Math.round((value / reference) * 100) / 100,
    target: `<= ${limit} ${unit}`,
    met: rounded <= limit,
  };
}

/** The rows of this benchmark, ids as in the issue: `snapshot.some-process.bytes`, `.encode`, `.decode`, and a further frame. */
export function someProcessRows(): Row[] {
  const run = begin(someProcess);
  answer(run, "10.0.0.1");
  const { text } = encodeRun(run);
  // What somebody would keep by hand: where it is, what it holds, what it waits for.
  const data = {
    version: 1,
    next: 3,
    frames: [
      { code: "flows.ts#someProcess", hash: "1f8c03ab", point: "smcs.wechatApprove", ip: "10.0.0.1" },
      { code: "systems.ts#smcs.wechatApprove", hash: "77aa01bc", point: "event" },
    ],
    waits: [{ kind: "event", id: 2, key: "approve:T1" }],
  };
  const json = JSON.stringify(data);
  const size = (frames: number) => encodeRun(begin(deep, frames)).text.length;
  return [
    row("bytes", text.length, "bytes", json.length, 200),
    row(
      "encode",
      measure(() => encodeRun(run)),
      "us",
      measure(() => JSON.stringify(data)),
      4,
    ),
    row(
      "decode",
      measure(() => decodeRun(text, new Run("run-1", host))),
      "us",
      measure(() => JSON.parse(json)),
      4,
    ),
    row("frame", (size(900) - size(100)) / 800, "bytes", json.length / 2, 40),
  ];
}
