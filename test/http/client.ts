/** Calls a handler as a client would, and checks each answer against the description. */
import type { HttpHandler } from "../../plugins/http/index.ts";
import { checkAnswer } from "./described.ts";

export const TOKEN = "a-token-for-tests-only";

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: JSON, looked at by the test
  readonly body: any;
}

export type Ask = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Answered>;

export const BASE = "http://runs.test";

export function requestOf(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Request {
  const text = typeof body === "string" || body === undefined ? body : JSON.stringify(body);
  return new Request(`${BASE}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${TOKEN}`,
      ...(text === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(text === undefined ? {} : { body: text }),
  });
}

export function clientOf(handler: HttpHandler): Ask {
  return async (method, path, body, headers) => {
    const answer = await handler(requestOf(method, path, body, headers));
    await checkAnswer(method, path.split("?")[0]!, answer);
    const text = await answer.text();
    return {
      status: answer.status,
      headers: answer.headers,
      body: text === "" ? undefined : JSON.parse(text),
    };
  };
}

/** Reads the events of a stream one by one; null at its end. */
export class EventReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #text = "";
  /** Comments so far. */
  readonly comments: string[] = [];

  constructor(answer: Response) {
    this.#reader = answer.body!.getReader();
  }

  // biome-ignore lint/suspicious/noExplicitAny: JSON, looked at by the test
  async next(): Promise<{ readonly id: string; readonly event: string; readonly data: any } | null> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end < 0) {
        const { done, value } = await this.#reader.read();
        if (done) return null;
        this.#text += new TextDecoder().decode(value);
        continue;
      }
      const lines = this.#text.slice(0, end).split("\n");
      this.#text = this.#text.slice(end + 2);
      const field = (name: string) =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      this.comments.push(...lines.filter((line) => line.startsWith(":")));
      const data = field("data");
      if (data !== undefined) return { id: field("id")!, event: field("event")!, data: JSON.parse(data) };
    }
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }
}
