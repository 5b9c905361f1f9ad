/** Events: each is taken by exactly one wait, whichever of the two comes first; feeds get copies. Needs the lock of the key. */
import type { Feed, NewEvent, SendOutcome, Subscription } from "../../runtime/engine/store.ts";
import { Again } from "./needs.ts";
import type { EventRecord, KeyState, RunRecord, SubscriptionRecord } from "./records.ts";
import { hasEnded, type Work } from "./work.ts";

/** Who has taken an event that only feeds wanted. */
const FEEDS = 0;

/** Delivers an event to the oldest wait for its key, or keeps it. */
export function deliverEvent(work: Work, event: NewEvent): SendOutcome {
  if (event.run !== null) {
    const target = work.runOf(event.run);
    if (target === undefined) return { status: "unknown", run: null };
    if (hasEnded(target)) return { status: "late", run: null };
  }
  const state = work.key(event.key);
  if (!state.asked.has(event.id)) {
    work.needs.event(event.key, event.id);
    throw new Again("whether an event was sent");
  }
  if (state.sent.has(event.id)) return { status: "duplicate", run: null };
  state.sent.add(event.id);
  const { key, id, payload, run: owner } = event;
  const record: EventRecord = { seq: null, key, id, payload, run: owner, taken: null };
  work.changes.events.push(record);
  const fed = copy(work, state, event);
  const run = match(work, record) ?? fed;
  if (run === null) {
    keep(state, record);
    return { status: "kept", run };
  }
  if (record.taken === null) take(work, record, FEEDS);
  return { status: "delivered", run };
}

/** Gives an event to the oldest wait for its key. @returns the run that got it, or null */
function match(work: Work, event: EventRecord): string | null {
  const state = work.key(event.key);
  for (;;) {
    const waiting = state.subscribers[0];
    if (waiting === undefined) {
      if (!state.moreSubscribers) return null;
      work.needs.key(event.key).subscribers += state.asked.size + 8;
      throw new Again("more who wait for a key");
    }
    const run = work.run(waiting.n);
    state.subscribers.shift();
    unsubscribeRow(work, waiting);
    if (!tell(work, run)) continue;
    work.insertArrival(waiting.n, waiting.wait, false, event.payload!, event);
    take(work, event, waiting.n);
    work.hints.push({ kind: "run", run: run.id });
    return run.id;
  }
}

function take(work: Work, event: EventRecord, n: number): void {
  event.taken = n;
  event.payload = null;
  if (event.seq !== null) work.changes.changedEvents.add(event);
}

/** In the order in which they were sent. What may stand behind others that were not loaded is left to the database. */
function keep(state: KeyState, event: EventRecord): void {
  const { kept } = state;
  const order = event.seq ?? Number.POSITIVE_INFINITY;
  const at = kept.findIndex(({ seq }) => (seq ?? Number.POSITIVE_INFINITY) > order);
  if (at >= 0) kept.splice(at, 0, event);
  else if (!state.moreKept) kept.push(event);
}

/** Copies an event to the feeds of its key. @returns the last run that got one, or null */
function copy(work: Work, state: KeyState, { key, id, payload }: NewEvent): string | null {
  let last: string | null = null;
  for (const fed of [...state.feeds]) {
    const run = work.run(fed.n);
    const { status } = deliverEvent(work, { key: fed.target, id, payload, run: run.id });
    if (fed.once || status === "late") dropFeed(work, key, fed.n, fed.target);
    if (status !== "late") last = run.id;
  }
  return last;
}

export function feed(work: Work, n: number, { key, to: target, which }: Feed): void {
  const state = work.key(key);
  dropFeed(work, key, n, target);
  if (which === "none") return;
  const record = { key, n, target, once: which === "next" };
  const behind = state.feeds.findIndex((other) => other.n > n || (other.n === n && other.target > target));
  state.feeds.splice(behind < 0 ? state.feeds.length : behind, 0, record);
  work.changes.feeds.push(record);
}

function dropFeed(work: Work, key: string, n: number, target: string): void {
  const { feeds } = work.key(key);
  const at = feeds.findIndex((fed) => fed.n === n && fed.target === target);
  if (at >= 0) feeds.splice(at, 1);
  const written = work.changes.feeds.findIndex(
    (fed) => fed.key === key && fed.n === n && fed.target === target,
  );
  if (written >= 0) work.changes.feeds.splice(written, 1);
  work.changes.droppedFeeds.push({ key, n, target });
}

/** Run `n` waits for the next event of a key: it gets the oldest that is kept, or is told when one comes. */
export function subscribe(work: Work, n: number, { key, wait, schema = null }: Subscription): void {
  const state = work.key(key);
  const event = state.kept[0];
  if (event === undefined) {
    if (state.moreKept) {
      work.needs.key(key).kept += 8;
      throw new Again("more events of a key");
    }
    const record = { key, n, wait, schema };
    const behind = state.subscribers.findIndex(
      (other) => other.n > n || (other.n === n && other.wait > wait),
    );
    if (behind >= 0) state.subscribers.splice(behind, 0, record);
    else if (!state.moreSubscribers) state.subscribers.push(record);
    work.changes.subscriptions.add(record);
    return;
  }
  state.kept.shift();
  work.insertArrival(n, wait, false, event.payload!, event);
  take(work, event, n);
  tell(work, work.run(n));
}

/** Ends a wait that the run has dropped. An event that has come for it meanwhile goes to the next one, or is kept. */
export function unsubscribe(work: Work, n: number, wait: number, key: string): void {
  leave(work, n, wait, key);
  const arrived = work.arrivals(n).get(wait);
  if (arrived === undefined || arrived.event === null) return;
  work.dropArrival(n, wait);
  const { event, value } = arrived;
  event.taken = null;
  event.payload = value;
  if (event.seq !== null) work.changes.changedEvents.add(event);
  if (match(work, event) === null) keep(work.key(key), event);
}

/** Nothing is delivered to this wait any more. */
export function leave(work: Work, n: number, wait: number, key: string): void {
  work.changes.droppedOnce.push({ n, target: key });
  for (const { feeds } of work.keys.values()) {
    const at = feeds.findIndex((fed) => fed.n === n && fed.target === key && fed.once);
    if (at >= 0) feeds.splice(at, 1);
  }
  for (const [i, fed] of work.changes.feeds.entries())
    if (fed.n === n && fed.target === key && fed.once) work.changes.feeds.splice(i, 1);
  const { subscribers } = work.key(key);
  const at = subscribers.findIndex((other) => other.n === n && other.wait === wait);
  if (at >= 0) unsubscribeRow(work, subscribers.splice(at, 1)[0]!);
  else work.changes.unsubscribed.push({ key, n, wait });
}

function unsubscribeRow(work: Work, record: SubscriptionRecord): void {
  if (!work.changes.subscriptions.delete(record)) work.changes.unsubscribed.push(record);
}

/** Something came for a run from elsewhere: it is due, and its owner has news. False: it has ended. */
export function tell(work: Work, run: RunRecord): boolean {
  if (hasEnded(run)) return false;
  work.change(run);
  run.told = true;
  if (run.worker !== null || run.due === null || run.due > work.now) run.due = work.now;
  run.news++;
  if (run.status === "blocked") run.status = "active";
  run.reason = null;
  run.needs = null;
  return true;
}
