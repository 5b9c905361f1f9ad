/** Looks at a board from time to time, and says what blocks the thread that it is of. No thread, no clock: it is told the time. */
import type { Board, Called } from "./board.ts";
import type { Frame } from "./stack.ts";

/** What is said of one block. */
export interface Blocking {
  readonly level: "warn";
  readonly message: string;
  readonly run?: string;
  readonly at?: string;
  /** What is being called, the innermost first: `name (file:line:column)`. */
  readonly stack?: readonly string[];
}

export class Vigil {
  readonly #board: Board;
  readonly #after: number;
  #beats = -1;
  /** When the thread lived last, in ms. */
  #since = 0;
  /** When to speak of this block, in ms after it began: at first, then each time that it has doubled. */
  #next: number;

  /** @param after milliseconds that a block is not worth a word */
  constructor(board: Board, after: number) {
    this.#board = board;
    this.#after = after;
    this.#next = after;
  }

  /** @param now milliseconds, of a clock that never goes back */
  look(now: number): Blocking | null {
    const { beats } = this.#board;
    if (beats !== this.#beats) {
      this.#beats = beats;
      this.#since = now;
      this.#next = this.#after;
      return null;
    }
    const blocked = now - this.#since;
    if (blocked < this.#next) return null;
    this.#next = blocked * 2;
    return this.#say(`for ${(blocked / 1000).toFixed(1)} s`);
  }

  /** The same, with where the thread is: by that it may be known which of several steps has gone on. */
  placed(said: Blocking, frames: readonly Frame[]): Blocking {
    const stack = frames.map(({ name, file, line, column }) =>
      name === "" ? `${file}:${line}:${column}` : `${name} (${file}:${line}:${column})`,
    );
    if (stack.length === 0) return said;
    const outer = frames.findIndex(({ file }) => !/(^|[\\/])node_modules[\\/]/.test(file));
    const caller = outer > 0 ? `, called by ${stack[outer]}` : "";
    const message = `${said.message}. It is at ${stack[0]}${caller}`;
    const called = said.run === undefined ? this.#inStack(frames) : undefined;
    if (called === undefined) return { ...said, message, stack };
    return { ...about(called, `${message}: in step "${called.step}"`), stack };
  }

  /** The only step under way that is being called. */
  #inStack(frames: readonly Frame[]): Called | undefined {
    const names = new Set(frames.map(({ name }) => name));
    const { steps, more } = this.#board.underWay;
    const called = steps.filter(({ step }) => names.has(step));
    return called.length === 1 && more === 0 ? called[0] : undefined;
  }

  #say(time: string): Blocking {
    const running = this.#board.read();
    const rest = "nothing else of this thread can go on";
    if (running?.now === true)
      return about(running, `${nameOf(running)} has kept the event loop ${time} and still does; ${rest}`);
    const blocked = `the event loop has been blocked ${time}; ${rest}`;
    const { steps, more } = this.#board.underWay;
    if (steps.length === 1 && more === 0)
      return about(steps[0]!, `${blocked}. The only step under way is "${steps[0]!.step}"`);
    if (steps.length > 0) {
      const named = steps.map(({ run, step, at }) => `"${step}" of ${run}${at === "" ? "" : ` (${at})`}`);
      const others = more > 0 ? `, and ${more} more` : "";
      return { level: "warn", message: `${blocked}. Steps under way: ${named.join(", ")}${others}` };
    }
    if (running === null) return { level: "warn", message: blocked };
    return about(running, `${blocked}. What the engine called last is ${nameOf(running)}`);
  }
}

function about({ run, at }: Called, message: string): Blocking {
  return { level: "warn", message, run, ...(at === "" ? {} : { at }) };
}

function nameOf({ step }: Called): string {
  return step === "" ? "the code after this await" : `step "${step}"`;
}
