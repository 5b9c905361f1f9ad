/**
 * A network between workers and the server that is not a good one: it cuts connections while a COMMIT is under way, swallows what
 * is sent, and is slow. Of what passes, it knows no more than where the word COMMIT stands, and the name of the user's table.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Random } from "../simulation/random.ts";
import { closed, listen, portOf } from "./addresses.ts";

export interface NetworkFaults {
  /** The server has carried a COMMIT out and said so; the answer never comes. */
  "answer to COMMIT lost": number;
  /** The same of a transaction that has counted in the user's table. */
  "answer to COMMIT of the user's lost": number;
  /** The COMMIT does not reach the server. */
  "cut before COMMIT": number;
  /** The answer to some other message is lost with its connection. */
  "answer lost": number;
  /** Nothing passes any more, and nobody is told; after a while it is cut. */
  "half-open connection": number;
  /** Each message takes up to half a second longer, for a while. */
  "slow connection": number;
}

type Loss = "answer to COMMIT lost" | "answer to COMMIT of the user's lost" | "answer lost";

/** Not the isolation level. */
const COMMIT = /COMMIT(?!TED)/;

/** Probability at each message of a client. */
const RATES: NetworkFaults = {
  "answer to COMMIT lost": 0.04,
  "answer to COMMIT of the user's lost": 0.25,
  "cut before COMMIT": 0.02,
  "answer lost": 0.003,
  "half-open connection": 0.002,
  "slow connection": 0.004,
};

export class Proxy {
  readonly counts: NetworkFaults = {
    "answer to COMMIT lost": 0,
    "answer to COMMIT of the user's lost": 0,
    "cut before COMMIT": 0,
    "answer lost": 0,
    "half-open connection": 0,
    "slow connection": 0,
  };
  /** Where connections go. */
  target: number;
  /** False: everything passes. */
  active = true;
  readonly #random: Random;
  readonly #servers: readonly Server[];
  readonly #sockets = new Set<Socket>();

  private constructor(target: number, random: Random, addresses: readonly string[]) {
    this.target = target;
    this.#random = random;
    this.#servers = addresses.map(() => createServer((client) => this.#carry(client)));
  }

  /** @param addresses of this machine, on which it listens at one port */
  static async open(target: number, random: Random, addresses: readonly string[]): Promise<Proxy> {
    const proxy = new Proxy(target, random, addresses);
    await listen(proxy.#servers, addresses);
    return proxy;
  }

  get port(): number {
    return portOf(this.#servers);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.map(closed));
  }

  #hits(kind: keyof NetworkFaults): boolean {
    return this.active && this.#random.chance(RATES[kind]);
  }

  #carry(client: Socket): void {
    const server = connect(this.target, "127.0.0.1");
    const ends = [client, server];
    const cut = () => {
      for (const end of ends) end.destroy();
    };
    for (const end of ends) {
      end.setNoDelay(true);
      this.#sockets.add(end);
      end.on("error", cut);
      end.on("close", () => {
        this.#sockets.delete(end);
        cut();
      });
    }
    let losing: Loss | null = null;
    /** Since the last COMMIT the user's table was named. */
    let counts = false;
    let silent = false;
    let slowUntil = 0;
    const pass = (to: Socket, data: Buffer, from: Socket) => {
      if (Date.now() >= slowUntil) {
        to.write(data);
        return;
      }
      // What comes later waits, so that it stays behind.
      from.pause();
      setTimeout(
        () => {
          to.write(data);
          from.resume();
        },
        this.#random.between(50, 500),
      );
    };
    client.on("data", (data) => {
      if (silent) return;
      if (data.includes("INTO counters")) counts = true;
      if (COMMIT.test(data.toString("latin1"))) {
        const loss = counts ? "answer to COMMIT of the user's lost" : "answer to COMMIT lost";
        counts = false;
        if (this.#hits("cut before COMMIT")) {
          this.counts["cut before COMMIT"]++;
          cut();
          return;
        }
        if (this.#hits(loss)) losing = loss;
      } else if (this.#hits("answer lost")) losing = "answer lost";
      if (this.#hits("half-open connection")) {
        this.counts["half-open connection"]++;
        silent = true;
        setTimeout(cut, this.#random.between(3000, 9000)).unref();
        return;
      }
      if (this.#hits("slow connection")) {
        this.counts["slow connection"]++;
        slowUntil = Date.now() + 3000;
      }
      pass(server, data, client);
    });
    server.on("data", (data) => {
      if (silent) return;
      if (losing === null) {
        pass(client, data, server);
        return;
      }
      // The server has answered: what was asked for is done, or refused.
      if (losing === "answer lost" || isDone(data)) this.counts[losing]++;
      cut();
    });
  }
}

/** Whether this answer to COMMIT says that it was carried out: a tag on Postgres, on MySQL a packet that is neither error nor rows. */
function isDone(answer: Buffer): boolean {
  return answer.includes("COMMIT\0") || answer[4] === 0;
}
