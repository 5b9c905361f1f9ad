/**
 * Divides a turn: what is at home where its run is stays in it; for the rest it starts errands (errands.ts), in the same
 * transaction. Most turns have nothing for elsewhere, and go through as they are.
 */
import type { Feed, NewEvent, NewRun, Subscription, Turn } from "../../runtime/engine/store.ts";
import { ColdframeError } from "../../runtime/errors.ts";
import {
  answerKey,
  behindStub,
  type Deed,
  deedOf,
  errandRun,
  feedFor,
  OWN,
  stubOf,
  type Thing,
  type Word,
  wordToStub,
} from "./errands.ts";
import type { Routing } from "./routing.ts";

/** What stubs are to be told when waits are consumed, by wait. */
export type Fates = ReadonlyMap<number, Word>;

const NOTHING: Fates = new Map();

/** @throws ColdframeError CF3114 for what cannot be done between databases */
export function divide(turn: Turn, routing: Routing, fates: Fates = NOTHING): Turn {
  const home = routing.of(turn.run);
  const away = (name: string) => routing.of(name) !== home;
  const isWhole =
    fates.size === 0 &&
    turn.starts.every(({ id, limit }) => !away(id) && (limit === null || !away(limit.key))) &&
    turn.sends.every((event) => routing.ofEvent(event) === home) &&
    turn.follow.every(({ run }) => !away(run)) &&
    !turn.cancels.some(away) &&
    turn.acquire.every(({ key }) => !away(key)) &&
    turn.release.every(({ run, key }) => !away(key) && !away(run)) &&
    turn.feeds.every(({ key }) => routing.ofKey(key) === home) &&
    turn.subscribe.every(({ key }) => routing.ofKey(key) === home) &&
    turn.unsubscribe.every(({ key }) => routing.ofKey(key) === home);
  return isWhole ? turn : new Division(turn, routing, home).divide(fates);
}

class Division {
  readonly #turn: Turn;
  readonly #routing: Routing;
  readonly #home: number;
  readonly #starts: NewRun[] = [];
  readonly #sends: NewEvent[] = [];
  readonly #subscribe: Subscription[] = [];
  readonly #unsubscribe: Turn["unsubscribe"][number][] = [];
  readonly #feeds: Feed[] = [];
  #deeds = 0;

  constructor(turn: Turn, routing: Routing, home: number) {
    this.#turn = turn;
    this.#routing = routing;
    this.#home = home;
  }

  divide(fates: Fates): Turn {
    const turn = this.#turn;
    const home = this.#home;
    const routing = this.#routing;
    const here = (name: string) => routing.of(name) === home;
    for (const { key } of turn.feeds) if (routing.ofKey(key) !== home) throw feedAway(turn.run, key);
    const children = new Map<string, NewRun>();
    for (const run of turn.starts) {
      if (!here(run.id)) children.set(run.id, run);
      else this.#starts.push(...startedAt(run, home, routing));
    }
    const follow = turn.follow.filter(({ wait, run, attached }) => {
      if (here(run)) return true;
      this.#waitFor(routing.of(run), wait, { kind: "end", run, attached }, children.get(run) ?? null);
      children.delete(run);
      return false;
    });
    for (const run of children.values()) this.#do({ kind: "start", to: routing.of(run.id), run });
    const cancels = turn.cancels.filter((run) => {
      if (here(run)) return true;
      this.#do({ kind: "cancel", to: routing.of(run), run });
      return false;
    });
    const release = turn.release.filter((place) => this.#staysHere(place));
    const acquire = turn.acquire.filter(({ wait, ...place }) => {
      if (here(place.key)) return true;
      this.#waitFor(routing.of(place.key), wait, { kind: "place", ...place });
      if (!place.loose) this.#feeds.push(feedFor(turn.run, wait, place));
      return false;
    });
    for (const subscription of turn.subscribe) {
      const { wait, key, schema = null } = subscription;
      if (routing.ofKey(key) === home) this.#subscribe.push(subscription);
      else this.#waitFor(routing.ofKey(key), wait, { kind: "event", key, schema });
    }
    const dropped = new Set<number>();
    for (const given of turn.unsubscribe) {
      if (routing.ofKey(given.key) === home) this.#unsubscribe.push(given);
      else {
        dropped.add(given.wait);
        this.#unsubscribe.push({ wait: given.wait, key: answerKey(turn.run, given.wait) });
        this.#tellStub(given.wait, "dropped");
      }
    }
    // With the end of the run all that has arrived is consumed.
    for (const [wait, word] of fates)
      if (!dropped.has(wait) && (turn.end !== null || turn.consumed.includes(wait)))
        this.#tellStub(wait, word);
    for (const event of turn.sends) this.#send(event);
    return {
      ...turn,
      ...{ follow, cancels, release, acquire },
      ...{ starts: this.#starts, sends: this.#sends },
      ...{ subscribe: this.#subscribe, unsubscribe: this.#unsubscribe },
      feeds: [...turn.feeds, ...this.#feeds],
    };
  }

  #waitFor(to: number, wait: number, thing: Thing, child: NewRun | null = null): void {
    const { run } = this.#turn;
    this.#subscribe.push({ wait, key: answerKey(run, wait) });
    this.#starts.push(errandRun(stubOf(run, wait), { kind: "stub", to, run, wait, thing, child }));
  }

  /** In order among those of one line. */
  #do(deed: Deed, line: NewRun["limit"] = null): void {
    const { run, turn } = this.#turn;
    this.#starts.push(errandRun(deedOf(run, turn, this.#deeds++), deed, line));
  }

  /** Events for one key come in the order in which they were sent, whoever carries them there. */
  #send(event: NewEvent): void {
    const to = this.#routing.ofEvent(event);
    if (to === this.#home) this.#sends.push(event);
    else this.#do({ kind: "send", to, event }, { key: `${OWN}send ${event.key}`.slice(0, 500), max: 1 });
  }

  #tellStub(wait: number, word: Word): void {
    this.#sends.push(wordToStub(this.#turn.run, wait, word));
  }

  /** A place is where its lock is at home: a run's own, or that of its proxy, of which its stub knows. */
  #staysHere({ run, wait, key }: Turn["release"][number]): boolean {
    const routing = this.#routing;
    const owner = routing.of(run);
    if (routing.of(key) === owner) {
      if (owner === this.#home) return true;
      const free = errandRun(`${stubOf(run, wait)} free`, { kind: "free", run, wait, key });
      this.#do({ kind: "start", to: owner, run: free });
      return false;
    }
    if (run === this.#turn.run) this.#unsubscribe.push({ wait, key: answerKey(run, wait) });
    const event = wordToStub(run, wait, "released");
    if (owner === this.#home) this.#sends.push(event);
    else this.#do({ kind: "send", to: owner, event });
    return false;
  }
}

/** What is started in a database for a run that is at home there. */
export function startedAt(run: NewRun, home: number, routing: Routing): readonly NewRun[] {
  if (run.limit === null) return [run];
  const to = routing.of(run.limit.key);
  return to === home ? [run] : behindStub(run, to);
}

function feedAway(run: string, key: string): ColdframeError {
  return new ColdframeError(
    "CF3114",
    `run "${run}" listens to the broadcast "${key}", which is at home in another database. Put both into one: with the same text in braces, as in "{a} ${run}" and "{a} ${key}"`,
  );
}
