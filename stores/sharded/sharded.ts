/**
 * A store of several databases. Each run, event key, lock, rate and schedule is at home in one of them (routing.ts), and what is
 * asked about it goes there. A turn is one transaction of its run's database; what it has to do with others it leaves to
 * errands (split.ts, errands.ts), which the couriers of all processes carry out (courier.ts).
 *
 * Order among runs (priority, age) is kept within each database. A database that cannot be reached keeps its own runs from going on,
 * and what others have to do with it waits: all else goes on (fleet.ts).
 */
import type {
  Arrival,
  BuildRecord,
  Claimed,
  Copy,
  CopyOutcome,
  Hint,
  Mending,
  NewEvent,
  NewRun,
  News,
  Overruling,
  Placement,
  ScheduleChange,
  SendOutcome,
  StartOutcome,
  StepFence,
  Store,
  StoreOptions,
  Stranded,
  TransactionPort,
  TransactOutcome,
  WaitInfo,
  WorkerInfo,
  Write,
  WriteOutcome,
} from "../../runtime/engine/store.ts";
import { ColdframeError } from "../../runtime/errors.ts";
import { answer, opened } from "./answers.ts";
import { Courier } from "./courier.ts";
import { Door, openAll } from "./door.ts";
import { answerKey, deedOf, ERRAND, errandRun, isStarting, OWN, runOfProxy, type Word } from "./errands.ts";
import type { Log } from "./failures.ts";
import { type Database, Fleet, type Seat, type Timers } from "./fleet.ts";
import { readsOf } from "./reads.ts";
import { Routing } from "./routing.ts";
import { divide, startedAt } from "./split.ts";
import { SHARD_TIMING, type ShardTiming } from "./timing.ts";
import { unblockErrands } from "./upkeep.ts";

/**
 * A store of several databases, for more than one of them can hold or carry.
 * @param stores one for each database: always all of them, in the same order. The list is written into the databases when it is first
 *   used, and any other is refused then
 * @throws ColdframeError CF2301 when there are none
 */
export function sharded(stores: readonly Store[]): ShardedStore {
  const isStore = (one: Partial<Store> | null) => typeof one?.migrate === "function";
  const fits = Array.isArray(stores) && stores.length > 0 && stores.every(isStore);
  if (!fits || new Set(stores).size < stores.length)
    throw new ColdframeError("CF2301", "sharded() takes a list of stores, one for each database");
  return new ShardedStore(stores);
}

export class ShardedStore implements Store {
  readonly pace?: NonNullable<Store["pace"]>;
  readonly transact?: NonNullable<Store["transact"]>;
  readonly within?: NonNullable<Store["within"]>;
  readonly read: Store["read"];
  readonly #doors: readonly Door[];
  readonly #fleet: Fleet;
  readonly #routing: Routing;
  readonly #courier: Courier;
  readonly #listeners = new Set<(hint: Hint) => void>();
  #unwatch: (() => void)[] = [];
  #now: (() => number) | null = null;
  #log: Log = () => {};
  /** Of owned runs: what is to be said when they have consumed what came from elsewhere. */
  readonly #fates = new Map<string, Map<number, Word>>();
  /** Who asks first. */
  #turn = 0;

