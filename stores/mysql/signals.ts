/**
 * Hints between processes. The server tells nobody anything, so all look at one row: a number that rises, after commits and
 * outside of them, when there is something that others should know. While things happen they look often; each time that
 * nothing has, half as often, down to once in `longest`. So an idle process hears late of the first thing, and soon of what
 * follows.
 */
import type { Hint } from "../../runtime/engine/store.ts";
import type { Connections } from "./connections.ts";
import { statements } from "./statements.ts";

/** Between two looks, or two signals, when something has just happened, in ms. */
const SHORTEST = 50;

export class Signals {
  readonly #connections: Connections;
  readonly #heard: (hint: Hint) => void;
  readonly #longest: number;
  #gap = SHORTEST;
  #known: number | null = null;
  #looking: ReturnType<typeof setTimeout> | undefined;
  #telling: ReturnType<typeof setTimeout> | undefined;
  #busy: Promise<void> = Promise.resolve();
  #ended = false;

  /** @param longest between two looks, in ms @param heard is told that others have said something */
  constructor(connections: Connections, longest: number, heard: (hint: Hint) => void) {
    this.#connections = connections;
    this.#longest = longest;
    this.#heard = heard;
    this.#schedule();
  }

  /** Tells other processes, soon. */
  tell(): void {
    if (this.#ended || this.#telling !== undefined) return;
    this.#telling = setTimeout(() => {
      this.#telling = undefined;
      this.#do(statements.signal);
    }, SHORTEST);
    this.#telling.unref();
  }

  /** A transaction of a user's is under way: nobody tells of its commit, so it is looked for, often at first. */
  expect(): void {
    this.#gap = SHORTEST;
    this.#schedule();
  }

  async end(): Promise<void> {
    clearTimeout(this.#looking);
    if (this.#telling !== undefined) {
      clearTimeout(this.#telling);
      this.#do(statements.signal);
    }
    this.#ended = true;
    await this.#busy;
  }

  #schedule(): void {
    clearTimeout(this.#looking);
    if (this.#ended) return;
    // Not all at the same time.
    this.#looking = setTimeout(() => this.#do(statements.signals), this.#gap * (1 + Math.random() / 4));
    this.#looking.unref();
  }

  /** Looks, or tells and looks. Answers come in the order of the questions. */
  #do(text: string): void {
    this.#busy = this.#busy.then(async () => {
      try {
        const { rows, insertId } = await this.#connections.run(text);
        this.#see(rows[0]?.version ?? insertId, text === statements.signal);
        if (rows[0]?.posted && !this.#ended) this.#heard({ kind: "others" });
      } catch {
        // The engine finds out by itself that the database is not there; signals are only hints.
        this.#gap = Math.min(this.#longest, this.#gap * 2);
      }
      this.#schedule();
    });
  }

  #see(version: number, told: boolean): void {
    const others = this.#known !== null && version !== this.#known + (told ? 1 : 0);
    // What one has done, others often answer.
    this.#gap = told || others ? SHORTEST : Math.min(this.#longest, this.#gap * 2);
    this.#known = version;
    if (others && !this.#ended) this.#heard({ kind: "others" });
  }
}
