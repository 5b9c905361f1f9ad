/** What the parts of a turn ask of the worker that owns the run. */
import type { Code } from "../../abi/index.ts";
import type { Host, WaitTable } from "../machine/index.ts";
import type { DecodeOptions } from "../snapshot/index.ts";
import type { Activation, StepIntent } from "./activation.ts";
import type { Builds } from "./builds.ts";
import type { Outgoing } from "./outbox.ts";
import type { Settings } from "./ports.ts";
import type { Arrival, Attempt, Blocked, CodeRecord, RunEnd, Turn, WriteOutcome } from "./store.ts";
import type { TimerQueue } from "./timer-queue.ts";

export type Passed = Extract<WriteOutcome, { readonly passed: true }>;

export interface Owner {
  /** Of the worker in the store; another one after its lease was lost. */
  readonly id: string;
  readonly settings: Settings;
  /** No new step is started any more. */
  readonly closing: boolean;
  readonly timers: TimerQueue;
  /** The builds that it carries runs on in. */
  readonly builds: Builds;
  hostOf(activation: Activation): Host;

  /** Delivers what arrived and runs jobs. */
  advance(activation: Activation): void;
  /** Begins the steps that it waits for and that are not under way, and its timers. */
  resume(activation: Activation): void;
  /** No job is left: decides what the run needs now. */
  settle(activation: Activation): void;
  /** Ends the run. */
  end(activation: Activation, end: RunEnd): void;
  /** Gives a suspended run back as soon as nothing of it is under way. False: it has to go on for that. */
  standStill(activation: Activation): boolean;
  /** Gives the run back untouched: it cannot go on here. */
  block(activation: Activation, blocked: Blocked): void;

  /** It is blocked: logs that and tells the fact. */
  sayBlocked(activation: Activation, blocked: Blocked): void;

  /** Writes a turn, again and again while the database fails. */
  write(outgoing: Outgoing): void;
  /** What became of a turn. False: it did not pass, and that was seen to. */
  written(activation: Activation, turn: Turn, outcome: WriteOutcome | null): outcome is Passed;
  /** Writes facts between two turns. False: the run is lost. */
  note(
    activation: Activation,
    facts: {
      readonly arrivals: readonly (Arrival & { readonly key?: string })[];
      readonly attempts: readonly Attempt[];
    },
  ): Promise<boolean>;
  /** A turn passed: starts its steps and timers, then goes on or parks. `released`: with the turn the run was given back. */
  passed(
    activation: Activation,
    outcome: Passed,
    intents: WaitTable<StepIntent> | null,
    released: boolean,
  ): void;
  /** Its end is committed. */
  ended(activation: Activation, end: RunEnd): void;
  /** Nothing changed since the last commit: keeps the run or gives it back. */
  park(activation: Activation): void;
  /** Calls back at `due` unless the run is closed or the wait gone by then. */
  wakeAt(activation: Activation, wait: number, due: number, callback: () => void): void;
  /** Finds the list of suspend points of code that is not loaded any more. */
  readonly points: NonNullable<DecodeOptions["points"]>;
  /** All that is known of the versions of a function. */
  readonly versions: NonNullable<DecodeOptions["versions"]>;
  /** Records of those codes of a run that the store has not got from this worker yet where the run is. */
  newCodes(codes: readonly Code[], run: string): readonly CodeRecord[];
}
