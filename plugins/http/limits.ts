/** What one client can make the server hold, and for how long. */
import { ColdframeError, type Duration, milliseconds } from "../../runtime/index.ts";

export interface LimitOptions {
  /** Bytes of a body. Default 1 MiB. */
  readonly body?: number;
  /** How long a body may take to arrive. Default 30 s. */
  readonly bodyTime?: Duration;
  /** How deep values in a body may be nested. Default 100. */
  readonly depth?: number;
  /** Characters of the address. Default 8192. */
  readonly url?: number;
  /** Characters of all headers. Default 16,384. */
  readonly headers?: number;
  /** Runs on a page of the list. Default 1000. */
  readonly page?: number;
  /** How long a request may wait for a result. Default 60 s. */
  readonly wait?: Duration;
  /** Requests that wait or are event streams, at one time. Default 1000. */
  readonly streams?: number;
  /** After this time an event stream ends, and the client connects again. Default 15 min. */
  readonly stream?: Duration;
  /** How often an event stream shows that it is alive. Default 15 s. */
  readonly keepAlive?: Duration;
}

/** With all times in ms. */
export type Limits = { readonly [K in keyof LimitOptions]-?: number };

const defaults: Limits = {
  body: 1024 * 1024,
  bodyTime: 30_000,
  depth: 100,
  url: 8192,
  headers: 16_384,
  page: 1000,
  wait: 60_000,
  streams: 1000,
  stream: 900_000,
  keepAlive: 15_000,
};

const TIMES: ReadonlySet<string> = new Set(["bodyTime", "wait", "stream", "keepAlive"]);

/** The most that `depth` can be: values are read and written by recursion. */
const DEEPEST = 1000;

/** @throws ColdframeError CF2301, CF2302 */
export function limitsOf(options: LimitOptions): Limits {
  const limits: Record<string, number> = { ...defaults };
  for (const [name, value] of Object.entries(options) as [string, Duration | undefined][]) {
    if (!(name in defaults))
      throw wrong(
        `httpHandler(), limits has no option "${name}". It knows: ${Object.keys(defaults).join(", ")}`,
      );
    if (value === undefined) continue;
    const number = TIMES.has(name) ? milliseconds(value) : value;
    const most = name === "depth" ? DEEPEST : Infinity;
    const fits = typeof number === "number" && number > 0 && number <= most;
    if (!fits || !(TIMES.has(name) || Number.isInteger(number) || number === Infinity)) {
      throw wrong(
        `httpHandler(), limits: "${name}" is ${String(value)}, but must be ${TIMES.has(name) ? "a time" : "an integer"} above 0${most === Infinity ? "" : `, at most ${most}`}`,
      );
    }
    limits[name] = number;
  }
  return limits as Limits;
}

function wrong(detail: string): ColdframeError {
  return new ColdframeError("CF2301", detail);
}
