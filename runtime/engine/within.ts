/** Runs and events in a transaction of the user's: `engine.with(tx)`. */
import type { StartOptions } from "./options.ts";
import type { Settings } from "./ports.ts";
import { checkSent, newEventOf, newRunOf, type SendOptions } from "./requests.ts";
import type { RunHandle } from "./run-handle.ts";
import type { SendOutcome } from "./store.ts";

/** Tells nothing of it to anyone before the transaction is committed, and nothing at all when it is rolled back. */
export class Within {
  readonly #tx: unknown;
  readonly #settings: Settings;
  readonly #handle: (id: string, created: boolean) => RunHandle<never>;

  /** Use `engine.with`. */
  constructor(tx: unknown, settings: Settings, handle: (id: string, created: boolean) => RunHandle<never>) {
    this.#tx = tx;
    this.#settings = settings;
    this.#handle = handle;
  }

  /**
   * Starts a run, as `engine.start` does; a worker takes it when the transaction is committed. To wait for its result before that is
   * to wait for ever.
   * @throws ColdframeError as `engine.start`, and CF3108, CF3110 for a transaction that is over or none
   */
  async start<A extends readonly unknown[], R>(
    f: (...args: A) => Promise<R>,
    args: NoInfer<A>,
    options: StartOptions = {},
  ): Promise<RunHandle<R>> {
    const { store } = this.#settings;
    const run = newRunOf(f, args, options, this.#settings);
    const port = await store.within!(this.#tx);
    const [outcome] = await port.start([run]);
    return this.#handle(run.id, outcome!.created);
  }

  /**
   * Sends an event, as `engine.send` does; whoever waits for it is woken when the transaction is committed.
   * @throws ColdframeError as `engine.send`, and CF3108, CF3110 for a transaction that is over or none
   */
  async send(key: string, payload?: unknown, options: SendOptions = {}): Promise<SendOutcome> {
    const event = await newEventOf(key, payload, options, this.#settings);
    const port = await this.#settings.store.within!(this.#tx);
    const outcome = await port.send(event);
    checkSent(event, outcome);
    return outcome;
  }
}
