/** Steps of committed turns are executed here: attempts, retries, and what came of them. */

import { ColdframeError } from "../errors.ts";
import { inCode, type Step } from "../machine/index.ts";
import { decodeValue, encodeValue } from "../snapshot/index.ts";
import type { Activation, StepIntent } from "./activation.ts";
import { Attempt } from "./attempt.ts";
import { blockedBy } from "./blockage.ts";
import { noteStep } from "./blocking.ts";
import { encodeOutcome } from "./codec.ts";
import type { StepFact } from "./facts.ts";
import type { Owner } from "./owner.ts";
import type { Watchdog } from "./ports.ts";
import { backoff, type Policy, policyOf } from "./retry.ts";
import { aboutStep } from "./run-facts.ts";
import { Cancelled } from "./signals.ts";
import { findStep } from "./step.ts";
import type { Arrival, Attempt as AttemptRow, Blocked, StepFence } from "./store.ts";
import { StepArrival } from "./turn-record.ts";

/** Starts the next attempt of a step, now or when it is due. Of a run that is to stand still, when it goes on. */
export function startStep(activation: Activation, intent: StepIntent, worker: Owner): void {
  if (worker.closing || activation.phase === "closed") return;
  if (activation.leaving || activation.suspended) {
    activation.postponed = true;
    return;
  }
  if (activation.flights.has(intent.id)) return;
  const { code } = activation;
  const step = code === null ? findStep(intent.step) : inCode(code, () => findStep(intent.step));
  if (step === undefined) {
    activation.missing = missingStep(intent.step);
    return;
  }
  const failed = activation.attempts.get(intent.id);
  if (failed?.due === null) return;
  if (failed !== undefined && failed.due > worker.settings.clock.now()) {
    activation.retries.set(intent.id, intent);
    worker.wakeAt(activation, intent.id, failed.due, () => {
      if (activation.retries.delete(intent.id)) startStep(activation, intent, worker);
    });
    return;
  }
  let flight: Flight;
  try {
    flight = new Flight(activation, intent, step, worker);
  } catch (error) {
    // Of its arguments this code cannot make anything: that is no failure of the step.
    activation.missing = blockedBy(error, activation.entry);
    return;
  }
  flight.begin();
}

function missingStep(step: string): Blocked {
  const error = new ColdframeError(
    "CF2303",
    `no loaded module has the step "${step}". Start a worker that imports this module, compiled, or say with renamed() what it is called now`,
  );
  return { reason: error.message, needs: step };
}

/** A step that is being executed. */
class Flight extends Attempt {
  readonly #activation: Activation;
  readonly #intent: StepIntent;
  readonly #step: Step;
  readonly #worker: Owner;
  /** What is known from before this attempt. */
  readonly #known: AttemptRow | undefined;
  #policy: Policy | null = null;
  /** Its arguments, until they are used. */
  #decoded: never[] | null = null;
  /** What it told of its progress, encoded. */
  #progress: string | null;
  /** Until when no more progress is written. */
  #quiet = 0;
  /** Progress that is going to be written. */
  #telling: Promise<void> | null = null;
  /** Progress that is being written. */
  #writing: Promise<boolean> | null = null;
  #over = false;
  /** In ms; -1 when nobody was told that it has started. */
  #began = -1;

  constructor(activation: Activation, intent: StepIntent, step: Step, worker: Owner) {
    const known = activation.attempts.get(intent.id);
    super({
      key: `${activation.id}/${intent.id}`,
      attempt: (known?.made ?? 0) + 1,
      fence: activation.epoch,
      store: worker.settings.store,
      progress:
        known === undefined || known.progress === null
          ? undefined
          : inCode(activation.code, () => decodeValue(known.progress!)),
    });
    this.#activation = activation;
    this.#intent = intent;
    this.#step = step;
    this.#worker = worker;
    this.#known = known;
    this.#progress = known?.progress ?? null;
    this.#decoded = this.#args();
    activation.flights.set(intent.id, this);
  }

