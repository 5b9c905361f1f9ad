/**
 * A store above another one: what holds data of users is sealed on its way down and opened on its way up. The engine and
 * the store below see texts as ever, so that transactions, order and fences are theirs.
 *
 * | text                          | sealed as | bound to                                                    |
 * |-------------------------------|-----------|-------------------------------------------------------------|
 * | snapshot and waits, together  | `state`   | its run                                                     |
 * | call                          | `call`    | its run                                                     |
 * | secret, with the run's origin | `secret`  | its run                                                     |
 * | outcomes, payloads, results   | `value`   | no run: the store below hands them from one to another      |
 * | message of a failed attempt   | `error`   | its run                                                     |
 * | progress of a step            | `progress` | its run                                                    |
 * | call of a schedule            | `call`    | its schedule                                                |
 *
 * A clone has texts of the run that it was made from. Its secret says of which, and so do the secrets of its clones.
 *
 * In the clear: ids, entries, tags, keys, times, reasons why a run is blocked, code records; and of the waits those for
 * events, with their keys, which the store below looks at when it clones a run or ends it by force.
 */

import type {
  Arrival,
  Attempt,
  BuildRecord,
  Claimed,
  Copy,
  CopyOutcome,
  Mending,
  NewEvent,
  NewRun,
  News,
  Overruling,
  Park,
  Placement,
  RunDetail,
  ScheduleChange,
  ScheduleRow,
  SendOutcome,
  StartOutcome,
  Store,
  StoreOptions,
  Stranded,
  WaitInfo,
  WorkerInfo,
  Write,
  WriteOutcome,
} from "../../runtime/engine/store.ts";
import { checkOptions } from "../../runtime/errors.ts";
import { unopened } from "../../runtime/snapshot/index.ts";
import { asRefusal, Envelope, NOBODY } from "./envelope.ts";
import { InOrder } from "./in-order.ts";
import { changed, type Seal } from "./seal.ts";
import { Sealing, scheduleOf, withCall } from "./sealing.ts";

export interface SealedOptions {
  /**
   * Seals of texts that were written before, each a list as the second argument is. They are opened; what is new is sealed with
   * the second argument. `[]` stands for texts that were not sealed. Default: none.
   */
  readonly before?: readonly (readonly Seal[])[];
}

/**
 * A store whose texts are sealed.
 * @param store where they are kept
 * @param seals what is done to a text, in order: compress before encrypting. `[]`, with `before`, leads back to plain texts
 * @throws ColdframeError CF2301 for wrong arguments
 */
export function sealed(store: Store, seals: readonly Seal[], options: SealedOptions = {}): Store {
  checkOptions("sealed()", options, ["before"]);
  return new SealedStore(store, new Envelope(seals, options.before ?? []));
}

class SealedStore implements Store {
  readonly pace?: NonNullable<Store["pace"]>;
  readonly #inner: Store;
  readonly #envelope: Envelope;
  readonly #sealing: Sealing;
  readonly #order = new InOrder();

  constructor(inner: Store, envelope: Envelope) {
    this.#inner = inner;
    if (inner.pace !== undefined) this.pace = inner.pace;
    this.#envelope = envelope;
    this.#sealing = new Sealing(envelope);
  }

