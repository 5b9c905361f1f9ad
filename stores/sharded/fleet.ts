/**
 * The databases of a sharded store, and who works there under which name. One that fails or hangs keeps nobody from working with
 * the others: what is asked of all goes on without it, and what it answers late is taken up then.
 */
import { Doubt } from "../../runtime/engine/doubt.ts";
import {
  type Claimed,
  type Hint,
  type Store,
  SYSTEM_GROUP,
  type WorkerInfo,
} from "../../runtime/engine/store.ts";
import { ERRAND, OWN } from "./errands.ts";
import { isTold, type Log } from "./failures.ts";
import type { ShardTiming } from "./timing.ts";

/** Those of the platform, or of a test. */
export interface Timers {
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(handle: unknown): void;
}

/** A worker in one of the databases. */
export interface Seat {
  /** The name under which its lease there runs; null: none does. */
  name: string | null;
  /** Names used so far. */
  names: number;
  /** Runs that it was given and has not given back, as far as is known here. */
  readonly owned: Set<string>;
  /** It may have been given more: an answer was lost. */
  readonly doubt: Doubt;
}

export interface Database {
  readonly store: Store;
  readonly seats: Map<string, Seat>;
  /** The name under which errands of it are claimed, and how many such names there were. */
  courier: string | null;
  couriers: number;
  /** Names under which nobody works any more, and which may own errands. */
  readonly givenUp: Set<string>;
  /** A call to it takes longer than others can wait. */
  isSlow: boolean;
  /** What it gave when nobody waited any more, and to whom. */
  late: { readonly worker: string; readonly run: Claimed }[];
  /** How often in a row it has not prolonged a lease. */
  silent: number;
}

export class Fleet {
  readonly databases: readonly Database[];
  readonly #courier = `${OWN}${crypto.randomUUID()}`;
  /** As they were renewed last. */
  readonly #workers = new Map<string, WorkerInfo>();
  readonly #tell: (hint: Hint) => void;
  readonly #timers: Timers;
  readonly #log: Log;
  readonly timing: ShardTiming;

  constructor(
    stores: readonly Store[],
    tell: (hint: Hint) => void,
    timers: Timers,
    log: Log,
    timing: ShardTiming,
  ) {
    this.timing = timing;
    this.#tell = tell;
    this.#log = log;
    this.#timers = timers;
    this.databases = stores.map((store) => ({
      ...{ store, seats: new Map(), courier: null, couriers: 0, givenUp: new Set() },
      ...{ isSlow: false, late: [], silent: 0 },
    }));
  }

  /** Who a worker is in a database; null: its lease there has ended, and was not begun anew. */
  nameOf(worker: string, place: number): string | null {
    const seat = this.databases[place]!.seats.get(worker);
    return seat === undefined ? worker : seat.name;
  }

  /**
   * Asks each that answers in time. The others' places stay undefined.
   * @param late gets what comes later
   * @throws what the first of them failed with, when none has answered
   */
  async each<T>(
    ask: (database: Database, place: number) => Promise<T>,
    late: (answer: T, database: Database) => void = () => {},
  ): Promise<readonly (T | undefined)[]> {
    const failures: unknown[] = [];
    const answers = await Promise.all(
      this.databases.map(async (database, place) => {
        if (database.isSlow) return undefined;
        const asked = ask(database, place);
        try {
          const answer = await this.inTime(asked);
          if (answer !== LATE) return { answer };
        } catch (error) {
          failures.push(error);
          return undefined;
        }
        database.isSlow = true;
        asked
          .then((answer) => late(answer, database))
          .catch(() => {})
          .finally(() => {
            database.isSlow = false;
            this.#tell({ kind: "ready" });
          });
        return undefined;
      }),
    );
    if (failures.length > 0 && answers.every((answer) => answer === undefined)) throw failures[0];
    return answers.map((answer) => answer?.answer);
  }

