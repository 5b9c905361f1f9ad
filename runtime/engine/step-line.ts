/**
 * Steps with a limit of how many are under way: a place of a lock is waited for before the call and given back with its
 * outcome, so that the limit holds over all workers of a store, survives crashes, and costs the others nothing.
 *
 * ```
 * f(a)  ↦  semaphore("step m#f", n).then((place) => call(f, a).finally(() => place.release()))
 * ```
 */
import {
  $module,
  createBound,
  type Durable,
  external,
  machine,
  type Run,
  type Step,
} from "../machine/index.ts";
import { decodeValue, encodeList } from "../snapshot/index.ts";
import type { Lock } from "./lock.ts";
import { noteSite } from "./native-consumers.ts";

export function callInLine(run: Run, step: Step, max: number, args: unknown[]): Promise<unknown> {
  const { host } = run;
  let text: string;
  try {
    // Arguments are taken at the call, not when it is the call's turn.
    text = encodeList(args, host!.codec);
  } catch {
    return host!.callStep(run, step, args) as unknown as Promise<unknown>;
  }
  const key = `step ${step.id}`;
  const place = external(run, { kind: "lock", id: run.nextId++, key, max, loose: false, at: "" });
  noteSite(place, step.name);
  const called = createBound(callNow as never, undefined, [step.id, text]);
  return (place as unknown as Promise<Lock>).then(called as never) as Promise<unknown>;
}

function callNow(id: string, text: string, place: Lock): unknown {
  const run = machine.run!;
  const step: Step = { id, name: id.slice(id.lastIndexOf("#") + 1), body: callNow as never, options: null };
  const outcome = run.host!.callStep(run, step, decodeValue(text) as unknown[]) as Durable;
  const leave = createBound(release as never, undefined, [place]) as () => void;
  return (outcome as unknown as Promise<unknown>).finally(leave);
}

function release(place: Lock): void {
  place.release();
}

$module("coldframe/step-line", "1", { callNow: () => callNow, release: () => release });
