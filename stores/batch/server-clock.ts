/**
 * The clock of the server, as a process knows it between two questions: so that a machine whose own clock is wrong by minutes
 * sets no timer by it. After F. Cristian, "Probabilistic clock synchronization" (1989): an answer is from between question and
 * arrival, and the quickest of the last ones is the best. What passes in between is told by a clock that nobody sets.
 */

/** What was learned is replaced by something less exact after so many ms. */
const GOOD_FOR = 60_000;

export class ServerClock {
  /** What the server's clock is ahead of `performance.now()`, in ms. */
  #ahead: number | null = null;
  /** How long the question took, and when it was. */
  #took = 0;
  #asked = 0;

  /** @param question answers with the time of the server, in ms since 1970 */
  async ask(question: () => Promise<number>): Promise<number> {
    const asked = performance.now();
    const time = await question();
    const took = performance.now() - asked;
    if (this.#ahead === null || took <= this.#took || asked - this.#asked > GOOD_FOR) {
      this.#ahead = time - (asked + took / 2);
      this.#took = took;
      this.#asked = asked;
    }
    return time;
  }

  /** In ms since 1970; this machine's, before anything was learned. */
  now(): number {
    return this.#ahead === null ? Date.now() : Math.floor(performance.now() + this.#ahead);
  }
}
