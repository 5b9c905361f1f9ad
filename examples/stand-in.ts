/**
 * A stand-in for a system of somebody else: a small HTTP server that answers late, is sometimes busy, and does
 * not do the same thing twice for the same `idempotency-key`. Both examples build their systems from it.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One thing that was really done, in the order in which it was asked for. */
export interface Effect {
  readonly operation: string;
  readonly args: unknown;
  /** Idempotency key of the request; "" when the caller sent none. */
  readonly key: string;
}

export interface StandInOptions {
  /** What it can do, by the last part of the path: `POST /<operation>` with the arguments as JSON. */
  readonly operations: Readonly<Record<string, (args: never) => unknown>>;
  /** Answers after this many milliseconds, drawn between the two. */
  readonly delay?: readonly [least: number, most: number];
  /** Chance of answering 503 before anything was done, 0 to 1. */
  readonly busy?: number;
  /** Seed of the random numbers behind `delay` and `busy`. */
  readonly seed?: number;
  /** Told of every request when it arrives and when it is answered. */
  readonly onTrace?: (line: string) => void;
}

export interface StandIn {
  readonly url: string;
  readonly effects: readonly Effect[];
  /** The next `times` requests for `operation` are refused with `message`; a repeated key gets the same refusal. */
  refuse(operation: string, message: string, times?: number): void;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Starts a stand-in on a free port of the loopback interface. */
export async function standIn(options: StandInOptions): Promise<StandIn> {
  const random = mulberry32(options.seed ?? 1);
  const [least, most] = options.delay ?? [0, 0];
  const effects: Effect[] = [];
  const answers = new Map<string, Answer>();
  const refusals = new Map<string, { message: string; times: number }>();
  const trace = options.onTrace ?? (() => {});

  /** Does it, once per key. A refusal is an answer like any other and is remembered too. */
  const perform = (operation: string, args: unknown, key: string): Answer => {
    const known = key === "" ? undefined : answers.get(key);
    if (known !== undefined) return known;
    const refusal = refusals.get(operation);
    let answer: Answer;
    if (refusal !== undefined && refusal.times > 0) {
      refusal.times--;
      answer = { status: 422, body: { error: refusal.message } };
    } else {
      answer = { status: 200, body: options.operations[operation]?.(args as never) ?? null };
    }
    effects.push({ operation, args, key });
    if (key !== "") answers.set(key, answer);
    return answer;
  };

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const operation = (request.url ?? "/").slice(1);
    const key = String(request.headers["idempotency-key"] ?? "");
    let text = "";
    for await (const chunk of request) text += chunk;
    const args: unknown = text === "" ? {} : JSON.parse(text);
    if (!(operation in options.operations))
      return reply(response, { status: 404, body: { error: `no ${operation}` } });
    trace(`-> ${operation} ${describe(args)}`);
    const unavailable = random() < (options.busy ?? 0);
    await wait(least + random() * (most - least));
    const answer = unavailable
      ? { status: 503, body: { error: "busy, try again" } }
      : perform(operation, args, key);
    trace(`<- ${operation}${outcome(answer)}`);
    reply(response, answer);
  };

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) =>
      reply(response, { status: 400, body: { error: String(error) } }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    effects,
    refuse: (operation, message, times = 1) => void refusals.set(operation, { message, times }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** `{ ip: "10.0.0.1", n: 2 }` as `ip=10.0.0.1 n=2`. */
export function describe(args: unknown): string {
  const pairs = Object.entries(args as object).map(
    ([k, v]) => `${k}=${typeof v === "string" ? v : JSON.stringify(v)}`,
  );
  return pairs.length === 0 ? "-" : pairs.join(" ");
}

function outcome({ status, body }: Answer): string {
  if (status !== 200) return ` ! ${(body as { error: string }).error}`;
  return body === null ? "" : ` = ${JSON.stringify(body)}`;
}

function reply(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Small seeded generator of numbers in [0, 1), so that every run of an example is the same. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
