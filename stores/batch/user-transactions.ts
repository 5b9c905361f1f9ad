/** What users do in transactions: transactional steps, and runs and events of their own transactions. */
import type {
  Arrival,
  NewEvent,
  NewRun,
  SendOutcome,
  StepFence,
  TransactionPort,
  TransactOutcome,
} from "../../runtime/engine/store.ts";
import { ColdframeError } from "../../runtime/errors.ts";
import { Guard } from "./guard.ts";
import { type Lender, Transactor } from "./transact.ts";

/** Whether a session is in a transaction, and on the store's database. Nothing was written when it is not. */
export interface Place {
  readonly inside: boolean;
  readonly ours: boolean;
}

/**
 * What is written in a transaction of a user's, in SQL of the server. `now`: what a test says that the time is. `tells`: nobody but
 * its commit can tell others.
 */
export interface PostOperations<S> {
  /** Inserts those whose ids are new. @returns ids of these */
  postRuns(
    session: S,
    runs: readonly NewRun[],
    now: number | null,
    tells: boolean,
  ): Promise<Place & { readonly created: readonly string[] }>;
  /** @returns the status of its run, null: there is none; an event for a run that is not there, or has ended, is not written */
  postEvent(session: S, event: NewEvent, tells: boolean): Promise<Place & { readonly status: string | null }>;
}

/** What the store lends, and what it knows. */
export interface UserLender<S> extends Lender<S>, PostOperations<S> {
  /** Null: there is none of this id. */
  numberOf(kind: "run" | "worker", id: string): Promise<number | null>;
  /** Statements on a connection of a user's; null: it is none. */
  over(client: unknown): S | null;
  /** Where the database is, for people. */
  readonly where: string;
  /** Runs or events are there, or will be when a user commits. */
  posted(isCommitted: boolean): void;
  time(): number | null;
}

export class UserTransactions<S> {
  readonly #lender: UserLender<S>;
  readonly #transactor: Transactor<S>;

  constructor(lender: UserLender<S>) {
    this.#lender = lender;
    this.#transactor = new Transactor(lender);
  }

  async transact(step: StepFence, body: (tx: unknown) => Promise<Arrival>): Promise<TransactOutcome> {
    const { epoch, wait } = step;
    const n = await this.#lender.numberOf("run", step.run);
    const worker = await this.#lender.numberOf("worker", step.worker);
    if (n === null || worker === null) return { kind: "fenced" };
    const called = await this.#transactor.transact({ n, worker, epoch, wait }, body);
    switch (called.kind) {
      case "committed":
        if (called.posted) this.#lender.posted(true);
        return { kind: "recorded", arrival: called.result, before: false };
      case "known":
        return { kind: "recorded", arrival: called.arrival, before: true };
      case "fenced":
        return { kind: "fenced" };
      case "threw":
        return { kind: "threw", error: called.error };
      case "unrecorded":
        throw new Error("a step whose outcome is neither recorded nor refused");
    }
  }

  /** See `BatchStore.transaction`. */
  async run<T>(body: (tx: never) => Promise<T> | T): Promise<T> {
    const called = await this.#transactor.run(
      (tx) => body(tx as never),
      async () => true,
      () => {},
    );
    if (called.kind === "threw") throw called.error;
    if (called.kind === "unrecorded") throw new Error("a transaction that records nothing");
    if (called.posted) this.#lender.posted(true);
    return called.result;
  }

  /** @throws ColdframeError CF3108, CF3110 */
  within(tx: unknown): TransactionPort {
    const guard = Guard.of(tx);
    guard?.check();
    if (guard !== undefined && guard.owner !== this.#lender.owner)
      throw notOurs(`it is one of another store than that of ${this.#lender.where}`);
    const session = this.#lender.over(tx);
    if (session === null) {
      const isPool = typeof tx === "object" && tx !== null && ("getConnection" in tx || "connect" in tx);
      const pool = isPool ? "; a pool is none" : "";
      throw notOurs(
        `give what a transactional step got, or the connection on which your transaction is open${pool}`,
      );
    }
    const tells = guard === undefined;
    const begun = async <P extends Place>(post: Promise<P>): Promise<P> => {
      const place = await post;
      if (!place.ours) throw notOurs(`the connection is to another database than ${this.#lender.where}`);
      if (!place.inside) throw notOurs("no transaction is open on this connection. Begin one");
      if (guard === undefined) this.#lender.posted(false);
      else guard.posted = true;
      return place;
    };
    return {
      start: async (runs) => {
        const place = await begun(this.#lender.postRuns(session, runs, this.#lender.time(), tells));
        const created = new Set(place.created);
        // The same id twice is one run.
        return runs.map(({ id }) => ({ id, created: created.delete(id), claimed: false }));
      },
      send: async (event) => {
        const { status } = await begun(this.#lender.postEvent(session, event, tells));
        return outcomeOf(event, status);
      },
    };
  }
}

/** Who gets it is decided when the transaction is committed. */
function outcomeOf({ run }: NewEvent, status: string | null): SendOutcome {
  if (run !== null && status === null) return { status: "unknown", run: null };
  const ended = run !== null && ["done", "failed", "cancelled"].includes(status!);
  return { status: ended ? "late" : "kept", run: null };
}

function notOurs(why: string): ColdframeError {
  return new ColdframeError("CF3110", why);
}
