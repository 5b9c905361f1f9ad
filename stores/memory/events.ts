/** Events in memory: each is taken by exactly one wait, whichever of the two comes first; feeds get copies. */
import type { Feed, Hint, NewEvent, SendOutcome, Subscription } from "../../runtime/engine/store.ts";
import { arrive } from "./arrivals.ts";
import type { Database, KeptEvent, Record } from "./database.ts";

export function deliver(data: Database, event: NewEvent, hints: Hint[]): SendOutcome {
  const target = event.run === null ? null : data.runs.get(event.run);
  if (target === undefined) return { status: "unknown", run: null };
  if (target !== null && target.end !== null) return { status: "late", run: null };
  const name = JSON.stringify([event.key, event.id]);
  if (data.sent.has(name)) return { status: "duplicate", run: null };
  data.sent.add(name);
  target?.sent.push(name);
  const kept = { ...event, n: data.posted++ };
  const fed = copy(data, event, hints);
  const run = match(data, kept, hints) ?? fed;
  if (run === null) keep(data, kept);
  return { status: run === null ? "kept" : "delivered", run };
}

/** Gives an event to the oldest wait for its key. @returns the run that got it, or null */
function match(data: Database, event: KeptEvent, hints: Hint[]): string | null {
  const waiting = data.subscriptions.get(event.key) ?? [];
  let first = waiting.shift();
  while (first !== undefined && first.run.end !== null) first = waiting.shift();
  if (waiting.length === 0) data.subscriptions.delete(event.key);
  if (first === undefined) return null;
  take(data, first.run, first.wait, event);
  hints.push({ kind: "run", run: first.run.id });
  return first.run.id;
}

function take(data: Database, run: Record, wait: number, event: KeptEvent): void {
  if (run.arrivals.has(wait)) return;
  run.taken.set(wait, event);
  arrive(data, run, { wait, threw: false, value: event.payload });
}

function keep(data: Database, event: KeptEvent): void {
  const kept = [...(data.mailbox.get(event.key) ?? []), event];
  data.mailbox.set(
    event.key,
    kept.sort((a, b) => a.n - b.n),
  );
}

/** Copies an event to the feeds of its key. @returns the last run that got one, or null */
function copy(data: Database, { key, id, payload }: NewEvent, hints: Hint[]): string | null {
  let last: string | null = null;
  for (const fed of [...(data.feeds.get(key) ?? [])].sort((a, b) => a.run.n - b.run.n)) {
    const { status } = deliver(data, { key: fed.to, id, payload, run: fed.run.id }, hints);
    if (fed.which === "next" || status === "late") feed(data, fed.run, { ...fed, which: "none" });
    if (status !== "late") last = fed.run.id;
  }
  return last;
}

export function feed(data: Database, run: Record, { key, to, which }: Feed): void {
  const rest = (data.feeds.get(key) ?? []).filter((fed) => fed.run !== run || fed.to !== to);
  if (which !== "none") rest.push({ run, key, to, which });
  if (rest.length === 0) data.feeds.delete(key);
  else data.feeds.set(key, rest);
}

export function subscribe(data: Database, run: Record, { wait, key, schema = null }: Subscription): void {
  const kept = data.mailbox.get(key);
  const event = kept?.shift();
  if (event !== undefined) {
    if (kept!.length === 0) data.mailbox.delete(key);
    take(data, run, wait, event);
    return;
  }
  const waiting = data.subscriptions.get(key) ?? [];
  waiting.push({ run, wait, schema });
  waiting.sort((a, b) => a.run.n - b.run.n || a.wait - b.wait);
  data.subscriptions.set(key, waiting);
}

/** Ends a wait that the run has dropped. An event that has come for it meanwhile goes to the next one, or is kept. */
export function unsubscribe(data: Database, run: Record, wait: number, key: string, hints: Hint[]): void {
  const event = run.taken.get(wait);
  leave(data, run, wait, key);
  if (event === undefined || !run.arrivals.delete(wait)) return;
  run.taken.delete(wait);
  if (match(data, event, hints) === null) keep(data, event);
}

/** Nothing is delivered to this wait any more. */
export function leave(data: Database, run: Record, wait: number, key: string): void {
  for (const fed of [...data.feeds.values()].flat())
    if (fed.run === run && fed.to === key && fed.which === "next") feed(data, run, { ...fed, which: "none" });
  const rest = data.subscriptions.get(key)?.filter((other) => other.run !== run || other.wait !== wait);
  if (rest === undefined || rest.length === 0) data.subscriptions.delete(key);
  else data.subscriptions.set(key, rest);
}
