/**
 * Transactions of users on a server, on a connection of the store. The outcome of a step is recorded in the step's own transaction,
 * under a lock of its run, which is taken last: what another owner did meanwhile shows then, and while the function is at work
 * nobody waits for this transaction but those who want the same rows of the user.
 *
 * | what happens                            | what becomes of it                                                   |
 * |-----------------------------------------|----------------------------------------------------------------------|
 * | the function throws                     | undone; that is the outcome of the attempt                            |
 * | serialization failure, deadlock         | undone, and called again                                             |
 * | the connection is lost before `COMMIT`  | undone by the server; rejects, and whoever asked asks again           |
 * | the answer to `COMMIT` is lost          | rejects; the next one who asks waits for the lock of the run, which the transaction has until it is decided, and looks |
 * | it takes too long, the store is closed  | undone; where a statement is under way, with its connection           |
 */
import type { Arrival } from "../../runtime/engine/store.ts";
import { limited, transactionIsOver } from "../limited.ts";
import { type ClientRules, Guard } from "./guard.ts";

/** Calls of the function before a collision is the outcome. */
const TRIES = 10;

/** A step whose run and worker are known by number. */
export interface NumberedStep {
  readonly n: number;
  readonly worker: number;
  readonly epoch: number;
  readonly wait: number;
}

/** A connection that is ours for a while. */
export interface Lease<S> {
  readonly session: S;
  /** What users know it as. */
  readonly client: object;
  /** Whether it can be thrown away. */
  readonly isPooled: boolean;
  /** @param broken it is thrown away, and with it all that it has not committed */
  release(broken: boolean): void;
}

/** What transactions of users are, in SQL of the server. */
export interface UserOperations<S> {
  readonly rules: ClientRules;
  /** Whether one of our own statements failed because the connection is lost. */
  isBroken(error: unknown): boolean;
  /** @param ms after so long without a word the server ends the session, since who had it is gone @returns what tells it from others */
  begin(session: S, ms: number): Promise<string>;
  /** Whether the transaction that was begun is the one that is open. */
  isOpen(session: S, mark: string): Promise<boolean>;
  /** @throws what the server says, or that it said nothing */
  commit(session: S): Promise<void>;
  rollback(session: S): Promise<void>;
  /** What the server said, when an error says that nothing was committed; undefined: it does not. */
  refusalOf(error: unknown): unknown;
  /** Has the server give up what it does for a client that is no more there. @param session on another connection */
  abandon(session: S, client: object): Promise<void>;
  /** The connection is as it was before. */
  restore(session: S): Promise<void>;
  /**
   * What is recorded for the step: null when it has no outcome yet, and this worker may record one.
   * @param lock waits until nobody is recording one
   */
  lookUp(session: S, step: NumberedStep, lock: boolean): Promise<Arrival | "fenced" | null>;
  /** Locks the run, and records. False: it is another's, or there is an outcome. */
  record(session: S, step: NumberedStep, arrival: Arrival): Promise<boolean>;
}

/** What the store lends to its transactions. */
export interface Lender<S> {
  readonly operations: UserOperations<S>;
  /** Whose transactions they are. */
  readonly owner: object;
  /** Milliseconds that a function may take. */
  readonly ms: number;
  /** Transactions at one time, so that others find connections. */
  readonly most: number;
  readonly closed: Promise<never>;
  lease(): Promise<Lease<S>>;
  session<T>(body: (session: S) => Promise<T>): Promise<T>;
  explain(error: unknown): unknown;
}

/** What became of one call of a function. */
export type Called<T> =
  | { readonly kind: "committed"; readonly result: T; readonly posted: boolean }
  /** Nothing was recorded, nor is anything else there. */
  | { readonly kind: "unrecorded" }
  | { readonly kind: "threw"; readonly error: unknown };

type Attempted<T> = Called<T> | { readonly kind: "collided"; readonly error: unknown };

export class Transactor<S> {
  readonly #lender: Lender<S>;
  /** Steps whose `COMMIT` was not answered. */
  readonly #doubtful = new Set<string>();
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;

  constructor(lender: Lender<S>) {
    this.#lender = lender;
  }

  /** See the store port. `posted`: runs or events are in the database that nobody was told of. */
  async transact(
    step: NumberedStep,
    body: (tx: object) => Promise<Arrival>,
  ): Promise<
    Called<Arrival> | { readonly kind: "known"; readonly arrival: Arrival } | { readonly kind: "fenced" }
  > {
    const { operations } = this.#lender;
    const name = `${step.n} ${step.epoch} ${step.wait}`;
    for (;;) {
      const isDoubtful = this.#doubtful.has(name);
      const found = await this.#lender.session((session) => operations.lookUp(session, step, isDoubtful));
      this.#doubtful.delete(name);
      if (found === "fenced") return { kind: "fenced" };
      if (found !== null) return { kind: "known", arrival: found };
      const record = (session: S, arrival: Arrival) => operations.record(session, step, arrival);
      const doubt = () => this.#doubtful.add(name);
      const called = await this.run(body, record, doubt);
      if (called.kind !== "unrecorded") return called;
    }
  }

