/** The values of a parked run's locals, for programs that look at it. The run is not woken: a copy is decoded, and never runs. */
import { type Durable, type Host, Run } from "../machine/index.ts";
import { chunkSetOf, decodeRun, type LiveFrame, liveFrameOf } from "../snapshot/index.ts";
import type { CodeRecords } from "./code-records.ts";
import { dependents } from "./dependents.ts";
import { setSecret } from "./event.ts";
import type { RunDetail, Store } from "./store.ts";

/** Nothing of a copy does anything. */
class Onlooker implements Host {
  readonly codec: object = {};
  callStep(): Durable {
    throw new Error("a copy of a run calls no steps");
  }
  effect(): void {}
  onQuiescent(): void {}
  onUnhandledRejection(): void {}
  now(): number {
    return 0;
  }
}

/**
 * The calls that wait, innermost first, each once; none when the run has no snapshot, null when there is no run.
 * @param turn of the park that it is about; undefined: the present one
 * @throws ColdframeError CF2102, CF2103, CF2304 when the snapshot cannot be decoded with the code that is loaded
 */
export async function localsOf(
  found: RunDetail | null,
  store: Store,
  codes: CodeRecords,
  turn: number | undefined,
): Promise<readonly LiveFrame[] | null> {
  if (found === null || found.snapshot === null) return found === null ? null : [];
  await codes.load(store);
  const { id } = found;
  const { bodies: chunks } = chunkSetOf(await store.read.chunks(id, turn));
  const run = new Run(id, new Onlooker());
  setSecret(run, found.secret);
  try {
    decodeRun(found.snapshot, run, { points: codes.find, chunks });
  } finally {
    codes.takeMissed();
  }
  run.ended = true;
  const tasks = new Set<Durable>();
  for (const wait of run.waits.values()) for (const waiting of dependents(wait)) tasks.add(waiting);
  tasks.add(run.root!);
  return [...tasks].map(liveFrameOf).filter((frame) => frame !== null);
}
