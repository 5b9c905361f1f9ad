/** Timers of the waits of an owned run: sleeps, deadlines of events, retries. */
import type { Activation } from "./activation.ts";
import { encodeError, UNDEFINED } from "./codec.ts";
import type { Owner } from "./owner.ts";
import { TimeoutError } from "./signals.ts";
import type { Arrival, WaitInfo } from "./store.ts";

/** Brings the timers in line with the waits of the last commit. */
export function armTimers(activation: Activation, worker: Owner): void {
  for (const [wait, take] of activation.timers) {
    if (activation.waits.has(wait)) continue;
    take();
    activation.timers.delete(wait);
  }
  for (const info of activation.waits.values()) {
    if (info.due === null || activation.timers.has(info.id)) continue;
    wakeAt(activation, info.id, info.due, () => fire(activation, info, worker), worker);
  }
}

/** Calls back at `due` unless the run is closed or the wait gone by then. */
export function wakeAt(
  activation: Activation,
  wait: number,
  due: number,
  callback: () => void,
  worker: Owner,
): void {
  activation.timers.get(wait)?.();
  const take = worker.timers.add(due, () => {
    activation.timers.delete(wait);
    if (activation.phase !== "closed") callback();
  });
  activation.timers.set(wait, take);
}

function fire(activation: Activation, { id, kind, name }: WaitInfo, worker: Owner): void {
  if (!activation.waits.has(id)) return;
  if (kind === "event") {
    void expire(activation, id, name, worker);
    return;
  }
  activation.arrive({ wait: id, threw: false, value: UNDEFINED });
  worker.advance(activation);
}

/** An event's deadline has come: the store decides whether an event was there before. */
async function expire(activation: Activation, wait: number, key: string, worker: Owner): Promise<void> {
  const value = encodeError(new TimeoutError(`no event came for "${key}" in time`));
  const arrival: Arrival = { wait, threw: true, value };
  if (!(await worker.note(activation, { arrivals: [{ ...arrival, key }], attempts: [] }))) return;
  activation.receive([arrival], true);
  worker.advance(activation);
}
