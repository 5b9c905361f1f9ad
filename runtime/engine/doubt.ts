/**
 * How long a worker that a call may have given runs to, although it failed, looks for runs that it does not know of. A call that nobody
 * waits for any more may still be carried out after that was looked at: by a server that took its time, or behind a network that held it
 * up. TCP gives up after about a quarter of an hour what nobody has confirmed. So it looks again, and again.
 */

import type { Doubtful } from "./timing.ts";

export class Doubt {
  readonly #times: Doubtful;
  #lookAt: number = Number.POSITIVE_INFINITY;
  #until = 0;

  constructor(times: Doubtful) {
    this.#times = times;
  }

  /** A call has failed. @param now milliseconds since 1970 */
  begin(now: number): void {
    this.#until = now + this.#times.for;
    this.look();
  }

  /** Looks once more. */
  look(): void {
    this.#lookAt = 0;
  }

  /** Whether it is time to look; it is then taken for done. */
  isTime(now: number): boolean {
    if (now < this.#lookAt) return false;
    const again = now + this.#times.again;
    this.#lookAt = again < this.#until ? again : Number.POSITIVE_INFINITY;
    return true;
  }
}