  get now(): Store["now"] {
    const { now } = this.#inner;
    return now === undefined ? undefined : () => now.call(this.#inner);
  }

  get partOf(): Store["partOf"] {
    const { partOf } = this.#inner;
    return partOf === undefined ? undefined : (run) => partOf.call(this.#inner, run);
  }

  migrate(options?: StoreOptions): Promise<void> {
    return this.#inner.migrate(options);
  }

  start(runs: readonly NewRun[], worker: string | null): Promise<readonly StartOutcome[]> {
    return this.#order.run(Promise.all(runs.map(this.#sealing.run)), (sealed) =>
      this.#inner.start(sealed, worker),
    );
  }

  async claim(worker: string, limit: number, placement: Placement): Promise<readonly Claimed[]> {
    const claimed = await this.#inner.claim(worker, limit, placement);
    return Promise.all(claimed.map((run) => this.#openClaimed(run)));
  }

  renew(worker: WorkerInfo, first: boolean): Promise<boolean> {
    return this.#inner.renew(worker, first);
  }

  async commit(writes: readonly Write[]): Promise<readonly WriteOutcome[]> {
    const outcomes = await this.#order.run(Promise.all(writes.map(this.#sealing.write)), (sealed) =>
      this.#inner.commit(sealed),
    );
    if (outcomes.every((outcome) => !outcome.passed || outcome.arrivals.length === 0)) return outcomes;
    return Promise.all(
      outcomes.map(async (outcome) =>
        outcome.passed ? { ...outcome, arrivals: await this.#openArrivals(outcome.arrivals) } : outcome,
      ),
    );
  }

  get transact(): NonNullable<Store["transact"]> | undefined {
    const { transact } = this.#inner;
    if (transact === undefined) return undefined;
    return async (step, body) => {
      const outcome = await transact.call(this.#inner, step, async (tx) => {
        const arrival = await body(tx);
        return { ...arrival, value: await this.#sealing.value(arrival.value) };
      });
      if (outcome.kind !== "recorded") return outcome;
      const [arrival] = await this.#openArrivals([outcome.arrival]);
      return { ...outcome, arrival: arrival! };
    };
  }

  get within(): NonNullable<Store["within"]> | undefined {
    const { within } = this.#inner;
    if (within === undefined) return undefined;
    return (tx) => {
      const port = within.call(this.#inner, tx);
      return {
        start: async (runs) => port.start(await Promise.all(runs.map(this.#sealing.run))),
        send: async (event) => port.send(await this.#sealing.event(event)),
      };
    };
  }

  send(event: NewEvent): Promise<SendOutcome> {
    return this.#order.run(this.#sealing.event(event), (sealed) => this.#inner.send(sealed));
  }

  cancel(run: string, force: string | null): Promise<boolean> {
    const value = force === null ? null : this.#sealing.value(force);
    return this.#order.run(Promise.resolve(value), (sealed) => this.#inner.cancel(run, sealed));
  }

  suspend(run: string): Promise<boolean> {
    return this.#inner.suspend(run);
  }

  resume(run: string): Promise<boolean> {
    return this.#inner.resume(run);
  }

  mend(run: string, wait: number, mending: Mending): Promise<boolean> {
    return this.#order.run(this.#sealing.mending(mending), (sealed) => this.#inner.mend(run, wait, sealed));
  }

  async clone(from: string, copy: Copy): Promise<CopyOutcome> {
    const found = await this.#inner.read.run(from);
    const owners = found === null ? [] : (await this.#ownersOf(found)).owners;
    return this.#order.run(this.#sealing.copy(copy, owners), (sealed) => this.#inner.clone(from, sealed));
  }

  fork(run: NewRun, parked: Overruling): Promise<boolean> {
    const all = Promise.all([this.#sealing.run(run), this.#sealing.overruling(parked)]);
    return this.#order.run(all, ([sealed, first]) => this.#inner.fork(sealed, first));
  }

  overrule(overruling: Overruling): Promise<boolean> {
    return this.#order.run(this.#sealing.overruling(overruling), (sealed) => this.#inner.overrule(sealed));
  }

  collect(before: number, limit: number): Promise<number> {
    return this.#inner.collect(before, limit);
  }

  reserve(key: string, interval: number, burst: number): Promise<number> {
    return this.#inner.reserve(key, interval, burst);
  }

  schedule(change: ScheduleChange): Promise<boolean> {
    return this.#order.run(this.#sealing.schedule(change), (sealed) => this.#inner.schedule(sealed));
  }

  unschedule(id: string): Promise<boolean> {
    return this.#inner.unschedule(id);
  }

  unblock(run: string, worker: string | null): Promise<boolean> {
    return this.#inner.unblock(run, worker);
  }

  announce(builds: readonly BuildRecord[]): Promise<void> {
    return this.#inner.announce(builds);
  }

  strand(reason: string): Promise<readonly Stranded[]> {
    return this.#inner.strand(reason);
  }

  due(worker: string, placement: Placement): Promise<number | null> {
    return this.#inner.due(worker, placement);
  }

  async news(worker: string): Promise<readonly News[]> {
    const found = await this.#inner.news(worker);
    return Promise.all(
      found.map(async (news) => ({ ...news, arrivals: await this.#openArrivals(news.arrivals) })),
    );
  }

  watch(listener: Parameters<Store["watch"]>[0]): () => void {
    return this.#inner.watch(listener);
  }

  readonly read: Store["read"] = {
    run: async (id) => {
      const found = await this.#inner.read.run(id);
      return found === null ? null : this.#openDetail(found);
    },
    runs: (filter) => this.#inner.read.runs(filter),
    counts: () => this.#inner.read.counts(),
    reasons: () => this.#inner.read.reasons(),
    codes: () => this.#inner.read.codes(),
    builds: () => this.#inner.read.builds(),
    chunks: async (run, turn) =>
      Promise.all((await this.#inner.read.chunks(run, turn)).map(this.#sealing.openChunk)),
    history: async (run, which) => {
      const parks = await this.#inner.read.history(run, which);
      const found = parks.length === 0 ? null : await this.#inner.read.run(run);
      if (found === null) return [];
      const { owners } = await this.#ownersOf(found);
      return Promise.all(parks.map((park) => this.#openPark(park, owners)));
    },
    holdings: (run) => this.#inner.read.holdings(run),
    journal: (run) => this.#inner.read.journal(run),
    schemaOf: (key) => this.#inner.read.schemaOf(key),
    schedule: async (id) => {
      const row = await this.#inner.read.schedule(id);
      return row === null ? null : this.#openSchedule(row);
    },
    schedules: async (due, limit) =>
      Promise.all((await this.#inner.read.schedules(due, limit)).map((row) => this.#openSchedule(row))),
    nextSchedule: () => this.#inner.read.nextSchedule(),
    workers: () => this.#inner.read.workers(),
  };

  async disown(worker: string, known: readonly string[]): Promise<void> {
    await this.#order.idle();
    await this.#inner.disown(worker, known);
  }

  async retire(worker: string): Promise<void> {
    await this.#order.idle();
    await this.#inner.retire(worker);
  }

  async close(): Promise<void> {
    await this.#order.idle();
    await this.#inner.close();
  }

  // What comes up. A text that cannot be opened stands for the reason, which concerns its run only.

  async #openClaimed(run: Claimed): Promise<Claimed> {
    const arrivals = this.#openArrivals(run.arrivals);
    try {
      const { owners, secret } = await this.#ownersOf(run);
      const [call, state, attempts, chunks] = await Promise.all([
        this.#envelope.open(run.call, "call", owners),
        this.#openState(run.snapshot, run.waits, owners),
        this.#openAttempts(run.attempts, owners, (...args) => this.#envelope.open(...args)),
        Promise.all(run.chunks.map(this.#sealing.openChunk)),
      ]);
      return { ...run, secret, call, ...state, chunks, attempts, arrivals: await arrivals };
    } catch (error) {
      const why = unopened(asRefusal(error));
      return {
        ...run,
        // Of no turn that a decoded run could still be kept of: nothing of it goes on.
        turn: -1,
        secret: "",
        call: why,
        snapshot: run.snapshot === null ? null : why,
        waits: "[]",
        chunks: [],
        attempts: [],
        arrivals: await arrivals,
      };
    }
  }

  async #openDetail(run: RunDetail): Promise<RunDetail> {
    const end =
      run.end === null
        ? null
        : { ...run.end, value: await this.#envelope.openOrSay(run.end.value, "value", [NOBODY]) };
    try {
      const { owners, secret } = await this.#ownersOf(run);
      const [call, state, attempts] = await Promise.all([
        this.#envelope.openOrSay(run.call, "call", owners),
        this.#openState(run.snapshot, null, owners),
        this.#openAttempts(run.attempts, owners, (...args) => this.#envelope.openOrSay(...args)),
      ]);
      const waits = state.waits === null ? run.waits : (JSON.parse(state.waits) as WaitInfo[]);
      return { ...run, secret, call, snapshot: state.snapshot, waits, attempts, end };
    } catch (error) {
      const why = unopened(asRefusal(error));
      const attempts = run.attempts.map((attempt) => ({
        ...attempt,
        error: attempt.error === "" ? "" : why,
        progress: attempt.progress === null ? null : why,
      }));
      return { ...run, secret: "", call: why, snapshot: run.snapshot === null ? null : why, attempts, end };
    }
  }

  /** The run's secret, and the runs that its texts may be bound to. */
  async #ownersOf({ id, secret }: { readonly id: string; readonly secret: string }): Promise<{
    readonly secret: string;
    readonly owners: readonly string[];
  }> {
    const [first, ...origins] = this.#sealing.secretIn(await this.#envelope.open(secret, "secret", [id]));
    return { secret: first!, owners: [id, ...origins] };
  }

  /** @param waits what there are when the state was not sealed */
  async #openState<W extends string | null>(
    snapshot: string | null,
    waits: W,
    owners: readonly string[],
  ): Promise<{ readonly snapshot: string | null; readonly waits: string | W }> {
    if (snapshot === null) return { snapshot: null, waits };
    const state = await this.#envelope.open(snapshot, "state", owners);
    if (state === snapshot) return { snapshot, waits };
    const end = state.indexOf("\n");
    if (end < 0) throw changed("it is no state of a run");
    return { waits: state.slice(0, end), snapshot: state.slice(end + 1) };
  }

  async #openPark(park: Park, owners: readonly string[]): Promise<Park> {
    const { snapshot, waits } = await this.#openState(park.snapshot, null, owners);
    return { ...park, snapshot: snapshot!, waits: waits === null ? park.waits : JSON.parse(waits) };
  }

  async #openSchedule(row: ScheduleRow): Promise<ScheduleRow> {
    const open = (call: string) => this.#envelope.openOrSay(call, "call", [scheduleOf(row.id)]);
    return { ...row, spec: await withCall(row.spec, open) };
  }

  #openArrivals(arrivals: readonly Arrival[]): Promise<readonly Arrival[]> {
    return Promise.all(
      arrivals.map(async (arrival) => ({
        ...arrival,
        value: await this.#envelope.openOrSay(arrival.value, "value", [NOBODY]),
      })),
    );
  }

  /** Progress goes to the next attempt: it is opened, or the run stands still. A message is for people. */
  #openAttempts(
    attempts: readonly Attempt[],
    owners: readonly string[],
    openProgress: Envelope["open"],
  ): Promise<readonly Attempt[]> {
    return Promise.all(
      attempts.map(async (attempt) => ({
        ...attempt,
        error: attempt.error === "" ? "" : await this.#envelope.openOrSay(attempt.error, "error", owners),
        progress: attempt.progress === null ? null : await openProgress(attempt.progress, "progress", owners),
      })),
    );
  }
}
