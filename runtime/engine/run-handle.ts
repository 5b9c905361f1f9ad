/** What `engine.start` and `engine.run` return. */
import { decodeValue } from "../snapshot/index.ts";
import type { ParkView } from "./run-view.ts";
import type { RunDetail, RunEnd } from "./store.ts";

/** The state of a run, for people and dashboards. */
export type RunState = Omit<
  RunDetail,
  "call" | "secret" | "end" | "waits" | "attempts" | "history" | "limit"
> &
  ParkView & {
    /** Arguments, as they were at the start. */
    readonly args: readonly unknown[];
    /** Steps that have failed so far, or told of their progress. */
    readonly attempts: readonly AttemptState[];
  };

export interface AttemptState {
  /** Id of the step's wait. */
  readonly wait: number;
  /** Attempts that failed. */
  readonly made: number;
  /** When the next one may start; null: it is held, a person decides. */
  readonly due: number | null;
  /** Message of the last failure; empty: none failed. */
  readonly error: string;
  /** What the last attempt told with `heartbeat()`. */
  readonly progress: unknown;
}

export interface CancelOptions {
  /** True: the run ends at once, without its `catch` and `finally`. For one that does not end otherwise. Default false. */
  readonly force?: boolean;
}

export interface WaitOptions {
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
}

/** What a handle asks of its engine. */
export interface RunAccess {
  ended(run: string, signal?: AbortSignal): Promise<RunEnd>;
  get(run: string): Promise<RunState | null>;
  cancel(run: string, options?: CancelOptions): Promise<boolean>;
  changes(run: string, signal?: AbortSignal): AsyncGenerator<RunState>;
}

export class RunHandle<T = unknown> {
  readonly id: string;
  /** False when there was a run with this id before. */
  readonly created: boolean;
  readonly #access: RunAccess;
  #end: Promise<RunEnd> | null = null;

  constructor(access: RunAccess, id: string, created: boolean) {
    this.#access = access;
    this.id = id;
    this.created = created;
  }

  /**
   * What the function returned, once it has; a copy at each call.
   * @throws what the function threw; `Cancelled` when it was cancelled; CF3101 when there is no such run; CF3104 when
   *   the engine is closed before
   * @param options `signal` ends the waiting, not the run: it rejects with the signal's reason
   */
  async result({ signal }: WaitOptions = {}): Promise<T> {
    const end = await (signal === undefined ? this.#ended() : this.#access.ended(this.id, signal));
    const value = decodeValue(end.value);
    if (end.status !== "done") throw value;
    return value as T;
  }

  #ended(): Promise<RunEnd> {
    this.#end ??= this.#access.ended(this.id).catch((error) => {
      this.#end = null;
      throw error;
    });
    return this.#end;
  }

  /** Its state now; null when there is no such run. */
  status(): Promise<RunState | null> {
    return this.#access.get(this.id);
  }

  /** Asks it to stop: `Cancelled` is thrown at its awaits; with `force` it ends at once. False when it has ended already. */
  cancel(options?: CancelOptions): Promise<boolean> {
    return this.#access.cancel(this.id, options);
  }

  /**
   * Its state now and after each change, until it has ended. Who is slow gets the latest state, not all.
   * @param options `signal` ends the watching
   */
  watch({ signal }: WaitOptions = {}): AsyncIterable<RunState> {
    return this.#access.changes(this.id, signal);
  }
}
