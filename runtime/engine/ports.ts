/** What the parts of the engine share: the outside world, and the settings of one engine. */

import type { ModuleHash } from "../../abi/index.ts";
import type { Loaded } from "../machine/index.ts";
import type { WriterOptions } from "../snapshot/index.ts";
import type { Clock } from "./clock.ts";
import type { Facts, StepFact } from "./facts.ts";
import type { Store } from "./store.ts";
import type { Timing } from "./timing.ts";
import type { UpgradePolicy } from "./upgrade.ts";

/** A build of which a copy was kept. */
export interface KeptBuild {
  readonly id: string;
  /** The marked modules in it. */
  readonly modules: readonly ModuleHash[];
}

/** Where kept builds come from: `keptBuilds()` of `coldframe/builds`. */
export interface KeptBuilds {
  /** Those that there are. Nothing is evaluated for that. */
  list(): Promise<readonly KeptBuild[]>;
  /**
   * Loads the code of one, once.
   * @throws ColdframeError CF3501, CF3502 when it is not there any more, or not as it was kept
   */
  load(id: string): Promise<Loaded>;
}

export interface LogEntry {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly run?: string;
  /** `file:line` in the author's source of the await that the run stands at; left out when it stands at none. */
  readonly at?: string;
  readonly error?: unknown;
}

/**
 * Called instead of the body of a step, which `call` calls; returns what that returns. For what has to be around it, as
 * the active span of a trace. `args` are those of the body.
 */
export type AroundStep = (fact: StepFact, call: () => unknown, args: readonly unknown[]) => unknown;

/** Is told what the thread is about to run, so that another thread can say so while it is blocked (`coldframe/watchdog`). */
export interface Watchdog {
  /**
   * Code of a run is called.
   * @param step name of the step; empty for code of the workflow
   * @param at `file:line` of the await that calls the step, or that the workflow goes on from; empty when there is none
   */
  enter(run: string, step: string, at: string): void;
  /** It has returned. */
  leave(): void;
  /** The body of a step has returned a promise: what it does from now on is not announced. @returns what `settled` is told */
  pending?(run: string, step: string, at: string): number;
  /** The promise has settled. */
  settled?(pending: number): void;
}

export interface Settings {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: (entry: LogEntry) => void;
  /** Milliseconds that a run with pending native promises is kept in memory before it is saved as it is. */
  readonly hold: number;
  /** Runs kept decoded while they are parked. */
  readonly cache: number;
  /** Milliseconds of a worker's lease. */
  readonly lease: number;
  /** Runs that this worker owns at one time, at most. */
  readonly concurrency: number;
  /** Whose runs this worker carries on: groups and entries; null: any. */
  readonly groups: readonly string[] | null;
  readonly only: readonly string[] | null;
  /** Copies of other builds, or null. */
  readonly builds: KeptBuilds | null;
  /** Of workflows of which their code says nothing. */
  readonly upgrade: UpgradePolicy;
  /** Whether the memory of the process is nearly used up. */
  readonly isFull: () => boolean;
  /** Milliseconds between two looks at the store when no hint came, at most. */
  readonly poll: number;
  /** Milliseconds that steps in flight get to end, at close and at cancel. */
  readonly grace: number;
  /** How long runs that have ended are kept, or null. */
  readonly retention: number | null;
  /** How many parks of the runs that are started here are kept. */
  readonly history: number;
  readonly timing: Timing;
  /** Called by name before and after each commit and each step execution. */
  readonly failpoint: (name: string) => void;
  /** In [0, 1). */
  readonly random: () => number;
  /** A run that cannot be saved: its await throws, or it is blocked as it was last saved. */
  readonly onUnsavable: "fail" | "hold";
  readonly about: string;
  readonly facts: Facts;
  /** Calls the body of a step, or null: it is called as it is. */
  readonly aroundStep: AroundStep | null;
  readonly watchdog: Watchdog | null;
  /** What writers of values and runs ask of the platform. */
  readonly codec: WriterOptions;
}
