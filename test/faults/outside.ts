/**
 * The system outside, which steps call over HTTP: it remembers the highest fence of each run and refuses lower ones, and survives
 * every fault. What it sees is what is judged in the end.
 */
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { Random } from "../simulation/random.ts";
import { type Execution, Watch } from "../simulation/watch.ts";
import { closed, listen, portOf } from "./addresses.ts";

interface Call {
  readonly key: string;
  readonly attempt: number;
  readonly fence: number;
  readonly label: string;
  readonly input: string;
}

export class Outside {
  readonly watch = new Watch();
  /** Calls that came with a fence which is not the highest any more. */
  refused = 0;
  readonly #servers: readonly Server[];
  readonly #random: Random;
  /** Executions by the prefix of their labels. */
  readonly #own = new Map<string, Execution[]>();

  private constructor(random: Random, addresses: readonly string[]) {
    this.#random = random;
    const answer: RequestListener = async (request, response) => {
      try {
        const n = this.#called(JSON.parse(await textOf(request)) as Call);
        await new Promise((resolve) => setTimeout(resolve, this.#takes()));
        response.end(JSON.stringify(n));
      } catch (error) {
        response.writeHead(500).end(String(error));
      }
    };
    this.#servers = addresses.map(() => createServer(answer));
    // Workers are killed and frozen in the middle of it.
    for (const server of this.#servers) server.on("clientError", (_, socket) => socket.destroy());
  }

  /** @param addresses of this machine, on which it listens at one port */
  static async open(random: Random, addresses: readonly string[]): Promise<Outside> {
    const outside = new Outside(random, addresses);
    await listen(outside.#servers, addresses);
    return outside;
  }

  get port(): number {
    return portOf(this.#servers);
  }

  executionsOf(prefix: string): readonly Execution[] {
    return this.#own.get(prefix) ?? [];
  }

  async close(): Promise<void> {
    for (const server of this.#servers) server.closeAllConnections();
    await Promise.all(this.#servers.map(closed));
  }

  #called({ label, input, ...context }: Call): number | null {
    const n = this.watch.called(context, label, input, Date.now());
    if (n === null) {
      this.refused++;
      return null;
    }
    const prefix = label.slice(0, label.indexOf(".") + 1);
    const own = this.#own.get(prefix) ?? [];
    this.#own.set(prefix, own);
    own.push(this.watch.executions[n - 1]!);
    return n;
  }

  #takes(): number {
    return this.#random.chance(0.1) ? this.#random.between(200, 3000) : this.#random.between(0, 60);
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
