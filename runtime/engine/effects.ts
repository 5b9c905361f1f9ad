/** What a turn does to other runs, from what the run's jobs have left behind: children, events, locks, cancels. */
import type { Run, Wait, WaitTable } from "../machine/index.ts";
import type { Activation } from "./activation.ts";
import type { ChildStart } from "./child.ts";
import { encodeLock } from "./lock.ts";
import { randomId } from "./random-id.ts";
import { type NewRun, runOfKey, type Turn, type WaitInfo } from "./store.ts";
import { NONE, type TurnRecord } from "./turn-record.ts";

/** A wait that is not in the store yet. */
export function addWait(turn: TurnRecord, activation: Activation, wait: Wait): void {
  if (wait.kind === "child") {
    addStart(turn, activation, wait);
    const { id, run, attached } = wait;
    turn.follow = [...turn.follow, { wait: id, run, attached }];
  } else if (wait.kind === "lock") {
    const { id, key, max, loose } = wait;
    turn.acquire = [...turn.acquire, { wait: id, key, max, loose, value: encodeLock(key, id) }];
  }
}

/** Starts a run that nobody waits for. */
export function addStart(turn: TurnRecord, activation: Activation, wait: Wait): void {
  if (wait.kind !== "child" || wait.start === null) return;
  const start: NewRun = {
    history: activation.history,
    ...(wait.start as ChildStart),
    id: wait.run,
    secret: randomId(),
    parent: activation.id,
    group: (wait.start as ChildStart).group ?? activation.group,
  };
  turn.starts = [...turn.starts, start];
}

/** Detached runs that the last jobs of a run have asked for. Attached ones would be cancelled at once. */
export function addLastStarts(turn: TurnRecord, activation: Activation, run: Run): void {
  for (const { wait } of run.waits.values()) {
    if (wait?.kind === "child" && !wait.attached && !activation.waits.has(wait.id))
      addStart(turn, activation, wait);
  }
}

/** Takes what jobs have done to others since the last turn. @param kept null when the run has ended */
export function addEffects(turn: TurnRecord, activation: Activation, kept: WaitTable<WaitInfo> | null): void {
  if (activation.told.length > 0) {
    turn.cancels = activation.told;
    activation.told = [];
  }
  const release: Turn["release"][number][] = [];
  if (activation.effects.length > 0) {
    const sends = [];
    const feeds = [];
    for (const effect of activation.effects) {
      if (effect.kind === "release") release.push({ run: effect.run, wait: effect.wait, key: effect.key });
      else if (effect.kind === "cancel") turn.cancels = [...turn.cancels, effect.run];
      else if (effect.kind === "feed") feeds.push(effect);
      else if (effect.kind === "move") turn.group = effect.group;
      else sends.push({ key: effect.key, id: effect.id, payload: effect.payload, run: runOfKey(effect.key) });
    }
    activation.effects = [];
    turn.sends = sends;
    turn.feeds = feeds;
  }
  for (const { id, kind, name } of activation.waits.values()) {
    if (kind === "lock" && !kept?.has(id) && !activation.delivered.has(id))
      release.push({ run: activation.id, wait: id, key: name });
  }
  turn.release = release.length === 0 ? NONE : release;
}
