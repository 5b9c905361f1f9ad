/** Carries out the errands (errands.ts) of one process: claims them, does what they say, and commits how far they are. */
import type {
  Arrival,
  Attempt,
  Claimed,
  Placement,
  RunDetail,
  Store,
  Turn,
} from "../../runtime/engine/store.ts";
import { SYSTEM_GROUP } from "../../runtime/engine/store.ts";
import { answer } from "./answers.ts";
import {
  answerKey,
  BEGINNING,
  ERRAND,
  type Errand,
  errandRun,
  type Free,
  isStarting,
  OWN,
  type Proxy as Proxied,
  proxyKey,
  proxyOf,
  type Stub,
  stubKey,
  stubOf,
  type Word,
  wordToProxy,
  wordToStub,
} from "./errands.ts";
import { type Failure, isTold, type Log, tellFailures, textOf, timeOf } from "./failures.ts";
import { type Fleet, LATE } from "./fleet.ts";
import type { Routing } from "./routing.ts";
import { startedAt } from "./split.ts";

/** Errands claimed at one time, of one database. */
const AT_ONCE = 100;
/** How often it looks again at once, for what its own errands have begun. */
const ROUNDS = 100;

/** Takes errands, and nothing else. */
export const ERRANDS: Placement = { groups: [SYSTEM_GROUP], only: [ERRAND], except: [], builds: null };

/** Waits of a stub or a proxy: for a word, and for the run or thing that it is about. */
const TOLD = 1;
const THING = 2;
/** No wait: how often the errand has failed in a row is recorded as attempts of it. */
const TRIES = 3;

export class Courier {
  readonly #fleet: Fleet;
  readonly #routing: Routing;
  readonly #now: () => number;
  /** Until when a database is left alone, and how long the next time. */
  readonly #rests = new Map<number, { until: number; next: number }>();
  readonly #running = new Map<number, Promise<void>>();
  readonly #again = new Set<number>();
  /** How often in a row errands of a database could not be seen to. */
  readonly #failed = new Map<number, number>();
  readonly #log: Log;

  constructor(fleet: Fleet, routing: Routing, now: () => number, log: Log) {
    this.#fleet = fleet;
    this.#routing = routing;
    this.#now = now;
    this.#log = log;
  }

  /** Carries out what is due in one database. What comes of that elsewhere is begun, too. Never rejects. */
  look(home: number): Promise<void> {
    this.#again.add(home);
    let running = this.#running.get(home);
    if (running === undefined) {
      running = this.#lookAt(home).finally(() => this.#running.delete(home));
      this.#running.set(home, running);
    }
    return running;
  }

