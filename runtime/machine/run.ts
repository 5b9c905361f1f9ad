/** The machine's only mutable state: which run is current, who has the top, who is to get it. */
import { type Durable, Run } from "./durable.ts";
import { setCurrentCode } from "./registry.ts";

export { type Host, Run } from "./durable.ts";

/** A call that entered a run from outside: `$begin` makes it, `$end` of the same task leaves again. */
export interface Entry {
  readonly task: Durable;
  readonly run: Run | null;
  readonly top: Durable | null;
  readonly next: unknown;
  readonly entry: Entry | null;
}

/** What watches the machine at work: regimes of tests. */
export interface Observer {
  /** Before a job of `run`. `enters`: the job comes from outside, all tasks of the run were waiting; else another job came before it. */
  betweenJobs(run: Run, enters: boolean): void;
  /** `task` has put its locals into its frame. */
  suspended(task: Durable): void;
}

/**
 * A class, because of its accessor: V8 makes a dictionary of a literal that has one, and every await looks here several times
 * (measured: 0.8 instead of 0.3 of a native await).
 */
class Machine {
  /** The current run: its jobs are being drained, or a call entered it. */
  run: Run | null = null;
  /** Below this task nothing on the JavaScript stack would do anything before the next job. */
  top: Durable | null = null;
  /** The callee to which the top is handed: the next `$begin`, if it is that function's. */
  next: unknown = null;
  entry: Entry | null = null;
  /**
   * The object that a restore is giving the private names of a class to: constructors and initialisers of classes with private
   * parts do nothing meanwhile. See classes.ts.
   */
  allocating: object | null = null;
  /** The task that the job loop is carrying on: what stands at the bottom of the stack, for stack traces. */
  job: Durable | null = null;
  /** `drain` of loop.ts. Here, because draining leads to resolving functions, and they lead to draining. */
  drain: (run: Run) => void = () => {};
  observer: Observer | null = null;

  /** What `Promise` means: the machine's in a hosted run, that of the platform outside. */
  get Promise(): PromiseConstructor {
    return this.run === null || this.run.free ? globalThis.Promise : durablePromise;
  }
}

export const machine = new Machine();

setCurrentCode(() => (machine.run === null ? null : machine.run.code));

/** `$Promise`; handed in by promise.ts, which stands above. */
let durablePromise: PromiseConstructor;
export function setPromise(constructor: PromiseConstructor): void {
  durablePromise = constructor;
}

/**
 * The run of marked functions called outside any run. One for all such calls: its promises behave as native ones do,
 * may be shared freely, and each of its jobs is a native microtask, so that it has nothing of its own to keep apart.
 */
export const freeRun: Run = new Run("", null);

/** Calls `body` in `run`, then drains the run unless that is under way below on the stack. */
export function inRun<T>(run: Run, body: () => T): T {
  const { run: outer, top, next, entry } = machine;
  machine.run = run;
  machine.top = machine.next = machine.entry = null;
  try {
    return body();
  } finally {
    machine.run = outer;
    machine.top = top;
    machine.next = next;
    machine.entry = entry;
    machine.drain(run);
  }
}
