/**
 * The smallest host a run can have: no store, no commits. Steps are executed at once and settle in the order of their
 * completion, sleeps and deadlines are timers of the virtual clock, events live in a mailbox.
 */
import type { ChildStart } from "../engine/child.ts";
import { encodeError, encodeOutcome } from "../engine/codec.ts";
import { findEntry } from "../engine/entry.ts";
import { TimeoutError } from "../engine/signals.ts";
import { findStep } from "../engine/step.ts";
import type { Arrival } from "../engine/store.ts";
import { keepPending } from "../engine/waits.ts";
import {
  Durable,
  deliver,
  drain,
  type Effect,
  external,
  type Host,
  PENDING,
  REJECTED,
  Run,
  registry,
  type Step,
  StepWait,
  settle as settlePromise,
  start,
  Then,
  type Wait,
} from "../machine/index.ts";
import { decodeRun, decodeValue, encodeRun, encodeValue } from "../snapshot/index.ts";
import { type Neighbour, Neighbours } from "./neighbours.ts";
import { settled } from "./virtual-clock.ts";
import type { World } from "./world.ts";

export interface Regime {
  /** Saves and restores the whole run instead of keeping it in memory. */
  readonly park: boolean;
  /** Where: at each external await, or between any two jobs. */
  readonly between: "wait" | "job";
}

export class ScenarioRun implements Host, Neighbour {
  readonly #world: World;
  readonly #regime: Regime;
  run: Run;
  /** How often it was saved and restored. */
  parks = 0;
  readonly inbox: Arrival[] = [];
  readonly #neighbours: Neighbours;
  /** Waits that were taken up: their steps began, their timers run. */
  readonly #begun = new Map<number, () => void>();
  /** Runs to start, by their waits. */
  readonly #starts = new Map<number, ChildStart>();
  /** Steps under way. */
  #flights = 0;
  idle = false;
  /** Nobody started it: it lets time pass for all. */
  readonly #first: boolean;

  /** @param parents those of the run that started it */
  constructor(world: World, regime: Regime, id = "scenario", parents: Neighbours | null = null) {
    const neighbours = parents ?? new Neighbours(world);
    this.#first = parents === null;
    this.#world = world;
    this.#regime = regime;
    this.run = new Run(id, this);
    this.#neighbours = neighbours;
    neighbours.enter(this);
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

  readonly codec = {};

  effect(_run: Run, effect: Effect): void {
    if (effect.kind === "send") this.#world.send(effect.key, decodeValue(effect.payload), effect.id);
    else if (effect.kind === "release") this.#neighbours.release(effect.run, effect.wait);
    else if (effect.kind === "feed") this.#neighbours.feed(effect);
  }

  onQuiescent(): void {}
  onUnhandledRejection(): void {}

  now(): number {
    return this.#world.clock.now();
  }

  /** Runs `f` to its end. False: it waits for what nobody is going to do. */
  async finish(f: (...args: never[]) => unknown, args: readonly unknown[]): Promise<boolean> {
    const ended = await this.#goOn(f, args);
    if (this.#first) this.#neighbours.over = true;
    this.#neighbours.leave(this);
    return ended;
  }

  async #goOn(f: (...args: never[]) => unknown, args: readonly unknown[]): Promise<boolean> {
    this.run.paused = true;
    start(this.run, f, args);
    this.run.root!.handled = true;
    for (;;) {
      this.#runJobs();
      await settled();
      this.#runJobs();
      if (this.run.root!.state !== PENDING) return true;
      if (this.inbox.length === 0 && this.run.pendingNative === 0) this.#park();
      this.#takeUp();
      const arrival = this.inbox.shift();
      if (arrival !== undefined) {
        this.idle = false;
        this.#deliver(arrival);
      } else if (!(await this.#mayGoOn())) return false;
    }
  }

  /** Steps that need no time have their turn first, in all runs; then the first of these lets time pass. False: nothing can go on. */
  async #mayGoOn(): Promise<boolean> {
    const neighbours = this.#neighbours;
    if (this.#flights > 0 || !this.#first) await settled();
    if (this.inbox.length > 0) return true;
    this.idle = true;
    if (!this.#first) return !neighbours.over;
    if (!neighbours.idle) await settled();
    else if (!this.#world.clock.step() && !neighbours.busy) return false;
    return true;
  }

  get busy(): boolean {
    return this.#flights > 0 || this.run.pendingNative > 0;
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
    // No snapshot holds what is still to be started: an engine does that with the save.
    for (const { wait } of this.run.waits.values()) {
      if (wait?.kind === "child" && wait.start !== null) this.#starts.set(wait.id, wait.start as ChildStart);
    }
    let saved = encodeRun(this.run);
    // What was called is executed, whether or not anyone can still see its outcome.
    const steps = saved.dropped.filter((wait) => wait.kind === "step" || wait.kind === "child");
    for (const { id } of steps) keepPending(this.run.waits.get(id)!);
    if (steps.length > 0) saved = encodeRun(this.run);
    this.run.ended = true;
    this.run = new Run(this.run.id, this);
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
      const kept = this.#neighbours.takeKept(wait.key);
      if (kept !== undefined) {
        this.inbox.push({ wait: wait.id, threw: false, value: kept });
        return nothing;
      }
    }
    if (wait.kind === "child") {
      void this.#startChild(
        wait.id,
        wait.run,
        (wait.start as ChildStart | null) ?? this.#starts.get(wait.id) ?? null,
      );
      return nothing;
    }
    if (wait.kind === "lock") {
      this.#neighbours.acquire(this, wait);
      return () => this.#neighbours.giveUp(this.run.id, wait.id);
    }
    if (wait.due === null) return nothing;
    const arrival: Arrival =
      wait.kind === "timer"
        ? { wait: wait.id, threw: false, value: encodeValue(undefined) }
        : {
            wait: wait.id,
            threw: true,
            value: encodeError(new TimeoutError(`no event came for "${wait.key}" in time`)),
          };
    const timer = clock.setTimeout(() => this.inbox.push(arrival), wait.due - clock.now());
    return () => clock.clearTimeout(timer);
  }

  async #execute(wait: number, id: string, args: string): Promise<void> {
    this.#flights++;
    let threw = false;
    let value: unknown;
    try {
      value = await registry.callFreely(findStep(id)!.body, undefined, decodeValue(args) as unknown[]);
    } catch (error) {
      threw = true;
      value = error;
    }
    this.#flights--;
    this.inbox.push(encodeOutcome(wait, threw, value, `result of step "${findStep(id)!.name}"`));
  }

  /** A run of its own, in the same world. */
  async #startChild(wait: number, id: string, start: ChildStart | null): Promise<void> {
    if (start === null) return;
    const child = new ScenarioRun(this.#world, this.#regime, id, this.#neighbours);
    await child.finish(findEntry(start.entry)!, decodeValue(start.call) as unknown[]);
    const { state, value } = child.run.root!;
    if (state !== PENDING)
      this.inbox.push(encodeOutcome(wait, state === REJECTED, value, `result of child run "${start.entry}"`));
  }

  #deliver({ wait, threw, value }: Arrival): void {
    const decoded = decodeValue(value);
    deliver(this.run, wait, threw ? { ok: false, error: decoded } : { ok: true, value: decoded });
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
