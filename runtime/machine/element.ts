/**
 * What happens when an element of `Promise.all` and the like settles (ECMA-262 §27.2.4.1.3 and its siblings), and
 * pruning: a group that has settled takes its reactions back from the elements that have not. A loop of races
 * against one long-lived promise would otherwise leave a reaction there in each round.
 */
import { Durable, Element, type Group } from "./durable.ts";
import { reject, removeReaction, resolve } from "./settle.ts";

export function elementSettled({ group, index }: Element, value: unknown, threw: boolean): void {
  if (group.remaining === 0) return;
  const { kind } = group;
  if (kind === "race" || (kind === "all" && threw) || (kind === "any" && !threw)) {
    const { target } = group;
    closeGroup(group);
    if (threw) reject(target, value);
    else resolve(target, value);
    return;
  }
  group.values[index] =
    kind !== "allSettled"
      ? value
      : threw
        ? { status: "rejected", reason: value }
        : { status: "fulfilled", value };
  countDown(group);
}

/** One element less to wait for; with none left the group settles. */
export function countDown(group: Group): void {
  if (--group.remaining > 0) return;
  group.sources = [];
  const { kind, target, values } = group;
  if (kind === "any") reject(target, new AggregateError(values, "All promises were rejected"));
  else resolve(target, values);
}

/** The group is settled: it forgets its elements, and they forget it. */
export function closeGroup(group: Group): void {
  group.remaining = 0;
  const { sources } = group;
  group.sources = [];
  group.values = [];
  sources.forEach((source) => {
    if (source instanceof Durable) prune(source, group);
    else source.run.natives.delete(source);
  });
}

function prune(source: Durable, group: Group): void {
  const { reactions } = source;
  if (reactions === undefined) return;
  const all = Array.isArray(reactions) ? reactions.slice() : [reactions];
  all.forEach((reaction) => {
    if (reaction instanceof Element && reaction.group === group) removeReaction(source, reaction);
  });
}
