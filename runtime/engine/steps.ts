/** Steps of committed turns are executed here: attempts, retries, and what came of them. */
import type { Step } from "../machine/index.ts";
import { decodeValue } from "../snapshot/index.ts";
import type { Activation, StepIntent } from "./activation.ts";
import { Attempt } from "./attempt.ts";
import { encodeOutcome } from "./codec.ts";
import type { Owner } from "./owner.ts";
import { backoff, type Policy, policyOf } from "./retry.ts";
import { findStep } from "./step.ts";

/** Starts the next attempt of a step, now or when it is due. */
export function startStep(activation: Activation, intent: StepIntent, worker: Owner): void {
  if (worker.closing || activation.phase === "closed" || activation.flights.has(intent.id)) return;
  const step = findStep(intent.step);
  if (step === undefined) {
    activation.missing = intent.step;
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
  new Flight(activation, intent, step, (failed?.made ?? 0) + 1, worker).begin();
}

/** A step that is being executed. */
class Flight extends Attempt {
  readonly #activation: Activation;
  readonly #intent: StepIntent;
  readonly #step: Step;
  readonly #worker: Owner;
  #policy: Policy | null = null;

  constructor(activation: Activation, intent: StepIntent, step: Step, attempt: number, worker: Owner) {
    super(`${activation.id}/${intent.id}`, attempt, activation.epoch, worker.settings.store);
    this.#activation = activation;
    this.#intent = intent;
    this.#step = step;
    this.#worker = worker;
    activation.flights.set(intent.id, this);
  }

  begin(): void {
    const { clock, failpoint } = this.#worker.settings;
    const { name, options, body } = this.#step;
    let result: unknown;
    try {
      this.#policy = policyOf(name, options);
      const args = decodeValue(this.#intent.args) as never[];
      failpoint("step:before");
      result = this.call(body, args, this.#policy, clock);
    } catch (error) {
      result = Promise.reject(error);
    }
    // Always in a job of its own: the turn that asked for it is still on the stack.
    Promise.resolve(result).then(
      (value) => this.#settled(false, value),
      (error) => this.#settled(true, error),
    );
  }

  #settled(threw: boolean, value: unknown): void {
    const activation = this.#activation;
    const { id: wait } = this.#intent;
    const { failpoint, random, codec } = this.#worker.settings;
    failpoint("step:after");
    if (activation.flights.get(wait) !== this || activation.phase === "closed") return;
    const later =
      threw && this.#policy !== null ? backoff(this.#policy, this.attempt, value, random()) : null;
    if (later !== null) {
      void this.#failed(later, value);
      return;
    }
    if (threw && this.#policy?.onFailure === "hold") {
      void this.#failed(null, value);
      return;
    }
    activation.flights.delete(wait);
    activation.arrive(encodeOutcome(wait, threw, value, `result of step "${this.#step.name}"`, codec));
    this.#worker.advance(activation);
  }

  /** @param later milliseconds until the next attempt; null: a person decides */
  async #failed(later: number | null, thrown: unknown): Promise<void> {
    const activation = this.#activation;
    const { id: wait, step } = this.#intent;
    const { clock, log } = this.#worker.settings;
    const { message } = (thrown ?? {}) as { message?: unknown };
    const error = String(message ?? thrown);
    const failed = { wait, made: this.attempt, due: later === null ? null : clock.now() + later, error };
    log({
      level: later === null ? "warn" : "info",
      message: `attempt ${failed.made} of step "${step}" failed${later === null ? " for good, it is held" : ""}: ${error}`,
      run: activation.id,
    });
    const passed = await this.#worker.note(activation, { arrivals: [], attempts: [failed] });
    if (!passed || activation.flights.get(wait) !== this) return;
    activation.flights.delete(wait);
    activation.attempts.set(wait, failed);
    activation.recorded.add(wait);
    startStep(activation, this.#intent, this.#worker);
    this.#worker.park(activation);
  }
}
