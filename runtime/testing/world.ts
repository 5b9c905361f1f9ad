/** The outside of a scenario: time and events, the same for a plain call and for a run. */
import { VirtualClock } from "./virtual-clock.ts";

/** Where `send` goes at the moment. */
export type Mailbox = (key: string, payload: unknown, id: string | undefined) => void;

/** Virtual time, and a `send` that reaches whatever regime the program is run in. */
export class World {
  readonly clock: VirtualClock;
  #mailbox: Mailbox | null = null;
  /** What was sent before any scenario began: it is in its mailbox from the beginning. */
  readonly #early: Parameters<Mailbox>[] = [];

  /** @param start milliseconds since 1970 */
  constructor(start = 0) {
    this.clock = new VirtualClock(start);
  }

  /** Sends an event now; with `clock.setTimeout` at any virtual time. The same key and id twice is one event. */
  send(key: string, payload?: unknown, id?: string): void {
    if (this.#mailbox === null) this.#early.push([key, payload, id]);
    else this.#mailbox(key, payload, id);
  }

  /** Called by the scenario that begins. */
  connect(mailbox: Mailbox): void {
    this.#mailbox = mailbox;
    for (const sent of this.#early.splice(0)) mailbox(...sent);
  }
}