  /**
   * Registers a worker everywhere, or prolongs its leases. Where one has ended, it goes on under another name, and the runs that it
   * had there are lost. False: all have ended, or it is known already.
   */
  async renew(worker: WorkerInfo, first: boolean): Promise<boolean> {
    const { id } = worker;
    if (first) {
      if (this.#workers.has(id)) return false;
      const passed = await this.#all((database) => database.store.renew(worker, true));
      if (passed.includes(false)) return false;
      this.#workers.set(id, worker);
      for (const [place, { seats }] of this.databases.entries()) {
        const name = passed[place] === true ? id : null;
        seats.set(id, { name, names: 1, owned: new Set(), doubt: new Doubt(this.timing.doubt) });
      }
    } else {
      const held = await this.#all((database, place) => this.#heard(database, place, worker));
      if (held.every((one) => one === false)) {
        this.#forget(id);
        return false;
      }
      await this.#all(async ({ store, seats }) => {
        const seat = seats.get(id);
        if (seat === undefined || seat.name !== null) return;
        const name = `${id}~${++seat.names}`;
        if (await store.renew({ ...worker, id: name }, true)) seat.name = name;
      });
    }
    await this.#all(async (database) => {
      if (database.courier !== null) await this.#renewCourier(database, worker);
    });
    return true;
  }

  /** The name under which errands of a database are claimed, once somebody works here; null: nobody does. */
  async courierOf(database: Database): Promise<string | null> {
    const [worker] = this.#workers.values();
    if (database.courier === null && worker !== undefined) await this.#renewCourier(database, worker);
    return database.courier;
  }

  /**
   * No errand is claimed or carried out under this name any more: it may own some of which nothing is known here. What it owns is not
   * only given back. A claim whose answer was lost can come after that, and must take nothing then.
   */
  giveUp(database: Database, courier: string): void {
    if (database.courier === courier) database.courier = null;
    database.givenUp.add(courier);
  }

  /** What names that were given up own is anybody's: at once, or when their lease has ended. */
  async retireCouriers({ store, givenUp }: Database): Promise<void> {
    for (const name of givenUp) {
      await this.inTime(store.retire(name));
      givenUp.delete(name);
    }
  }

  /** Prolongs a lease, and says when its database has fallen silent, and when it is there again. */
  async #heard(database: Database, place: number, worker: WorkerInfo): Promise<boolean> {
    const asked = this.#prolong(database.store, worker, database.seats.get(worker.id));
    const failed = await this.inTime(asked).then(
      (answer) => (answer === LATE ? { error: undefined } : null),
      (error) => ({ error }),
    );
    if (failed !== null) this.isSilent(place, failed);
    else if (database.silent > 0) {
      database.silent = 0;
      this.#log({ level: "info", message: `database ${place + 1} of the list answers again` });
    }
    return asked;
  }

  /** Says so, ever less often. @param failed undefined `error`: there was no answer */
  isSilent(place: number, failed: { readonly error: unknown }): void {
    if (!isTold(++this.databases[place]!.silent)) return;
    const what = failed.error === undefined ? "does not answer" : "cannot be reached";
    const message = `database ${place + 1} of the list ${what}: what is at home there stands still, all else goes on`;
    this.#log({ level: "warn", message, ...failed });
  }

  async #prolong(store: Store, worker: WorkerInfo, seat: Seat | undefined): Promise<boolean> {
    if (seat === undefined) return store.renew(worker, false);
    if (seat.name === null) return false;
    const held = await store.renew({ ...worker, id: seat.name }, false);
    if (!held) {
      seat.name = null;
      seat.owned.clear();
    }
    return held;
  }

  async #renewCourier(database: Database, worker: WorkerInfo): Promise<void> {
    const { store, courier } = database;
    const { lease } = worker;
    const info = {
      ...{ lease, about: `errands of ${worker.about}`, builds: [] },
      ...{ groups: [SYSTEM_GROUP], only: [ERRAND] },
    };
    if (courier !== null && (await store.renew({ ...info, id: courier }, false))) return;
    if (database.courier !== courier) return;
    database.courier = null;
    const name = `${this.#courier}~${++database.couriers}`;
    if (await store.renew({ ...info, id: name }, true)) database.courier = name;
  }

  /** What failed, or did not come in time, stays undefined. @throws what the first failed with, when all did */
  async #all<T>(ask: (database: Database, place: number) => Promise<T>): Promise<readonly (T | undefined)[]> {
    const asked = await Promise.allSettled(
      this.databases.map((database, place) => this.inTime(ask(database, place))),
    );
    const failed = asked.find((one) => one.status === "rejected");
    if (failed !== undefined && asked.every(({ status }) => status === "rejected")) throw failed.reason;
    return asked.map((one) => (one.status === "fulfilled" && one.value !== LATE ? one.value : undefined));
  }

  async retire(worker: string): Promise<void> {
    const names = this.databases.map((_, place) => this.nameOf(worker, place));
    this.#forget(worker);
    const isLast = this.#workers.size === 0;
    const retired = await Promise.allSettled(
      this.databases.map(async (database, place) => {
        const { store, courier } = database;
        if (isLast && courier !== null) {
          database.courier = null;
          await store.retire(courier);
        }
        if (names[place] !== null) await store.retire(names[place]!);
        if (isLast) await this.retireCouriers(database);
      }),
    );
    for (const one of retired) if (one.status === "rejected") throw one.reason;
  }

  /** The answer, or that it did not come in time. */
  async inTime<T>(asked: Promise<T>): Promise<T | typeof LATE> {
    let timer: unknown;
    const late = new Promise<typeof LATE>((resolve) => {
      timer = this.#timers.setTimeout(() => resolve(LATE), this.timing.patience);
    });
    try {
      return await Promise.race([asked, late]);
    } finally {
      this.#timers.clearTimeout(timer);
    }
  }

  #forget(worker: string): void {
    this.#workers.delete(worker);
    for (const { seats } of this.databases) seats.delete(worker);
  }
}

export const LATE = Symbol("late");
