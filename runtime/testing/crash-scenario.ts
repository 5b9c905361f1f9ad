/** What `everyCrash` plays, and what it is played with. */
import type { Engine } from "../engine/engine.ts";
import type { StartOptions } from "../engine/options.ts";
import type { RunHandle } from "../engine/run-handle.ts";
import type { EngineOptions } from "../engine/settings.ts";
import type { SendOutcome, Store } from "../engine/store.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** What a scenario is played with. */
export interface CrashStage {
  readonly engine: Engine;
  /** Passes when nothing else can happen. */
  readonly clock: VirtualClock;
  /** As `engine.start`, with an id that is the same in every play. */
  start<A extends readonly unknown[], R>(
    f: (...args: A) => Promise<R>,
    args: NoInfer<A>,
    options?: StartOptions,
  ): Promise<RunHandle<R>>;
  /** As `engine.send`, with an id that is the same in every play. */
  send(key: string, payload?: unknown, options?: { readonly id?: string }): Promise<SendOutcome>;
}

export interface CrashScenario<T> {
  /** Makes an empty store for each play. `memory` of `coldframe/memory` is one. */
  readonly store: () => { connect(): Store };
  /**
   * What people and other systems do: starts runs, sends events, awaits the end of all that it started. After a crash it is
   * called again, as a retrying client does; runs and events without an id get the same one again.
   */
  readonly play: (stage: CrashStage) => Promise<T>;
  /** Puts the world outside back to its beginning, before each play. */
  readonly begin?: () => void;
  /** What else has to come out the same, as what is left in a stand-in for an external system. */
  readonly observe?: () => unknown;
  /** More options of the engine. */
  readonly engine?: Partial<Omit<EngineOptions, "store" | "clock" | "worker" | "failpoint" | "aroundStep">>;
}
