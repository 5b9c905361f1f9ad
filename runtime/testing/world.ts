/** The outside of a scenario: time and events, the same for a plain call and for a run. */
import { freeWorld } from "../engine/free.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** Where `send` goes at the moment. */
export type Mailbox = (key: string, payload: unknown, id: string | undefined) => void;

/** Virtual time, and a `send` that reaches whatever regime the program is run in. */
export class World {
  readonly clock: VirtualClock;
  #mailbox: Mailbox = (key, payload, id) => void freeWorld.send(key, payload, id);

  /** @param start milliseconds since 1970 */
  constructor(start = 0) {
    this.clock = new VirtualClock(start);
  }

  /** Sends an event now; with `clock.setTimeout` at any virtual time. The same key and id twice is one event. */
  send(key: string, payload?: unknown, id?: string): void {
    this.#mailbox(key, payload, id);
  }

  /** Called by the scenario that begins. */
  connect(mailbox: Mailbox): void {
    this.#mailbox = mailbox;
  }
}