  begin(): void {
    const { name, options } = this.#step;
    try {
      this.#policy = policyOf(name, options);
    } catch (error) {
      this.#await(Promise.reject(error));
      return;
    }
    if (this.#step.transactional === true) {
      this.transactional = true;
      void this.#transact(this.#policy);
    } else if (this.#policy.onUnknown === "hold") void this.#beginOnce();
    else this.#execute(this.#policy);
  }

  /** What was begun by an owner that is no more may have taken effect. */
  async #beginOnce(): Promise<void> {
    const begun = this.#known?.begun ?? null;
    if (begun !== null && begun !== this.fence) {
      const { id } = this.#activation;
      const advice = `engine.retry("${id}"), engine.resolve("${id}", value) or engine.reject("${id}", error)`;
      await this.#hold(
        `the worker was lost during attempt ${this.attempt}, and what that did is not known. Find out, then call ${advice}`,
      );
      return;
    }
    const { failpoint } = this.#worker.settings;
    if (!(await this.#note({ begun: this.fence })) || !this.#isCurrent()) return;
    failpoint("step:begun");
    this.#execute(this.#policy!);
  }

  #execute(policy: Policy): void {
    const { clock, failpoint, facts, aroundStep, watchdog } = this.#worker.settings;
    const { name, body } = this.#step;
    if (watchdog !== null) watchdog.enter(this.#activation.id, name, this.#at);
    const began = clock.now();
    let result: unknown;
    try {
      const args = this.#args();
      failpoint("step:before");
      if (facts.wanted) this.#tellStarted();
      const call = () => this.call(body, args, policy, clock, this.#left(), name);
      result = aroundStep === null ? call() : aroundStep(this.#fact(), call, args);
    } catch (error) {
      result = Promise.reject(error);
    }
    if (watchdog !== null) {
      watchdog.leave();
      this.#announce(watchdog, result);
    }
    noteStep(this.#activation, this.#intent.id, name, began, this.#worker);
    this.#await(result);
  }

  /** Tells that the body may go on at any time, until what it returned has settled. */
  #announce(watchdog: Watchdog, result: unknown): void {
    if (watchdog.pending === undefined || typeof result !== "object" || result === null) return;
    const pending = watchdog.pending(this.#activation.id, this.#step.name, this.#at);
    const settled = () => watchdog.settled?.(pending);
    Promise.resolve(result).then(settled, settled);
  }

  /** What it does is committed with its outcome, or neither is. */
  async #transact(policy: Policy): Promise<void> {
    const { store } = this.#worker.settings;
    if (store.transact === undefined) {
      const advice = "Use a plain step, or another store";
      this.#await(Promise.reject(new ColdframeError("CF3111", `step "${this.#step.name}". ${advice}`)));
      return;
    }
    let result: unknown;
    const body = async (tx: unknown): Promise<Arrival> => {
      result = await this.#callWith(tx, policy);
      // Of a run that was cancelled or lost nothing is to be committed any more.
      if (!this.#isCurrent()) throw new Cancelled();
      const what = `result of step "${this.#step.name}"`;
      const { codec } = this.#worker.settings;
      const value = inCode(this.#activation.code, () => encodeValue(result, codec, what));
      return new StepArrival(this.#intent.id, false, value);
    };
    const outcome = await this.#untilKnown(() => store.transact!(this.#where(), body));
    if (outcome === null || !this.#isCurrent()) return;
    if (outcome.kind === "threw") {
      this.#settled(true, outcome.error);
      return;
    }
    const activation = this.#activation;
    activation.flights.delete(this.#intent.id);
    if (outcome.kind === "fenced") {
      // Finds out what became of the run.
      await this.#worker.note(activation, { arrivals: [], attempts: [] });
      return;
    }
    this.#worker.settings.failpoint("step:after");
    this.#tellEnded(false, result, outcome.arrival.value.length);
    activation.receive([outcome.arrival], true);
    this.#worker.advance(activation);
  }

  /** Calls the body with a transaction. */
  async #callWith(tx: unknown, policy: Policy): Promise<unknown> {
    const { clock, failpoint, facts, aroundStep, watchdog } = this.#worker.settings;
    const { name, body } = this.#step;
    const args = this.#args();
    failpoint("step:before");
    if (facts.wanted) this.#tellStarted();
    const withTx = (...given: never[]) => body(tx as never, ...given);
    const call = () => this.call(withTx, args, policy, clock, this.#left(), name);
    const result = aroundStep === null ? call() : aroundStep(this.#fact(), call, args);
    if (watchdog !== null) this.#announce(watchdog, result);
    return result;
  }

  /** Its arguments, decoded afresh for each attempt, and each time that a transaction begins again. */
  #args(): never[] {
    const decoded = this.#decoded;
    this.#decoded = null;
    if (decoded != null) return decoded;
    const { args } = this.#intent;
    const { code } = this.#activation;
    return (code === null ? decodeValue(args) : inCode(code, () => decodeValue(args))) as never[];
  }

  #where(): StepFence {
    const { id: run, epoch } = this.#activation;
    return { run, worker: this.#worker.id, epoch, wait: this.#intent.id };
  }

  /** Asks again while the database fails, which may have done what it was asked. Null: nobody wants to know any more. */
  async #untilKnown<T>(ask: () => Promise<T>): Promise<T | null> {
    const { clock, log, random, timing } = this.#worker.settings;
    for (let wait = timing.ask.first; ; wait = Math.min(timing.ask.longest, wait * 2)) {
      try {
        return await ask();
      } catch (error) {
        if (!this.#isCurrent()) return null;
        const message = `the store failed; step "${this.#step.name}" is tried again, unless it was committed`;
        log({ level: "error", message, run: this.#activation.id, error });
      }
      await new Promise<void>((resolve) => clock.setTimeout(resolve, wait * (0.5 + random() / 2)));
      if (!this.#isCurrent()) return null;
    }
  }

  #await(result: unknown): void {
    // Always in a job of its own: the turn that asked for it is still on the stack.
    Promise.resolve(result).then(
      (value) => this.#settled(false, value),
      (error) => this.#settled(true, error),
    );
  }

  /** Milliseconds that are left for all attempts. */
  #left(): number {
    const total = this.#policy?.totalTimeout ?? null;
    if (total === null) return Number.POSITIVE_INFINITY;
    const now = this.#worker.settings.clock.now();
    const since = this.#known?.since ?? this.#activation.waits.get(this.#intent.id)?.since ?? now;
    return since + total - now;
  }

  #isCurrent(): boolean {
    const { flights, phase } = this.#activation;
    return flights.get(this.#intent.id) === this && phase !== "closed";
  }

  protected override told(progress: unknown): void {
    const { clock, codec } = this.#worker.settings;
    this.#progress = inCode(this.#activation.code, () => encodeValue(progress, codec));
    this.#telling ??= this.#tell(this.#quiet - clock.now());
  }

  async #tell(wait: number): Promise<void> {
    const { clock } = this.#worker.settings;
    if (wait > 0) await new Promise<void>((resolve) => clock.setTimeout(resolve, wait));
    if (this.#over || !this.#isCurrent()) return;
    this.#quiet = clock.now() + this.#worker.settings.timing.tellAfter;
    this.#writing = this.#note({ begun: this.#policy?.onUnknown === "hold" ? this.fence : null });
    await this.#writing;
    this.#telling = this.#writing = null;
  }

  #settled(threw: boolean, value: unknown): void {
    const activation = this.#activation;
    const { id: wait } = this.#intent;
    const { failpoint, random, codec } = this.#worker.settings;
    failpoint("step:after");
    if (!this.#isCurrent()) return;
    const policy = this.#policy;
    const later =
      threw && policy !== null ? backoff(policy, this.attempt, value, random(), this.#left()) : null;
    if (later !== null) {
      void this.#failed(later, value);
      return;
    }
    if (threw && policy?.onFailure === "hold") {
      void this.#failed(null, value);
      return;
    }
    activation.flights.delete(wait);
    const what = `result of step "${this.#step.name}"`;
    const { code } = activation;
    const arrival =
      code === null
        ? encodeOutcome(wait, threw, value, what, codec)
        : inCode(code, () => encodeOutcome(wait, threw, value, what, codec));
    this.#tellEnded(threw, value, arrival.value.length);
    activation.arrive(arrival);
    this.#worker.advance(activation);
  }

  #fact(): StepFact {
    return aboutStep(this.#activation, this.#worker, this.#intent, this.attempt);
  }

  #tellStarted(): void {
    const fact = this.#fact();
    this.#began = fact.time;
    this.#worker.settings.facts.tell({ ...fact, kind: "step.started", bytes: this.#intent.args.length });
  }

  /** @param bytes of what is recorded */
  #tellEnded(threw: boolean, value: unknown, bytes: number): void {
    const { facts } = this.#worker.settings;
    if (this.#began < 0 || !facts.wanted) return;
    const fact = this.#fact();
    const took = fact.time - this.#began;
    facts.tell({ ...fact, kind: "step.ended", took, bytes, threw, error: threw ? value : null });
  }

  /** @param later milliseconds until the next attempt; null: a person decides */
  async #failed(later: number | null, thrown: unknown): Promise<void> {
    const { message } = (thrown ?? {}) as { message?: unknown };
    const error = String(message ?? thrown);
    this.#tellEnded(true, thrown, error.length);
    if (later === null) {
      await this.#hold(error, thrown);
      return;
    }
    this.#log("info", `failed: ${error}`);
    const { clock, facts } = this.#worker.settings;
    const due = clock.now() + later;
    await this.#giveUp({ made: this.attempt, due, error }, () =>
      facts.tell({ ...this.#fact(), kind: "step.retried", due, error: thrown }),
    );
  }

  async #hold(error: string, thrown: unknown = new Error(error)): Promise<void> {
    this.#log("warn", `failed for good, it is held: ${error}`);
    const { facts } = this.#worker.settings;
    await this.#giveUp({ made: this.attempt, due: null, error }, () =>
      facts.tell({ ...this.#fact(), kind: "step.held", error: thrown }),
    );
  }

  #log(level: "info" | "warn", what: string): void {
    this.#worker.settings.log({
      level,
      message: `attempt ${this.attempt} of step "${this.#intent.step}" ${what}`,
      run: this.#activation.id,
      at: this.#at,
    });
  }

  /** `file:line` of the await that calls it; may be empty. */
  get #at(): string {
    return this.#activation.waits.get(this.#intent.id)?.at ?? "";
  }

  /** The attempt is over, the step has no outcome. */
  async #giveUp(known: Pick<AttemptRow, "made" | "due" | "error">, tell: () => void): Promise<void> {
    const activation = this.#activation;
    // What it told is written before this, or with it.
    this.#over = true;
    await this.#writing;
    if (!(await this.#note({ ...known, begun: null })) || !this.#isCurrent()) return;
    activation.flights.delete(this.#intent.id);
    if (this.#worker.settings.facts.wanted) tell();
    startStep(activation, this.#intent, this.#worker);
    if (activation.postponed) this.#worker.advance(activation);
    else this.#worker.park(activation);
  }

  /** Records what is known of the attempts. False: the run is lost. */
  async #note(facts: Partial<AttemptRow>): Promise<boolean> {
    const activation = this.#activation;
    const { id: wait } = this.#intent;
    const known = this.#known ?? { wait, made: 0, due: 0, error: "", since: null };
    const row: AttemptRow = { ...known, begun: null, ...facts, progress: this.#progress };
    activation.recorded.add(wait);
    if (!(await this.#worker.note(activation, { arrivals: [], attempts: [row] }))) return false;
    if (this.#isCurrent()) activation.attempts.set(wait, row);
    return true;
  }
}
