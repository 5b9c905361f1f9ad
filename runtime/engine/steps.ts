/** Steps of committed turns are executed here: attempts, retries, and what came of them. */
import { decodeValue } from "../snapshot/index.ts";
import type { Activation, Flight, StepIntent } from "./activation.ts";
import { attemptStep } from "./attempt.ts";
import { encodeOutcome } from "./codec.ts";
import type { Owner } from "./owner.ts";
import { backoff, type Policy, policyOf } from "./retry.ts";
import { findStep } from "./step.ts";

/** Starts the next attempt of a step, now or when it is due. */
export function startStep(activation: Activation, intent: StepIntent, worker: Owner): void {
  if (worker.closing || activation.phase === "closed" || activation.flights.has(intent.wait)) return;
  const step = findStep(intent.step);
  if (step === undefined) {
    activation.missing = intent.step;
    return;
  }
  const attempt = activation.attempts.get(intent.wait);
  if (attempt !== undefined && attempt.due > worker.settings.clock.now()) {
    activation.retries.set(intent.wait, intent);
    worker.wakeAt(activation, intent.wait, attempt.due, () => {
      if (activation.retries.delete(intent.wait)) startStep(activation, intent, worker);
    });
    return;
  }
  const flight: Flight = { wait: intent.wait, controller: new AbortController() };
  activation.flights.set(intent.wait, flight);
  void execute(activation, intent, flight, worker);
}

async function execute(
  activation: Activation,
  intent: StepIntent,
  flight: Flight,
  worker: Owner,
): Promise<void> {
  const { clock, failpoint } = worker.settings;
  const step = findStep(intent.step)!;
  const made = activation.attempts.get(intent.wait)?.made ?? 0;
  let threw = false;
  let value: unknown;
  let policy: Policy | null = null;
  try {
    policy = policyOf(step.name, step.options);
    const args = decodeValue(intent.args) as never[];
    failpoint("step:before");
    const context = {
      key: `${activation.id}/${intent.wait}`,
      attempt: made + 1,
      signal: flight.controller.signal,
      fence: activation.epoch,
    };
    value = await attemptStep(() => step.body(...args), context, flight.controller, policy, clock);
  } catch (error) {
    threw = true;
    value = error;
  }
  failpoint("step:after");
  if (activation.flights.get(intent.wait) !== flight || activation.phase === "closed") return;
  const wait = threw && policy !== null ? backoff(policy, made + 1, value, worker.settings.random()) : null;
  if (wait === null) {
    activation.flights.delete(intent.wait);
    activation.receive([encodeOutcome(intent.wait, threw, value)], false);
    worker.advance(activation);
    return;
  }
  await retryLater(
    activation,
    intent,
    flight,
    { made: made + 1, due: clock.now() + wait, error: value },
    worker,
  );
}

async function retryLater(
  activation: Activation,
  intent: StepIntent,
  flight: Flight,
  failed: { readonly made: number; readonly due: number; readonly error: unknown },
  worker: Owner,
): Promise<void> {
  const { message } = (failed.error ?? {}) as { message?: unknown };
  const error = String(message ?? failed.error);
  const attempt = { wait: intent.wait, made: failed.made, due: failed.due, error };
  worker.settings.log({
    level: "info",
    message: `attempt ${failed.made} of step "${intent.step}" failed: ${error}`,
    run: activation.id,
  });
  const passed = await worker.note(activation, { arrivals: [], attempts: [attempt] });
  if (!passed || activation.flights.get(intent.wait) !== flight) return;
  activation.flights.delete(intent.wait);
  activation.attempts.set(intent.wait, attempt);
  activation.recorded.add(intent.wait);
  startStep(activation, intent, worker);
  worker.park(activation);
}
