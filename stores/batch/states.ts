/** What a batch loads, put together from rows. */
import type { Belongings, EventRecord, KeyNeed, KeyState, LineState, Openings, Past } from "./records.ts";
import type { Row } from "./rows.ts";

/** Events about to be sent: pairs of key and id. */
export function sentOf(needs: ReadonlyMap<string, KeyNeed>): readonly (readonly [string, string])[] {
  return [...needs].flatMap(([key, { sent }]) => [...sent].map((id) => [key, id] as const));
}

/**
 * @param rows `kind` `wait`: `n`, `wait`, schema `a`; `kept`: seq `n`, id `a`, payload `b`, run `c`; `feed`: `n`, target `a`,
 *   `once`; `sent`: id `a`; `post`: of one such key, if there is any
 */
export function keyStates(
  needs: ReadonlyMap<string, KeyNeed>,
  rows: readonly Row[],
): ReadonlyMap<string, KeyState> {
  const states = new Map<string, KeyState & { readonly sent: Set<string> }>();
  for (const [key, need] of needs) {
    states.set(key, {
      asked: new Set(need.sent),
      sent: new Set(),
      subscribers: [],
      moreSubscribers: true,
      kept: [],
      moreKept: true,
      feeds: [],
      posted: false,
    });
  }
  for (const { kind, key, n, wait, a, b, c, once } of rows) {
    const state = states.get(key)!;
    if (kind === "wait") state.subscribers.push({ key, n, wait, schema: a });
    else if (kind === "kept")
      state.kept.push({ seq: n, key, id: a, payload: b, run: c, taken: null } satisfies EventRecord);
    else if (kind === "feed") state.feeds.push({ key, n, target: a, once });
    else if (kind === "post") state.posted = true;
    else state.sent.add(a);
  }
  for (const [key, state] of states) {
    const need = needs.get(key)!;
    state.subscribers.sort((a, b) => a.n - b.n || a.wait - b.wait);
    state.kept.sort((a, b) => a.seq! - b.seq!);
    state.feeds.sort((a, b) => a.n - b.n || (a.target < b.target ? -1 : 1));
    state.moreSubscribers = state.subscribers.length >= need.subscribers;
    state.moreKept = state.kept.length >= need.kept;
  }
  return states;
}

/** @param rows of each line at least one; `seq` null: nobody waits there */
export function lineStates(
  needs: ReadonlyMap<string, number>,
  rows: readonly Row[],
): ReadonlyMap<string, LineState> {
  const lines = new Map<string, LineState>();
  for (const { key, taken, seq, n, wait, max, loose, value } of rows) {
    let line = lines.get(key);
    if (line === undefined) lines.set(key, (line = { taken, waiting: [], more: false }));
    if (seq !== null) line.waiting.push({ seq, key, n, wait, max, loose, value, held: false });
  }
  for (const [key, line] of lines) {
    line.waiting.sort((a, b) => a.seq! - b.seq!);
    line.more = line.waiting.length >= needs.get(key)!;
  }
  return lines;
}

/** @param rows `kind`, `n`, and of followers `other` and `wait`, of attached runs `other`, of places `wait`, `name`, `held`, of chunks `name`, of what keeps parks `other` */
export function belongingsOf(runs: readonly number[], rows: readonly Row[]): ReadonlyMap<number, Belongings> {
  const found = new Map<number, Belongings>(
    runs.map((n) => [n, { followers: [], attached: [], places: [], chunks: [], keep: 0 }]),
  );
  for (const { kind, n, other, wait, name, held } of rows) {
    const of = found.get(n)!;
    if (kind === "follower") of.followers.push({ n: other, wait });
    else if (kind === "attached") of.attached.push(other);
    else if (kind === "place") of.places.push({ wait, key: name, held });
    else if (kind === "keep") of.keep = other;
    else of.chunks.push(name);
  }
  for (const { followers, attached } of found.values()) {
    followers.sort((a, b) => a.n - b.n || a.wait - b.wait);
    attached.sort((a, b) => a - b);
  }
  return found;
}

/** @param last for each run that has them, its newest park that has to go @param rows `n`, and names of chunks */
export function pastsOf(
  runs: Iterable<number>,
  last: ReadonlyMap<number, number>,
  rows: readonly Row[],
): ReadonlyMap<number, Past> {
  const chunks = (n: number) => rows.filter((row) => row.n === n).map(({ name }) => name as string);
  return new Map([...runs].map((n) => [n, { last: last.get(n) ?? null, chunks: chunks(n) }]));
}

export function openingsOf(
  runs: readonly number[],
  arrivals: readonly Row[],
  attempts: readonly Row[],
): ReadonlyMap<number, Openings> {
  return new Map(
    runs.map((n) => [
      n,
      {
        arrivals: arrivals.filter((row) => row.n === n).map(arrivalRecord),
        attempts: attempts.filter((row) => row.n === n),
      },
    ]),
  );
}

function arrivalRecord({ n, wait, threw, value, event, key, id, run }: Row) {
  return {
    n,
    wait,
    threw,
    value,
    event: event === null || key === null ? null : { seq: event, key, id, payload: null, run, taken: n },
  };
}