  /**
   * Calls a function with a transaction until it does not collide with others', and commits.
   * @param record writes what else belongs into it; false: nothing is to be committed
   * @param doubt is told when it is not known whether it was committed, before that is thrown
   */
  async run<T>(
    body: (tx: object) => Promise<T> | T,
    record: (session: S, result: T) => Promise<boolean>,
    doubt: () => void,
  ): Promise<Called<T>> {
    await this.#enter();
    try {
      for (let tries = 1; ; tries++) {
        const attempted = await this.#attempt(body, record, doubt);
        if (attempted.kind !== "collided") return attempted;
        if (tries === TRIES) return { kind: "threw", error: attempted.error };
        const wait = Math.random() * 2 ** Math.min(tries, 7);
        await Promise.race([new Promise((resolve) => setTimeout(resolve, wait)), this.#lender.closed]);
      }
    } finally {
      this.#leave();
    }
  }

  async #attempt<T>(
    body: (tx: object) => Promise<T> | T,
    record: (session: S, result: T) => Promise<boolean>,
    doubt: () => void,
  ): Promise<Attempted<T>> {
    const { operations, owner, ms, closed } = this.#lender;
    const lease = await this.#lender.lease();
    const { session } = lease;
    let mark: string;
    try {
      // Time for what is done before and after.
      mark = await operations.begin(session, ms + 5000);
    } catch (error) {
      lease.release(true);
      throw error;
    }
    const guard = new Guard(lease.client, operations.rules, owner);
    let result: T;
    try {
      const why = `it had rows locked, and a connection, for ${ms} ms`;
      result = await limited({ ms, why, closed }, () => body(guard.tx));
      guard.end();
      if (!(await operations.isOpen(session, mark))) throw transactionIsOver();
      if (!(await record(session, result))) {
        await this.#undo(lease, guard);
        return { kind: "unrecorded" };
      }
    } catch (error) {
      guard.end();
      await this.#undo(lease, guard);
      return this.#failed(error, guard);
    }
    return this.#commit(lease, result, guard.posted, doubt);
  }

  /** Nothing of it is there. */
  #failed(error: unknown, guard: Guard): Attempted<never> {
    const { rules, isBroken } = this.#lender.operations;
    if (guard.lost) throw this.#lender.explain(guard.failure);
    if (isBroken(error)) throw error;
    if (guard.collided || rules.isCollision(error)) return { kind: "collided", error };
    // Which the function has not minded.
    if (rules.isConsequence(error) && guard.failure !== undefined)
      return { kind: "threw", error: guard.failure };
    return { kind: "threw", error };
  }

  async #commit<T>(lease: Lease<S>, result: T, posted: boolean, doubt: () => void): Promise<Attempted<T>> {
    const { operations } = this.#lender;
    const { session } = lease;
    try {
      await operations.commit(session);
    } catch (error) {
      const refusal = operations.refusalOf(error);
      await this.#giveBack(lease, refusal === undefined);
      if (refusal === undefined) {
        doubt();
        throw error;
      }
      return { kind: operations.rules.isCollision(refusal) ? "collided" : "threw", error: refusal };
    }
    await this.#giveBack(lease, false);
    return { kind: "committed", result, posted };
  }

  /** What is under way in it is not waited for, unless there is no other connection. */
  async #undo(lease: Lease<S>, guard: Guard): Promise<void> {
    const { operations } = this.#lender;
    let broken = lease.isPooled && (guard.unsure || guard.pending > 0);
    try {
      if (!broken) await operations.rollback(lease.session);
    } catch {
      broken = true;
    }
    await this.#giveBack(lease, broken);
    // It would keep its locks until the statement is carried out.
    if (guard.pending > 0 && lease.isPooled)
      this.#lender.session((session) => operations.abandon(session, lease.client)).catch(() => {});
  }

  async #giveBack(lease: Lease<S>, broken: boolean): Promise<void> {
    let lost = broken;
    try {
      if (!lost) await this.#lender.operations.restore(lease.session);
    } catch {
      lost = true;
    }
    lease.release(lost);
  }

  async #enter(): Promise<void> {
    while (this.#underWay >= this.#lender.most)
      await Promise.race([new Promise<void>((go) => this.#waiting.push(go)), this.#lender.closed]);
    this.#underWay++;
  }

  #leave(): void {
    this.#underWay--;
    this.#waiting.shift()?.();
  }
}
