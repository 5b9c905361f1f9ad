/**
 * The smallest host a run can have: no store, no commits. Steps are executed at once and settle in the order of their
 * completion, sleeps and deadlines are timers of the virtual clock, events live in a mailbox.
 */
import { encodeError, encodeOutcome } from "../engine/codec.ts";
import { TimeoutError } from "../engine/signals.ts";
import { findStep } from "../engine/step.ts";
import type { Arrival } from "../engine/store.ts";
import { keepPending } from "../engine/waits.ts";
import {
  Durable,
  deliver,
  drain,
  external,
  type Host,
  PENDING,
  REJECTED,
  Run,
  type Step,
  StepWait,
  settle as settlePromise,
  start,
  Then,
  type Wait,
} from "../machine/index.ts";
import { decodeRun, decodeValue, encodeRun, encodeValue } from "../snapshot/index.ts";
import { settled } from "./virtual-clock.ts";
import type { World } from "./world.ts";

export interface Regime {
  /** Saves and restores the whole run instead of keeping it in memory. */
  readonly park: boolean;
  /** Where: at each external await, or between any two jobs. */
  readonly between: "wait" | "job";
}

export class ScenarioRun implements Host {
  readonly #world: World;
  readonly #regime: Regime;
  run: Run;
  /** How often it was saved and restored. */
  parks = 0;
  readonly #inbox: Arrival[] = [];
  readonly #kept = new Map<string, string[]>();
  readonly #sent = new Set<string>();
  /** Waits that were taken up: their steps began, their timers run. */
  readonly #begun = new Map<number, () => void>();
  #flights = 0;

  constructor(world: World, regime: Regime) {
    this.#world = world;
    this.#regime = regime;
    this.run = new Run("scenario", this);
    world.connect((key, payload, id) => this.#post(key, payload, id));
  }

  callStep(run: Run, step: Step, args: unknown[]): Durable {
    const id = run.nextId++;
    try {
      return external(run, new StepWait(id, step.id, encodeValue(args), ""));
    } catch (error) {
      const refused = new Durable(run, null);
      settlePromise(refused, REJECTED, error);
      return refused;
    }
  }

  onQuiescent(): void {}
  onUnhandledRejection(): void {}

  now(): number {
    return this.#world.clock.now();
  }

  /** Runs `f` to its end. False: it waits for what nobody is going to do. */
  async finish(f: (...args: never[]) => unknown, args: readonly unknown[]): Promise<boolean> {
    this.run.paused = true;
    start(this.run, f, args);
    this.run.root!.handled = true;
    for (;;) {
      this.#runJobs();
      await settled();
      this.#runJobs();
      if (this.run.root!.state !== PENDING) return true;
      if (this.#inbox.length === 0 && this.run.pendingNative === 0) this.#park();
      this.#takeUp();
      const arrival = this.#inbox.shift();
      if (arrival !== undefined) this.#deliver(arrival);
      else if (this.#flights === 0 || !(await this.#stepsSettle())) {
        if (!this.#world.clock.step() && this.#flights === 0 && this.run.pendingNative === 0) return false;
      }
    }
  }

  /** Steps that need no time have their turn before time passes. True: something arrived. */
  async #stepsSettle(): Promise<boolean> {
    await settled();
    return this.#inbox.length > 0;
  }

  #runJobs(): void {
    const { run } = this;
    run.paused = false;
    if (this.#regime.park && this.#regime.between === "job") {
      while (this.run.head < this.run.tail) {
        if (this.run.pendingNative === 0) this.#park();
        runOneJob(this.run);
      }
    }
    drain(this.run);
  }

  #park(): void {
    if (!this.#regime.park) return;
    let saved = encodeRun(this.run);
    // A step that was called is executed, whether or not anyone can still see its outcome.
    const steps = saved.dropped.filter((wait) => wait.kind === "step");
    for (const { id } of steps) keepPending(this.run.waits.get(id)!);
    if (steps.length > 0) saved = encodeRun(this.run);
    this.run.ended = true;
    this.run = new Run("scenario", this);
    decodeRun(saved.text, this.run);
    this.run.root!.handled = true;
    this.parks++;
  }

  #takeUp(): void {
    for (const [id, take] of this.#begun) {
      if (this.run.waits.has(id)) continue;
      take();
      this.#begun.delete(id);
    }
    for (const { wait } of [...this.run.waits.values()]) {
      if (wait === null || this.#begun.has(wait.id)) continue;
      this.#begun.set(wait.id, this.#begin(wait));
    }
  }

  /** @returns takes it back */
  #begin(wait: Wait): () => void {
    const { clock } = this.#world;
    const nothing = () => {};
    if (wait.kind === "step") {
      void this.#execute(wait.id, wait.step, wait.args);
      return nothing;
    }
    if (wait.kind === "event") {
      const kept = this.#kept.get(wait.key)?.shift();
      if (kept !== undefined) {
        this.#inbox.push({ wait: wait.id, threw: false, value: kept });
        return nothing;
      }
    }
    if (wait.kind === "child" || wait.due === null) return nothing;
    const arrival: Arrival =
      wait.kind === "timer"
        ? { wait: wait.id, threw: false, value: encodeValue(undefined) }
        : {
            wait: wait.id,
            threw: true,
            value: encodeError(new TimeoutError(`no event came for "${wait.key}" in time`)),
          };
    const timer = clock.setTimeout(() => this.#inbox.push(arrival), wait.due - clock.now());
    return () => clock.clearTimeout(timer);
  }

  async #execute(wait: number, id: string, args: string): Promise<void> {
    this.#flights++;
    let threw = false;
    let value: unknown;
    try {
      value = await findStep(id)!.body(...(decodeValue(args) as never[]));
    } catch (error) {
      threw = true;
      value = error;
    }
    this.#flights--;
    this.#inbox.push(encodeOutcome(wait, threw, value, `result of step "${findStep(id)!.name}"`));
  }

  #deliver({ wait, threw, value }: Arrival): void {
    const decoded = decodeValue(value);
    deliver(this.run, wait, threw ? { ok: false, error: decoded } : { ok: true, value: decoded });
  }

  #post(key: string, payload: unknown, id: string | undefined): void {
    if (id !== undefined) {
      const name = JSON.stringify([key, id]);
      if (this.#sent.has(name)) return;
      this.#sent.add(name);
    }
    const value = encodeValue(payload);
    for (const { wait } of this.run.waits.values()) {
      if (wait?.kind !== "event" || wait.key !== key) continue;
      if (this.#inbox.some((arrival) => arrival.wait === wait.id)) continue;
      this.#inbox.push({ wait: wait.id, threw: false, value });
      return;
    }
    this.#kept.set(key, [...(this.#kept.get(key) ?? []), value]);
  }
}

/** The job behind it stops the loop, and keeps awaits of settled promises from going on without one. */
function runOneJob(run: Run): void {
  const stop = new Then(
    () => {
      run.paused = true;
    },
    undefined,
    null,
  );
  run.jobs.splice(run.head + 3, 0, stop, undefined, false);
  run.tail += 3;
  drain(run);
  run.paused = false;
}
