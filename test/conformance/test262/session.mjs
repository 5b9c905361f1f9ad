/**
 * The host of one run, in the realm of its program. The run stays in memory, or is saved as text between two jobs, and what goes on is
 * what the text says. A state that cannot be saved is passed over: what the program says of the run counts, whatever was refused.
 */
import { deliver, drain, machine, Run, start } from "../../../dist/runtime/machine/index.js";
import { decodeRun, encodeRun } from "../../../dist/runtime/snapshot/index.js";
import { withPlatformArrays } from "../../../dist/runtime/testing/platform-arrays.js";

/** After as many times it is saved half as often: programs may count to a million. */
const OFTEN = 64;
const PENDING = 0;
const REJECTED = 2;

export class Session {
  run = new Run("program", this);
  /** How often it was saved and restored. */
  parks = 0;
  /** Why it could not be saved: messages, by their codes. */
  refusals = new Map();
  codec = {};
  #every;
  #jobs = 0;
  #tried = 0;

  /**
   * @param {() => Promise<unknown>} program compiled
   * @param {{ every: number }} options saved before every that many jobs; 0 for never
   */
  constructor(program, { every }) {
    this.#every = every;
    const { run } = this;
    if (every > 0) {
      // One job at a time, and every await is one.
      machine.observer = { betweenJobs: (run) => (run.paused = true), suspended: () => {} };
      run.paused = true;
    }
    start(run, program, []);
    run.root.handled = true;
  }

  callStep() {
    throw new TypeError("the suite has no steps");
  }
  effect() {}
  onQuiescent() {}
  onUnhandledRejection() {}
  now() {
    return Date.now();
  }

  /** Runs all that can go on. @returns {boolean} whether the program's function has ended */
  advance() {
    do {
      while (this.run.head < this.run.tail) {
        withPlatformArrays(() => this.#park());
        this.run.paused = false;
        drain(this.run);
      }
    } while (this.#ring());
    return this.run.root.state !== PENDING;
  }

  /** What it was rejected with, in a list; else null. */
  get thrown() {
    const { state, value } = this.run.root;
    return state === REJECTED ? [value] : null;
  }

  /** The next timer fires. */
  #ring() {
    let first = null;
    withPlatformArrays(() => {
      for (const { wait } of this.run.waits.values())
        if (wait?.kind === "timer" && (first === null || wait.due < first.due)) first = wait;
    });
    return first !== null && deliver(this.run, first.id, { ok: true, value: undefined });
  }

  #park() {
    if (this.#every === 0 || this.run.pendingNative > 0 || this.#jobs++ % this.#every !== 0) return;
    if (++this.#tried % OFTEN === 0) this.#every *= 2;
    let text;
    try {
      text = encodeRun(this.run).text;
    } catch (error) {
      if (!/^CF21/.test(error.code)) throw error;
      this.refusals.set(error.code, error.message);
      return;
    }
    const run = new Run(this.run.id, this);
    this.run.ended = true;
    this.run = run;
    decodeRun(text, run);
    run.root.handled = true;
    this.parks++;
  }
}
