/**
 * What happens to runs, as one stream of typed facts, told after they are durable. Metrics, traces and dashboards are made
 * of these; nothing in the engine depends on who listens, and nothing is made while nobody does.
 */
import type { WaitInfo } from "./store.ts";

/** What every fact about a run says. */
export interface RunFact {
  /** Milliseconds since 1970, on the engine's clock. */
  readonly time: number;
  readonly run: string;
  /** `module#name` of its function. */
  readonly entry: string;
  /** The worker that tells it. */
  readonly worker: string;
  /** The last turn that was committed. */
  readonly turn: number;
  /** `file:line` in the author's source of the await that this is about; empty where there is none. */
  readonly at: string;
}

/** What facts about an attempt of a step say. */
export interface StepFact extends RunFact {
  /** `module#name` of the step. */
  readonly step: string;
  /** Number of the call within its run. */
  readonly wait: number;
  /** 1 for the first. */
  readonly attempt: number;
}

export type Fact =
  /** The first turn begins. Told again when the process died before that was durable. */
  | (RunFact & { readonly kind: "started"; readonly bytes: number })
  /** A turn is durable, and the run waits. `bytes`: of its snapshot. `took`: ms of the commit. `released`: any worker may wake it. */
  | (RunFact & {
      readonly kind: "parked";
      readonly bytes: number;
      readonly took: number;
      readonly waits: readonly WaitInfo[];
      readonly released: boolean;
    })
  /** A parked run goes on, since `wait` has settled. `restored`: from its snapshot, not from memory. `waited`: ms. */
  | (RunFact & {
      readonly kind: "woken";
      readonly wait: WaitInfo;
      readonly waited: number;
      readonly restored: boolean;
    })
  | (StepFact & { readonly kind: "step.started"; readonly bytes: number })
  /** The attempt is over; its outcome is recorded with the next turn. `threw`: `error`. `took`: ms. `bytes`: of what is recorded. */
  | (StepFact & {
      readonly kind: "step.ended";
      readonly took: number;
      readonly bytes: number;
      readonly error: unknown;
      readonly threw: boolean;
    })
  /** After `step.ended`: there will be another attempt at `due`. */
  | (StepFact & { readonly kind: "step.retried"; readonly due: number; readonly error: unknown })
  /** After `step.ended`: it has failed for good, and a person decides. */
  | (StepFact & { readonly kind: "step.held"; readonly error: unknown })
  /** The run has ended. `bytes`: of its result or error. */
  | (RunFact & { readonly kind: "finished"; readonly bytes: number })
  | (RunFact & { readonly kind: "failed"; readonly bytes: number; readonly error: unknown })
  | (RunFact & { readonly kind: "cancelled"; readonly bytes: number })
  /** The run cannot go on until fitting code arrives or a person acts. `code`: of the error, or empty. `build`: what ran it last, or null. */
  | (RunFact & {
      readonly kind: "blocked";
      readonly reason: string;
      readonly code: string;
      readonly build: string | null;
    })
  /** Another worker owns the run now; what this one did since its last turn does not count. */
  | (RunFact & { readonly kind: "lost" })
  /** The lease of `worker` ended before it was renewed, with so many runs; it goes on under a new id. */
  | {
      readonly kind: "lease lost";
      readonly time: number;
      readonly worker: string;
      readonly runs: number;
    };

export type FactListener = (fact: Fact) => void;

interface Listening {
  readonly tell: FactListener;
  readonly wants: (() => boolean) | null;
}

export class Facts {
  readonly #failed: (kind: Fact["kind"], error: unknown) => void;
  #listeners: readonly Listening[] = [];

  /** @param failed told when a listener throws */
  constructor(failed: (kind: Fact["kind"], error: unknown) => void) {
    this.#failed = failed;
  }

  /** Whether a fact is worth making. */
  get wanted(): boolean {
    const listeners = this.#listeners;
    for (let i = 0; i < listeners.length; i++) {
      const { wants } = listeners[i]!;
      if (wants === null || wants()) return true;
    }
    return false;
  }

  /**
   * Calls `tell` with each fact from now on, in order. What it throws is logged and changes nothing.
   * @param wants asked before a fact is made; while all say no, none is. Default: always
   * @returns stops it
   */
  listen(tell: FactListener, wants: (() => boolean) | null = null): () => void {
    const listening = { tell, wants };
    this.#listeners = [...this.#listeners, listening];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== listening);
    };
  }

  /** Called by the engine. */
  tell(fact: Fact): void {
    for (const { tell } of this.#listeners) {
      try {
        tell(fact);
      } catch (error) {
        this.#failed(fact.kind, error);
      }
    }
  }
}