  /** Milliseconds until a database that has failed is tried again; null: none has to wait. */
  get next(): number | null {
    let next: number | null = null;
    const now = this.#now();
    for (const { until } of this.#rests.values())
      if (until > now && (next === null || until - now < next)) next = until - now;
    return next;
  }

  async #lookAt(home: number): Promise<void> {
    for (let round = 0; round < ROUNDS && this.#again.delete(home); round++) {
      if ((await this.#serve(home)) === 0) continue;
      this.#again.add(home);
      for (let other = 0; other < this.#fleet.databases.length; other++)
        if (other !== home) void this.look(other);
    }
  }

  /** @returns how many errands came further */
  async #serve(home: number): Promise<number> {
    const desk = this.#fleet.databases[home]!;
    const { store } = desk;
    if (this.#isResting(home)) return 0;
    let courier: string | null = null;
    try {
      await this.#fleet.retireCouriers(desk);
      if ((await store.due(desk.courier ?? OWN, ERRANDS)) !== 0) return 0;
      courier = await this.#fleet.courierOf(desk);
      if (courier === null) return 0;
      const name = courier;
      const claimed = await store.claim(name, AT_ONCE, ERRANDS);
      this.#rests.delete(home);
      const all = await Promise.all(claimed.map((run) => this.#carryOut(home, run, name)));
      tellFailures(
        all.filter((one) => typeof one !== "boolean"),
        this.#log,
      );
      this.#failed.delete(home);
      return all.filter((one) => one === true).length;
    } catch (error) {
      this.#homeFailed(home, courier, error);
      return 0;
    }
  }

  /** @param courier may own errands there of which nothing is known here; null: none does */
  #homeFailed(home: number, courier: string | null, error: unknown): void {
    if (courier !== null) this.#fleet.giveUp(this.#fleet.databases[home]!, courier);
    const rest = this.#rest(home);
    const times = (this.#failed.get(home) ?? 0) + 1;
    this.#failed.set(home, times);
    if (!isTold(times)) return;
    const message = `errands of database ${home + 1} of the list cannot be seen to; tried again in ${timeOf(rest)}`;
    this.#log({ level: "warn", message, error: error instanceof AtHome ? error.cause : error });
  }

  #isResting(database: number): boolean {
    const rest = this.#rests.get(database);
    return rest !== undefined && rest.until > this.#now();
  }

  /** @returns for how long it is left alone */
  #rest(database: number): number {
    const { first, longest } = this.#fleet.timing.rest;
    const { next } = this.#rests.get(database) ?? { next: first };
    this.#rests.set(database, { until: this.#now() + next, next: Math.min(longest, next * 2) });
    return next;
  }

  /**
   * One that hangs goes on by itself, and holds up no other.
   * @returns false: it came no further, or not yet
   */
  async #carryOut(home: number, run: Claimed, courier: string): Promise<boolean | Failure> {
    const progress = new Progress(this.#fleet.databases[home]!.store, run, courier);
    const doing = this.#try(home, run, progress);
    const done = await this.#fleet.inTime(doing);
    if (done !== LATE) return done;
    const other = otherOf(readErrand(run));
    if (other !== null && !progress.isAtHome && !this.#isResting(other)) this.#rest(other);
    doing.then(
      (late) => {
        if (typeof late !== "boolean") tellFailures([late], this.#log);
        for (let place = 0; place < this.#fleet.databases.length; place++) void this.look(place);
      },
      (error) => this.#homeFailed(home, courier, error),
    );
    return false;
  }

  /**
   * @returns false: what it needs cannot be reached now, and it was given back for later
   * @throws AtHome
   */
  async #try(home: number, run: Claimed, progress: Progress): Promise<boolean | Failure> {
    const errand = readErrand(run);
    const other = otherOf(errand);
    try {
      if (other !== null && this.#isResting(other)) {
        await progress.later(this.#rests.get(other)!.until);
        return false;
      }
      if (errand === null) throw new Error("it was written by another version of coldframe, or is damaged");
      await this.#do(errand, home, progress);
      if (other !== null) this.#rests.delete(other);
      return true;
    } catch (error) {
      if (error instanceof Fenced) return false;
      if (error instanceof AtHome) throw error;
      const isRefused = error instanceof Refused || errand === null;
      if (other !== null && !isRefused && !this.#isResting(other)) this.#rest(other);
      const times = progress.failed + 1;
      const now = this.#now();
      const { first, longest } = this.#fleet.timing.rest;
      const rest = Math.min(longest, first * 2 ** (times - 1));
      const due = Math.max(now + rest, other === null ? 0 : (this.#rests.get(other)?.until ?? 0));
      const cause = error instanceof Refused ? error.cause : error;
      await progress.later(due, { times, error: textOf(cause).slice(0, 1000) });
      return { id: run.id, errand, times, error: cause, rest: due - now };
    }
  }

  async #do(errand: Errand, home: number, progress: Progress): Promise<void> {
    switch (errand.kind) {
      case "start":
        await this.#at(errand.to).start(startedAt(errand.run, errand.to, this.#routing), null);
        return progress.end();
      case "send":
        await this.#at(errand.to).send(errand.event);
        return progress.end();
      case "cancel":
        return this.#cancel(errand.run, this.#at(errand.to), home, progress);
      case "free":
        return free(errand, progress);
      case "stub":
        return this.#beStub(errand, home, progress);
      case "proxy":
        return this.#beProxy(errand, progress);
    }
  }

  /** Not before it is started, when another errand is about to do that. */
  async #cancel(run: string, there: Store, home: number, progress: Progress): Promise<void> {
    if (!(await there.cancel(run, null))) {
      const found = await there.read.run(run);
      if (found === null && (await isStarting(this.#at(home), run)))
        return progress.later(this.#now() + this.#fleet.timing.rest.first);
      // It may have been started in between.
      if (found === null || found.end === null) await there.cancel(run, null);
    }
    return progress.end();
  }

  #at(database: number): Store {
    return this.#fleet.databases[database]!.store;
  }

  async #beStub(stub: Stub, home: number, progress: Progress): Promise<void> {
    const { run, wait, to, thing, child } = stub;
    const there = this.#at(to);
    if (progress.turn === 0 && (await this.#isInVain(stub, progress))) {
      await progress.save(`closing ${lastWord(stub)}`, {});
    } else if (progress.turn === 0) {
      const limit = thing.kind === "begin" ? { key: thing.key, max: thing.max } : null;
      const proxy: Proxied = { kind: "proxy", from: home, run, wait, thing };
      const before = child === null ? [] : startedAt(child, to, this.#routing);
      await there.start([...before, errandRun(proxyOf(run, wait), proxy, limit)], null);
      const waits = {
        subscribe: [{ wait: TOLD, key: stubKey(run, wait) }],
        follow: [{ wait: THING, run, attached: false }],
      };
      if ((await progress.see(run)) === null) await progress.save("open", waits);
      else if (await progress.park("open", waits)) return;
    }
    while (!progress.state.startsWith("closing ")) {
      const word = progress.arrived(TOLD)?.value as Word | undefined;
      // Collected before it could be followed: it has ended.
      const hasEnded = progress.arrived(THING) !== undefined || (await progress.see(run)) === null;
      if (word === "begin") {
        await progress.save("open", {
          consumed: [TOLD],
          subscribe: [{ wait: TOLD, key: stubKey(run, wait) }],
          release: [{ run: progress.id, wait: BEGINNING, key: "" }],
        });
        continue;
      }
      if (thing.kind === "end" && hasEnded && thing.attached) await there.cancel(thing.run, null);
      if (thing.kind === "place" && thing.loose && word === undefined && hasEnded) {
        const proxy = await there.read.run(proxyOf(run, wait));
        if (proxy?.snapshot === "told") {
          if (progress.arrived(THING) !== undefined) await progress.save("open", { consumed: [THING] });
          if (await progress.park()) return;
          continue;
        }
      }
      if (word !== undefined || hasEnded) await progress.save(`closing ${word ?? lastWord(stub)}`, {});
      else if (await progress.park()) return;
    }
    await there.send(wordToProxy(run, wait, progress.state.slice("closing ".length) as Word));
    await progress.end();
  }

  /** Whoever starts a run once more makes its stub anew, though it has gone when the run had ended. */
  async #isInVain({ run, thing }: Stub, progress: Progress): Promise<boolean> {
    if (thing.kind !== "begin") return false;
    const found = await progress.see(run);
    return found === null || found.end !== null;
  }

  async #beProxy(proxy: Proxied, progress: Progress): Promise<void> {
    const { run, wait, from, thing } = proxy;
    const back = this.#at(from);
    if (progress.turn === 0) {
      const stub = await back.read.run(stubOf(run, wait));
      if (stub === null || stub.end !== null || stub.snapshot?.startsWith("closing ")) return progress.end();
      const waits = {
        subscribe: [{ wait: TOLD, key: proxyKey(run, wait) }, ...eventOf(thing)],
        follow: thing.kind === "end" ? [{ wait: THING, run: thing.run, attached: false }] : [],
        acquire:
          thing.kind === "place"
            ? [{ wait: THING, key: thing.key, max: thing.max, loose: true, value: "" }]
            : [],
      };
      if (thing.kind === "begin") await progress.save("open", waits);
      else if (await progress.park("open", waits)) return;
    }
    for (;;) {
      if (progress.arrived(TOLD) !== undefined) {
        const word = progress.arrived(TOLD)!.value as Word;
        return progress.end({
          unsubscribe: thing.kind === "event" && word !== "taken" ? eventOf(thing) : [],
          release: thing.kind === "place" ? [{ run: progress.id, wait: THING, key: thing.key }] : [],
        });
      }
      const arrival = progress.arrived(THING);
      if (progress.state === "open" && (arrival !== undefined || thing.kind === "begin")) {
        if (thing.kind === "begin") await back.send(wordToStub(run, wait, "begin"));
        else {
          const value = thing.kind === "place" ? thing.value : arrival!.value;
          const payload = answer(thing.kind, arrival!.threw, value);
          await back.send({ key: answerKey(run, wait), id: "1", payload, run });
        }
        // When the run has ended, its stub knows.
        if (thing.kind === "end") await back.send(wordToStub(run, wait, "over"));
        if (await progress.park("told")) return;
      } else if (await progress.park()) return;
    }
  }
}

/** Gives back a place of a run whose lock is at home where the run is. */
function free({ run, wait, key }: Free, progress: Progress): Promise<void> {
  return progress.end({ release: [{ run, wait, key }] });
}

function eventOf(thing: Stub["thing"]) {
  return thing.kind === "event" ? [{ wait: THING, key: thing.key, schema: thing.schema }] : [];
}

/** What the proxy is told when the run has ended without a word. */
function lastWord({ thing }: Stub): Word {
  return thing.kind === "event" ? "dropped" : thing.kind === "place" ? "released" : "over";
}

/** Null: it is none that this version knows. */
function readErrand(run: Claimed): Errand | null {
  try {
    const errand = JSON.parse(run.call) as Errand;
    return KINDS.has(errand.kind) ? errand : null;
  } catch {
    return null;
  }
}

const KINDS: ReadonlySet<Errand["kind"]> = new Set(["start", "send", "cancel", "free", "stub", "proxy"]);

/** The database that an errand is about, besides that in which it is at home; null: none. */
function otherOf(errand: Errand | null): number | null {
  if (errand === null || errand.kind === "free") return null;
  return errand.kind === "proxy" ? errand.from : errand.to;
}

/** Another courier has the errand. */
class Fenced extends Error {}
/** The errand's own database has failed. */
class AtHome extends Error {}
/** It has refused what the errand was to write. */
class Refused extends Error {}

/** How far an errand is: a run that is owned by this courier. */
class Progress {
  readonly #home: Store;
  readonly id: string;
  turn: number;
  state: string;
  readonly #courier: string;
  readonly #epoch: number;
  #news: number;
  readonly #arrivals = new Map<number, Arrival>();
  /** How often in a row it has failed. */
  failed: number;
  /** Something is asked of its own database. */
  isAtHome = false;

  constructor(home: Store, run: Claimed, courier: string) {
    this.#home = home;
    this.id = run.id;
    this.turn = run.turn;
    this.state = run.snapshot ?? "";
    this.#courier = courier;
    this.#epoch = run.epoch;
    this.#news = run.news;
    this.#hear(run.arrivals);
    this.failed = run.attempts.find(({ wait }) => wait === TRIES)?.made ?? 0;
  }

  /** A run of its own database. @throws AtHome */
  see(run: string): Promise<RunDetail | null> {
    return this.#ask(() => this.#home.read.run(run));
  }

  /** What was recorded for a wait and not consumed. */
  arrived(wait: number): Arrival | undefined {
    return this.#arrivals.get(wait);
  }

  /** @throws Fenced, Refused, AtHome */
  async save(state: string, extra: Partial<Turn>): Promise<void> {
    await this.#write({ ...extra, snapshot: state, keep: true });
    this.state = state;
    for (const wait of extra.consumed ?? []) this.#arrivals.delete(wait);
    this.#hear(this.#last);
  }

  /** Saves it, and gives it back until something arrives. False: something has. @throws Fenced, Refused, AtHome */
  async park(state: string = this.state, extra: Partial<Turn> = {}): Promise<boolean> {
    const before = this.#news;
    await this.#write({ ...extra, snapshot: state, keep: false, due: null });
    this.state = state;
    this.#hear(this.#last);
    return this.#news === before;
  }

  /** Leaves nothing of it. @throws Fenced, Refused, AtHome */
  async end(extra: Partial<Turn> = {}): Promise<void> {
    const end = { status: "done", value: "", forgotten: true } as const;
    await this.#write({ ...extra, snapshot: null, end });
  }

  /**
   * Gives it back as it is.
   * @param failure is recorded with it
   * @throws AtHome
   */
  async later(due: number, failure?: { readonly times: number; readonly error: string }): Promise<void> {
    const fence = { run: this.id, worker: this.#courier, epoch: this.#epoch };
    const release = { due, blocked: null, bound: null };
    const attempts: Attempt[] = [];
    if (failure !== undefined) {
      const { times, error } = failure;
      attempts.push({
        ...{ wait: TRIES, made: times, due, error },
        since: null,
        begun: null,
        progress: null,
      });
    }
    const note = { kind: "note", ...fence, arrivals: [], attempts, release } as const;
    for (;;) {
      const [outcome] = await this.#ask(() => this.#home.commit([{ ...note, news: this.#news }]));
      if (!outcome!.passed || outcome!.news === this.#news) return;
      // Something came meanwhile, which does not change that it has to wait.
      this.#news = outcome!.news;
    }
  }

  #last: readonly Arrival[] = [];

  async #write(extra: Partial<Turn>): Promise<void> {
    const turn: Turn = {
      ...NO_CHANGE,
      ...{ run: this.id, worker: this.#courier, epoch: this.#epoch, turn: this.turn + 1, news: this.#news },
      ...extra,
    };
    const consumed = this.failed > 0 ? [...turn.consumed, TRIES] : turn.consumed;
    const [outcome] = await this.#ask(() => this.#home.commit([{ ...turn, consumed }]));
    if (!outcome!.passed) throw outcome!.fenced ? new Fenced() : new Refused("", { cause: outcome!.error });
    this.failed = 0;
    this.turn++;
    this.#news = outcome!.news;
    this.#last = outcome!.arrivals;
  }

  async #ask<T>(what: () => Promise<T>): Promise<T> {
    this.isAtHome = true;
    try {
      return await what();
    } catch (cause) {
      throw new AtHome("", { cause });
    } finally {
      this.isAtHome = false;
    }
  }

  #hear(arrivals: readonly Arrival[]): void {
    for (const arrival of arrivals) this.#arrivals.set(arrival.wait, arrival);
  }
}

const NO_CHANGE: Omit<Turn, "run" | "worker" | "epoch" | "turn" | "news"> = {
  ...{ kind: "turn", snapshot: null, waits: "[]", due: null, keep: true, group: null, build: null },
  ...{ subscribe: [], unsubscribe: [], feeds: [], consumed: [], starts: [], sends: [], follow: [] },
  ...{ cancels: [], acquire: [], release: [], codes: [], chunks: null, history: 0, end: null },
  ...{ cancelled: false, survived: true, blocked: null },
};
