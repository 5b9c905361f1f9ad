/**
 * Server-sent events. Nothing is made before the client has taken what came before: one that does not read costs one
 * state, not a queue. The stream ends after a time, whoever reads or not, and the client connects again.
 */
import type { Clock } from "../../runtime/index.ts";
import type { Limits } from "./limits.ts";

export interface ServerEvent {
  /** What a client that connects again says it has seen. */
  readonly id: string;
  readonly event: string;
  /** Goes into `JSON.stringify`. */
  readonly data: unknown;
}

/** What a client waits before it connects again, in ms. */
const RETRY = 2000;

export interface StreamOptions {
  readonly clock: Clock;
  readonly limits: Limits;
  /** Ends the source. */
  readonly stop: AbortController;
  /** Called once, when it has ended. */
  readonly ended: () => void;
  /** The source failed: the stream ends, as when the connection is lost. */
  readonly failed: (error: unknown) => void;
}

export function eventStream(source: AsyncIterable<ServerEvent>, options: StreamOptions): Response {
  return new Response(new Stream(source[Symbol.asyncIterator](), options).body, {
    headers: {
      "content-type": "text/event-stream",
      // Proxies of the nginx family hold answers back otherwise.
      "x-accel-buffering": "no",
    },
  });
}

const encoder = new TextEncoder();

class Stream {
  readonly body: ReadableStream<Uint8Array>;
  readonly #source: AsyncIterator<ServerEvent>;
  readonly #options: StreamOptions;
  readonly #lifetime: unknown;
  /** Asked for, and not there yet. */
  #next: Promise<IteratorResult<ServerEvent>> | null = null;
  #opened = false;
  #over = false;

  constructor(source: AsyncIterator<ServerEvent>, options: StreamOptions) {
    this.#source = source;
    this.#options = options;
    const { clock, limits, stop } = options;
    let close = () => {};
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          close = () => {
            if (!this.#finish()) return;
            controller.close();
          };
        },
        pull: (controller) => this.#pull(controller, close),
        cancel: () => void this.#finish(),
      },
      { highWaterMark: 0 },
    );
    this.#lifetime = clock.setTimeout(close, limits.stream);
    if (stop.signal.aborted) close();
    else stop.signal.addEventListener("abort", close, { once: true });
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>, close: () => void): Promise<void> {
    if (this.#over) return;
    const write = (text: string) => {
      if (!this.#over) controller.enqueue(encoder.encode(text));
    };
    if (!this.#opened) {
      this.#opened = true;
      write(`retry: ${RETRY}\n\n`);
      return;
    }
    try {
      const result = await this.#nextOrQuiet();
      if (result === null) write(": alive\n\n");
      else if (result.done === true) close();
      else write(textOf(result.value));
    } catch (error) {
      if (!this.#over) this.#options.failed(error);
      close();
    }
  }

  /** The next event; null when there was none for a while. */
  async #nextOrQuiet(): Promise<IteratorResult<ServerEvent> | null> {
    const { clock, limits } = this.#options;
    this.#next ??= this.#source.next();
    let timer: unknown;
    const quiet = new Promise<null>((resolve) => {
      timer = clock.setTimeout(() => resolve(null), limits.keepAlive);
    });
    try {
      const result = await Promise.race([this.#next, quiet]);
      if (result !== null) this.#next = null;
      return result;
    } finally {
      clock.clearTimeout(timer);
    }
  }

  /** False: it was over already. */
  #finish(): boolean {
    if (this.#over) return false;
    this.#over = true;
    const { clock, stop, ended } = this.#options;
    clock.clearTimeout(this.#lifetime);
    stop.abort();
    this.#next?.catch(() => {});
    void this.#source.return?.().catch(() => {});
    ended();
    return true;
  }
}

/** JSON has no line ends, so that one `data` line is enough. */
function textOf({ id, event, data }: ServerEvent): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