  /** Use `sharded`. */
  constructor(
    stores: readonly Store[],
    routing: Routing = new Routing(stores.length),
    timers: Timers = { setTimeout, clearTimeout: (handle) => clearTimeout(handle as number) },
    timing: ShardTiming = SHARD_TIMING,
  ) {
    const log: Log = (entry) => this.#log(entry);
    this.#doors = stores.map((store) => new Door(store, timing.reopen));
    const behind = this.#doors.map(({ store }) => store);
    this.#fleet = new Fleet(behind, (hint) => this.#tell(hint), timers, log, timing);
    this.#routing = routing;
    this.#courier = new Courier(this.#fleet, routing, () => this.now(), log);
    this.read = readsOf(behind, routing, (ask) => this.#fleet.each(({ store }) => ask(store.read)));
    const paces = stores.flatMap(({ pace }) => (pace === undefined ? [] : [pace]));
    if (paces.length > 0)
      this.pace = {
        lease: Math.max(...paces.map(({ lease }) => lease)),
        poll: Math.min(...paces.map(({ poll }) => poll)),
      };
    if (stores.every(({ transact }) => transact !== undefined))
      this.transact = (step, body) => this.#transact(step, body);
    if (stores.every(({ within }) => within !== undefined)) this.within = (tx) => this.#within(tx);
  }

  readonly partOf = (run: string): number => this.#routing.of(run);

  now(): number {
    const { store } = this.#fleet.databases[0]!;
    return this.#now?.() ?? store.now?.() ?? Date.now();
  }

  async migrate(options: StoreOptions = {}): Promise<void> {
    if (options.now !== undefined) this.#now = options.now;
    if (options.log !== undefined) this.#log = options.log;
    await openAll(this.#doors, options, (place, failure) => this.#fleet.isSilent(place, failure));
  }

  async start(runs: readonly NewRun[], worker: string | null): Promise<readonly StartOutcome[]> {
    const own = runs.find(({ id }) => id.startsWith(OWN));
    if (own !== undefined)
      throw new ColdframeError(
        "CF3103",
        `the run id "${own.id}" begins with "${OWN}", as ids of the store do`,
      );
    const outcomes = new Map<string, StartOutcome>();
    const groups = groupedBy(runs, ({ id }) => this.#routing.of(id));
    await Promise.all(
      [...groups].map(async ([place, group]) => {
        const { store, seats } = this.#at(place);
        const seat = worker === null ? undefined : seats.get(worker);
        const name = worker === null ? null : this.#fleet.nameOf(worker, place);
        const started = await store
          .start(
            group.flatMap((run) => startedAt(run, place, this.#routing)),
            name,
          )
          .catch((error) => {
            seat?.doubt.begin(this.now());
            throw error;
          });
        for (const outcome of started) {
          if (outcome.id.startsWith(OWN)) continue;
          // The same id twice in one call: the first one tells.
          if (!outcomes.has(outcome.id)) outcomes.set(outcome.id, outcome);
          if (outcome.claimed) seat?.owned.add(outcome.id);
        }
      }),
    );
    return runs.map(({ id }) => outcomes.get(id)!);
  }

  async claim(worker: string, limit: number, placement: Placement): Promise<readonly Claimed[]> {
    const claimed = this.#takeLate(worker, limit);
    const from = this.#turn++;
    const { length } = this.#fleet.databases;
    // First a fair share of each, then of those that have more what is left.
    const share = Math.floor((limit - claimed.length) / length);
    const more = new Set(this.#fleet.databases.keys());
    const ask = async (place: number, count: number): Promise<readonly Claimed[]> => {
      const database = this.#at(place);
      const name = this.#fleet.nameOf(worker, place);
      if (name === null) return [];
      const seat = database.seats.get(worker);
      await this.#endDoubt(database, worker);
      const except = [...placement.except, ERRAND];
      const found = await database.store.claim(name, count, { ...placement, except }).catch((error) => {
        seat?.doubt.begin(this.now());
        throw error;
      });
      for (const { id } of found) seat?.owned.add(id);
      if (found.length < count) more.delete(place);
      return found;
    };
    const late = (found: readonly Claimed[], { late }: Database) => {
      for (const run of found) late.push({ worker, run });
    };
    let failure: unknown;
    const take = async (count: (place: number) => number) => {
      const answers = await this.#fleet
        .each(async (_, place) => (count(place) > 0 ? ask(place, count(place)) : []), late)
        .catch((error) => {
          failure ??= error;
          return [];
        });
      for (const found of answers) if (found !== undefined) claimed.push(...found);
    };
    if (share > 0) await take(() => share);
    for (let i = 0; i < length && claimed.length < limit; i++) {
      const next = (from + i) % length;
      if (more.has(next)) await take((place) => (place === next ? limit - claimed.length : 0));
    }
    if (failure !== undefined && claimed.length === 0) throw failure;
    return claimed.map((run) => this.#openClaimed(run));
  }

  /** What databases gave when nobody waited any more. */
  #takeLate(worker: string, limit: number): Claimed[] {
    const taken: Claimed[] = [];
    for (const database of this.#fleet.databases) {
      const mine = database.late.filter((one) => one.worker === worker);
      for (const one of mine.slice(0, limit - taken.length)) {
        database.late.splice(database.late.indexOf(one), 1);
        taken.push(one.run);
      }
    }
    return taken;
  }

  /** Gives back what a lost answer may have given. */
  async #endDoubt({ store, seats, late }: Database, worker: string): Promise<void> {
    const seat = seats.get(worker);
    if (seat === undefined || seat.name === null || !seat.doubt.isTime(this.now())) return;
    try {
      await store.disown(seat.name, [...seat.owned, ...late.map(({ run }) => run.id)]);
    } catch (error) {
      seat.doubt.look();
      throw error;
    }
  }

  renew(worker: WorkerInfo, first: boolean): Promise<boolean> {
    return this.#fleet.renew(worker, first);
  }

  async disown(worker: string, known: readonly string[]): Promise<void> {
    const isKnown = new Set(known);
    for (const run of this.#fates.keys()) if (!isKnown.has(run)) this.#fates.delete(run);
    const groups = groupedBy(known, (run) => this.#routing.of(run));
    await this.#fleet.each(async (database, place) => {
      const { store, seats } = database;
      const seat = seats.get(worker);
      if (seat === undefined) return store.disown(worker, groups.get(place) ?? []);
      seat.owned.clear();
      for (const run of groups.get(place) ?? []) seat.owned.add(run);
      seat.doubt.look();
      return this.#endDoubt(database, worker);
    });
  }

  async commit(writes: readonly Write[]): Promise<readonly WriteOutcome[]> {
    const outcomes = new Map<Write, WriteOutcome>();
    const groups = groupedBy(writes, ({ run }) => this.#routing.of(run));
    await Promise.all(
      [...groups].map(async ([place, group]) => {
        const ready: { readonly write: Write; readonly divided: Write }[] = [];
        for (const write of group) {
          const name = this.#fleet.nameOf(write.worker, place);
          try {
            if (name === null) outcomes.set(write, { passed: false, fenced: true, error: null });
            else ready.push({ write, divided: this.#divided(write, name) });
          } catch (error) {
            outcomes.set(write, { passed: false, fenced: false, error: error as Error });
          }
        }
        if (ready.length === 0) return;
        const answers = await this.#at(place).store.commit(ready.map(({ divided }) => divided));
        for (const [i, { write }] of ready.entries())
          outcomes.set(write, this.#written(write, answers[i]!, place));
      }),
    );
    return writes.map((write) => outcomes.get(write)!);
  }

  #divided(write: Write, worker: string): Write {
    const named = worker === write.worker ? write : { ...write, worker };
    if (named.kind === "turn") return divide(named, this.#routing, this.#fates.get(write.run));
    const home = this.#routing.of(write.run);
    const isAway = (key: string | undefined) => key !== undefined && this.#routing.ofKey(key) !== home;
    if (!named.arrivals.some(({ key }) => isAway(key))) return named;
    const arrivals = named.arrivals.map((arrival) => {
      if (!isAway(arrival.key)) return arrival;
      const { wait, threw, value } = arrival;
      return { wait, threw, value: answer("deadline", threw, value), key: answerKey(write.run, wait) };
    });
    return { ...named, arrivals };
  }

  /** What follows here from the outcome of a write. */
  #written(write: Write, outcome: WriteOutcome, place: number): WriteOutcome {
    const { run } = write;
    const seat = this.#at(place).seats.get(write.worker);
    if (!outcome.passed) {
      if (outcome.fenced) this.#forget(run, seat);
      return outcome;
    }
    const fates = this.#fates.get(run);
    if (write.kind === "turn") for (const wait of write.consumed) fates?.delete(wait);
    const arrivals = this.#openAll(run, outcome.arrivals);
    if (write.kind === "note") {
      // The deadline was first when nothing else came for the wait.
      for (const { wait, key } of write.arrivals)
        if (key !== undefined && this.#routing.ofKey(key) !== place) this.#fate(run, wait, "dropped", false);
    }
    const isReleased =
      write.kind === "turn"
        ? write.end !== null || (outcome.news === write.news && (!write.keep || write.blocked !== null))
        : outcome.news === write.news && write.release !== null;
    if (isReleased) this.#forget(run, seat);
    return arrivals === outcome.arrivals ? outcome : { ...outcome, arrivals };
  }

  #forget(run: string, seat: Seat | undefined): void {
    this.#fates.delete(run);
    seat?.owned.delete(run);
  }

  #fate(run: string, wait: number, word: Word, isFirst: boolean): void {
    let fates = this.#fates.get(run);
    if (fates === undefined) {
      fates = new Map();
      this.#fates.set(run, fates);
    }
    if (isFirst || !fates.has(wait)) fates.set(wait, word);
  }

  #openAll(run: string, arrivals: readonly Arrival[]): readonly Arrival[] {
    if (!arrivals.some(({ value }) => value.startsWith("@"))) return arrivals;
    return arrivals.map((one) => {
      const { arrival, word } = opened(one);
      if (word !== null) this.#fate(run, one.wait, word, true);
      return arrival;
    });
  }

  #openClaimed(run: Claimed): Claimed {
    this.#fates.delete(run.id);
    const arrivals = this.#openAll(run.id, run.arrivals);
    return arrivals === run.arrivals ? run : { ...run, arrivals };
  }

  async #transact(step: StepFence, body: (tx: unknown) => Promise<Arrival>): Promise<TransactOutcome> {
    const place = this.#routing.of(step.run);
    const worker = this.#fleet.nameOf(step.worker, place);
    if (worker === null) return { kind: "fenced" };
    return this.#at(place).store.transact!({ ...step, worker }, body);
  }

  #within(tx: unknown): TransactionPort {
    const inside = async <T>(place: number, what: string, ask: (port: TransactionPort) => Promise<T>) => {
      try {
        return await ask(this.#at(place).store.within!(tx));
      } catch (error) {
        throw elsewhere(what, place, error);
      }
    };
    return {
      start: async (runs) => {
        const outcomes: StartOutcome[] = [];
        for (const run of runs) {
          const place = this.#routing.of(run.id);
          const all = startedAt(run, place, this.#routing);
          const started = await inside(place, `run "${run.id}"`, (port) => port.start(all));
          outcomes.push(started.at(-1)!);
        }
        return outcomes;
      },
      send: (event) =>
        inside(this.#routing.ofEvent(event), `event key "${event.key}"`, (port) => port.send(event)),
    };
  }

  async send(event: NewEvent): Promise<SendOutcome> {
    const outcome = await this.#at(this.#routing.ofEvent(event)).store.send(event);
    return outcome.run?.startsWith(OWN) ? { ...outcome, run: runOfProxy(outcome.run) } : outcome;
  }

  cancel(run: string, force: string | null): Promise<boolean> {
    return this.#of(run).cancel(run, force);
  }

  suspend(run: string): Promise<boolean> {
    return this.#of(run).suspend(run);
  }

  resume(run: string): Promise<boolean> {
    return this.#of(run).resume(run);
  }

  mend(run: string, wait: number, mending: Mending): Promise<boolean> {
    return this.#of(run).mend(run, wait, mending);
  }

  async clone(from: string, copy: Copy): Promise<CopyOutcome> {
    const store = this.#of(from);
    const found = await store.read.run(from);
    if (found !== null && found.end === null) {
      if (this.#routing.of(from) !== this.#routing.of(copy.id))
        throw notHere(
          `"${copy.id}" is at home in another database than "${from}", of which it would be a clone`,
        );
      if (found.turn !== copy.turn) return "changed";
      this.#checkWaits(from, found.waits, "cloned");
    }
    return store.clone(from, copy);
  }

  async fork(run: NewRun, parked: Overruling): Promise<boolean> {
    const place = this.#routing.of(run.id);
    const before = startedAt(run, place, this.#routing);
    const own = before.at(-1)!;
    const turn = divide(parked.turn, this.#routing);
    const starts = [...turn.starts, ...before.slice(0, -1)];
    return this.#at(place).store.fork(own, { ...parked, turn: { ...turn, starts } });
  }

  async overrule(overruling: Overruling): Promise<boolean> {
    const { run, waits } = overruling.turn;
    const found = await this.#of(run).read.run(run);
    const all = [...(found?.waits ?? []), ...(JSON.parse(waits) as WaitInfo[])];
    this.#checkWaits(run, all, "set back or edited");
    return this.#of(run).overrule({ ...overruling, turn: divide(overruling.turn, this.#routing) });
  }

  /** @throws ColdframeError CF3114 when one of the waits is for something in another database */
  #checkWaits(run: string, waits: readonly WaitInfo[], what: string): void {
    const home = this.#routing.of(run);
    for (const { kind, name } of waits) {
      if (kind !== "event" && kind !== "child" && kind !== "lock") continue;
      const place = kind === "event" ? this.#routing.ofKey(name) : this.#routing.of(name);
      if (place !== home)
        throw notHere(
          `run "${run}" waits for ${kind} "${name}" in another database, and cannot be ${what} so`,
        );
    }
  }

  async collect(before: number, limit: number): Promise<number> {
    const counts = await this.#fleet.each(({ store }) => store.collect(before, limit));
    return counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  }

  reserve(key: string, interval: number, burst: number): Promise<number> {
    return this.#of(key).reserve(key, interval, burst);
  }

  async schedule(change: ScheduleChange): Promise<boolean> {
    const { row, starts, cancel, unless } = change;
    const place = this.#routing.of(row.id);
    const isHere = (run: string) => this.#routing.of(run) === place;
    const runs: NewRun[] = [];
    let { last } = row;
    let skips = false;
    if (unless !== null && !isHere(unless)) {
      const starts = await isStarting(this.#at(place).store, unless);
      const found = await this.#of(unless).read.run(unless);
      skips = starts || (found !== null && found.end === null);
      if (skips) last = unless;
    }
    const deed = (errand: Parameters<typeof errandRun>[1]) =>
      runs.push(errandRun(deedOf(`schedule ${row.id}`, row.version, runs.length), errand));
    for (const run of skips ? [] : starts) {
      if (isHere(run.id)) runs.push(...startedAt(run, place, this.#routing));
      else deed({ kind: "start", to: this.#routing.of(run.id), run });
    }
    if (!skips && cancel !== null && !isHere(cancel))
      deed({ kind: "cancel", to: this.#routing.of(cancel), run: cancel });
    return this.#at(place).store.schedule({
      ...{ row: { ...row, last }, seen: change.seen, starts: runs },
      unless: unless !== null && isHere(unless) ? unless : null,
      cancel: !skips && cancel !== null && isHere(cancel) ? cancel : null,
    });
  }

  unschedule(id: string): Promise<boolean> {
    return this.#of(id).unschedule(id);
  }

  unblock(run: string, worker: string | null): Promise<boolean> {
    return this.#of(run).unblock(run, worker);
  }

  /** Everywhere: what workers hold is asked of one database at a time. */
  async announce(builds: readonly BuildRecord[]): Promise<void> {
    await this.#fleet.each(({ store }) => store.announce(builds));
  }

  async strand(reason: string): Promise<readonly Stranded[]> {
    const found = await this.#fleet.each(async ({ store }) => {
      await unblockErrands(store);
      return store.strand(reason);
    });
    return found.flatMap((stranded) => stranded ?? []);
  }

  async due(worker: string, placement: Placement): Promise<number | null> {
    if (this.#fleet.databases.some(({ late }) => late.some((one) => one.worker === worker))) return 0;
    this.#runErrands();
    const except = [...placement.except, ERRAND];
    const times = await this.#fleet.each(async (database, place) => {
      await this.#endDoubt(database, worker);
      const name = this.#fleet.nameOf(worker, place);
      return name === null ? null : database.store.due(name, { ...placement, except });
    });
    const soon = times.includes(undefined) ? this.#fleet.timing.retry : null;
    return [...times, soon, this.#courier.next].reduce<number | null>(
      (first, time) => (time == null || (first !== null && first <= time) ? first : time),
      null,
    );
  }

  async news(worker: string): Promise<readonly News[]> {
    this.#runErrands();
    const found = await this.#fleet.each(async (database, place) => {
      await this.#endDoubt(database, worker);
      const name = this.#fleet.nameOf(worker, place);
      return name === null ? [] : database.store.news(name);
    });
    return found.flatMap((news) =>
      (news ?? []).map((one) => ({ ...one, arrivals: this.#openAll(one.run, one.arrivals) })),
    );
  }

  /** Beside all else: they may go on for long, and what comes of them is told by hints. */
  #runErrands(): void {
    for (const place of this.#fleet.databases.keys()) void this.#courier.look(place);
  }

  watch(listener: (hint: Hint) => void): () => void {
    if (this.#listeners.size === 0)
      this.#unwatch = this.#fleet.databases.map(({ store }) =>
        store.watch((hint) => {
          if (!("run" in hint) || !hint.run.startsWith(OWN)) this.#tell(hint);
          else if (hint.kind === "run") this.#tell({ kind: "ready" });
        }),
      );
    this.#listeners.add(listener);
    return () => {
      if (!this.#listeners.delete(listener) || this.#listeners.size > 0) return;
      for (const stop of this.#unwatch) stop();
      this.#unwatch = [];
    };
  }

  #tell(hint: Hint): void {
    for (const listener of this.#listeners) listener(hint);
  }

  retire(worker: string): Promise<void> {
    return this.#fleet.retire(worker);
  }

  async close(): Promise<void> {
    const closed = await Promise.allSettled(this.#doors.map((door) => door.close()));
    for (const one of closed) if (one.status === "rejected") throw one.reason;
  }

  #at(place: number): Database {
    return this.#fleet.databases[place]!;
  }

  #of(name: string): Store {
    return this.#at(this.#routing.of(name)).store;
  }
}

function groupedBy<T>(all: readonly T[], place: (one: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const one of all) {
    const group = groups.get(place(one));
    if (group === undefined) groups.set(place(one), [one]);
    else group.push(one);
  }
  return groups;
}

function notHere(why: string): ColdframeError {
  return new ColdframeError(
    "CF3114",
    `${why}. Put both into one database: with the same text in braces in their names`,
  );
}

/** The transaction is one of another database than that of what it is to start or send. */
function elsewhere(what: string, place: number, error: unknown): unknown {
  if (!(error instanceof ColdframeError) || error.code !== "CF3110") return error;
  return new ColdframeError(
    "CF3113",
    `${what} is at home in database ${place + 1} of the list, and the transaction is none of that. Give it a name that is at home where the transaction is, with the same text in braces as in others there; or do it outside of the transaction`,
    { cause: error },
  );
}
