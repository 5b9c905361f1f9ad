/** What runs in each engine: carries the travelling run on by one await, and shows that a whole engine works there too. */
import { createEngine } from "../../runtime/index.ts";
import {
  deliver,
  drain,
  external,
  type Host,
  PENDING,
  REJECTED,
  Run,
  StepWait,
  start,
} from "../../runtime/machine/index.ts";
import { decodeRun, encodeList, encodeRun } from "../../runtime/snapshot/index.ts";
import { memory } from "../../stores/memory/index.ts";
import { approve } from "./approve.ts";
import { tour } from "./tour.ts";

export interface Hop {
  /** Null: begin. */
  readonly snapshot: string | null;
  /** Name of the engine. */
  readonly name: string;
  /** Of the whole journey. */
  readonly stops: number;
}

export interface Landing {
  readonly snapshot: string | null;
  readonly result: unknown;
}

const host: Host = {
  codec: {},
  callStep: (run, step, args) => external(run, new StepWait(run.nextId++, step.id, encodeList(args), "")),
  effect() {},
  onQuiescent() {},
  onUnhandledRejection() {},
  now: () => 0,
};

/** Takes the run on from the await where it is parked to the next one. */
export function hop({ snapshot, name, stops }: Hop): Landing {
  const run = new Run("tour", host);
  if (snapshot === null) start(run, tour, [stops]);
  else {
    decodeRun(snapshot, run);
    const [wait] = run.waits.keys();
    deliver(run, wait!, { ok: true, value: name });
    drain(run);
  }
  const { state, value } = run.root!;
  if (state === REJECTED) throw value;
  if (state !== PENDING) return { snapshot: null, result: value };
  return { snapshot: encodeRun(run).text, result: null };
}

/** A workflow with a step, a timer and an event, under an engine with the store in memory. */
export async function demo(): Promise<unknown> {
  const engine = await createEngine({ store: memory() });
  const run = await engine.start(approve, ["lamp"], { id: "demo" });
  await engine.send("approval", { by: "kim" });
  const result = await run.result();
  await engine.close();
  return result;
}
