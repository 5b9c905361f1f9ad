/** What `engine.start` and `engine.run` return. */
import { decodeValue } from "../snapshot/index.ts";
import type { ParkView } from "./run-view.ts";
import type { RunDetail, RunEnd } from "./store.ts";

/** The state of a run, for people and dashboards. */
export type RunState = Omit<RunDetail, "call" | "end" | "waits" | "attempts"> &
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

/** What a handle asks of its engine. */
export interface RunAccess {
  ended(run: string): Promise<RunEnd>;
  get(run: string): Promise<RunState | null>;
  cancel(run: string, options?: CancelOptions): Promise<boolean>;
  changes(run: string): AsyncIterable<RunState>;
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
   */
  async result(): Promise<T> {
    this.#end ??= this.#access.ended(this.id);
    const end = await this.#end.catch((error) => {
      this.#end = null;
      throw error;
    });
    const value = decodeValue(end.value);
    if (end.status !== "done") throw value;
    return value as T;
  }

  /** Its state now; null when there is no such run. */
  status(): Promise<RunState | null> {
    return this.#access.get(this.id);
  }

  /** Asks it to stop: `Cancelled` is thrown at its awaits; with `force` it ends at once. False when it has ended already. */
  cancel(options?: CancelOptions): Promise<boolean> {
    return this.#access.cancel(this.id, options);
  }

  /** Its state now and after each change, until it has ended. */
  watch(): AsyncIterable<RunState> {
    return this.#access.changes(this.id);
  }
}
