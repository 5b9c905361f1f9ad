/** Which web pages of other origins may use the API. By default none. */
import { ColdframeError } from "../../runtime/index.ts";
import { Refusal } from "./refusal.ts";

export interface CorsOptions {
  /** Origins, as `https://app.example.com`, or `"*"` for all. */
  readonly origin: "*" | string | readonly string[];
  /** Seconds that a browser keeps the answer to a preflight. Default 600. */
  readonly maxAge?: number;
}

const HEADERS = "authorization, content-type, idempotency-key, last-event-id";

export class Cors {
  /** Null: all. */
  readonly #origins: readonly string[] | null;
  readonly #maxAge: number;

  /** @throws ColdframeError CF2301 */
  constructor(options: CorsOptions | undefined) {
    const { origin = [], maxAge = 600 } = options ?? {};
    const origins = typeof origin === "string" ? [origin] : origin;
    this.#origins = origin === "*" ? null : origins;
    this.#maxAge = maxAge;
    for (const one of this.#origins ?? []) {
      if (!URL.canParse(one) || new URL(one).origin !== one)
        throw new ColdframeError(
          "CF2301",
          `httpHandler(), cors: ${JSON.stringify(one)} is no origin, as https://app.example.com is`,
        );
    }
  }

  /**
   * A page of another site makes the browser send this, with whatever the browser has of its user.
   * @throws Refusal 403
   */
  check(request: Request): void {
    const { headers, method } = request;
    if (method === "GET" || method === "HEAD" || isSameOrigin(request) || this.#allows(headers.get("origin")))
      return;
    throw new Refusal(403, "CF3403", "it comes from a web page of another origin");
  }

  /** Adds what the browser wants to know. */
  mark({ headers }: Request, answer: Headers): void {
    if (this.#origins?.length === 0) return;
    const origin = headers.get("origin");
    if (this.#origins !== null) answer.append("vary", "Origin");
    if (!this.#allows(origin)) return;
    answer.set("access-control-allow-origin", this.#origins === null ? "*" : origin!);
    answer.set("access-control-expose-headers", "location, retry-after");
  }

  /** Headers of the answer to OPTIONS. */
  preflight({ headers }: Request, methods: string): Record<string, string> {
    if (!headers.has("access-control-request-method") || !this.#allows(headers.get("origin"))) return {};
    return {
      "access-control-allow-methods": methods,
      "access-control-allow-headers": HEADERS,
      "access-control-max-age": String(this.#maxAge),
    };
  }

  #allows(origin: string | null): boolean {
    return origin !== null && (this.#origins === null || this.#origins.includes(origin));
  }
}

/** Or of no page at all. Browsers say so to servers that speak TLS, and to localhost; to others they tell only where the page is from. */
function isSameOrigin({ headers, url }: Request): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin" || site === "none";
  const origin = headers.get("origin");
  return origin === null || (URL.canParse(origin) && new URL(origin).host === new URL(url).host);
}
