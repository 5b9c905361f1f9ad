/** How many requests are open for long: so many, and the next one is sent away. */
import { Refusal } from "./refusal.ts";

export class Slots {
  readonly #most: number;
  #taken = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** How many are open. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * @returns gives it back; once is enough
   * @throws Refusal 503
   */
  take(): () => void {
    if (this.#taken >= this.#most)
      throw new Refusal(503, "CF3411", `${this.#most} requests wait here already. Try again later`);
    this.#taken++;
    let open = true;
    return () => {
      if (open) this.#taken--;
      open = false;
    };
  }
}
