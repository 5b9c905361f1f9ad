/** Who waits for an external wait, as the machine's data tell it: for listings, for refusals, and for cancel. */
import {
  $module,
  Adopt,
  Durable,
  Element,
  Mirror,
  NativeReaction,
  Then,
  type Wait,
} from "../machine/index.ts";
import { placeOfPoint, quote } from "../snapshot/index.ts";
import { dependents, reactionsOf } from "./dependents.ts";
import type { WaitInfo } from "./store.ts";
import { WaitRecord } from "./turn-record.ts";

/** The first task that goes on when `promise` settles; null when there is none yet. */
export function consumerOf(promise: Durable): Durable | null {
  const { reactions } = promise;
  if (reactions instanceof Durable && reactions.code !== null) return reactions;
  for (const waiting of dependents(promise)) if (waiting !== promise && waiting.code !== null) return waiting;
  return null;
}

/** Marked code; unmarked code alone, which no snapshot can keep; or nobody yet. */
export type Consumers = "marked" | "native" | "none";

/**
 * Who gets the outcome of `promise`, also through promises that only hand it on: that of `Promise.all`, or what a handler has returned.
 * A marked function that returns it gets it.
 */
export function consumersOf(promise: Durable): Consumers {
  if (promise.reactions instanceof Durable) return "marked";
  let found: Consumers = "none";
  const seen = new Set<Durable>([promise]);
  for (const one of seen)
    for (const reaction of reactionsOf(one)) {
      if (reaction instanceof NativeReaction || reaction instanceof Mirror) found = "native";
      else if (reaction instanceof Element) seen.add(reaction.group.target);
      else if (reaction instanceof Adopt && reaction.target.code === null) seen.add(reaction.target);
      else return "marked";
    }
  return found;
}

/** `file:line` of the await that goes on when `promise` settles; empty when nobody awaits it yet. */
export function placeOf(promise: Durable): string {
  const task = consumerOf(promise);
  const point = task?.code?.points[task.ip];
  return task === null || point === undefined || task.ip === 0 ? "" : placeOfPoint(task.code!, task.ip);
}

/** Whether `target` goes on, or settles, because of `promise`. */
export function leadsTo(promise: Durable, target: Durable): boolean {
  for (const waiting of dependents(promise)) if (waiting === target) return true;
  return false;
}

/** Whether a task that waits for `promise`, or for what depends on it, is inside a handler that is being unwound. */
export function inHandler(promise: Durable): boolean {
  for (const waiting of dependents(promise))
    if (waiting.code?.points[waiting.ip]?.handler === true) return true;
  return false;
}

/** Lets the snapshot keep a wait that nobody observes, without making its rejection count as handled. */
export function keepPending(promise: Durable): void {
  const reaction = new Then(nobody, undefined, null);
  const { reactions } = promise;
  if (reactions === undefined) promise.reactions = reaction;
  else if (Array.isArray(reactions)) reactions.push(reaction);
  else promise.reactions = [reactions, reaction];
}

function nobody(): void {}
$module("coldframe/waits", "1", { nobody: () => nobody });

/** @param since milliseconds since 1970 */
export function describeWait(promise: Durable, wait: Wait, since: number): WaitInfo {
  return new WaitRecord(wait.id, wait.kind, nameOf(wait), dueOf(wait), since, placeOf(promise));
}

/** `JSON.stringify(info)`, which takes five times as long. */
export function waitText({ id, kind, name, due, since, at }: WaitInfo): string {
  const end = `,"at":${quote(at)}}`;
  if (kind === "step") return `{"id":${id}${middleOf(name)}${since}${end}`;
  return `{"id":${id},"kind":"${kind}","name":${quote(name)},"due":${JSON.stringify(due)},"since":${since}${end}`;
}

/** What of the text of a wait for a step follows from its name: a program has few of these, and says them at each turn. */
const middles = new Map<string, string>();

function middleOf(step: string): string {
  let middle = middles.get(step);
  if (middle === undefined) {
    middle = `,"kind":"step","name":${quote(step)},"due":null,"since":`;
    middles.set(step, middle);
  }
  return middle;
}

export function dueOf(wait: Wait): number | null {
  return wait.kind === "timer" || wait.kind === "event" ? wait.due : null;
}

function nameOf(wait: Wait): string {
  switch (wait.kind) {
    case "step":
      return wait.step;
    case "event":
      return wait.key;
    case "child":
      return wait.run;
    case "lock":
      return wait.key;
    case "timer":
      return wait.at === "" ? "sleep" : wait.at;
  }
}
