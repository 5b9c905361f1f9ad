/** The host port of the machine, for one run: steps become waits, the end of a drain becomes a look at the run. */
import {
  Durable,
  type Effect,
  external,
  type Host,
  REJECTED,
  type Run,
  type Step,
  StepWait,
  settle,
} from "../machine/index.ts";
import { encodeList, type WriterOptions } from "../snapshot/index.ts";
import type { Activation } from "./activation.ts";
import { noteSite } from "./native-consumers.ts";
import type { Owner } from "./owner.ts";

export class RunHost implements Host {
  /** Another one when a cached run is claimed again. */
  activation: Activation;
  readonly #worker: Owner;

  constructor(activation: Activation, worker: Owner) {
    this.activation = activation;
    this.#worker = worker;
  }

  callStep(run: Run, step: Step, args: unknown[]): Durable {
    const id = run.nextId++;
    let text: string;
    try {
      const list = step.method ? "[this, ...args]" : "args";
      text = encodeList(args, this.#worker.settings.codec, `arguments of step "${step.name}": ${list}`);
    } catch (error) {
      const refused = new Durable(run, null);
      settle(refused, REJECTED, error);
      return refused;
    }
    const promise = external(run, new StepWait(id, step.id, text, ""));
    noteSite(promise, step.name);
    return promise;
  }

  get codec(): WriterOptions {
    return this.#worker.settings.codec;
  }

  effect(_run: Run, effect: Effect): void {
    if (effect.kind === "abort") this.activation.abandon(effect.wait);
    else this.activation.effects.push(effect);
  }

  onQuiescent(run: Run): void {
    const { activation } = this;
    if (activation.run !== run || activation.draining) return;
    activation.dirty = true;
    this.#worker.settle(activation);
  }

  onUnhandledRejection(_run: Run, promise: Durable): void {
    this.activation.unhandled.push(promise);
  }

  now(): number {
    return this.#worker.settings.clock.now();
  }
}
