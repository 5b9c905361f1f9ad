/**
 * Hints between processes by `NOTIFY`. Never within a commit of ours: a transaction that notifies takes a lock of the whole server
 * until it is durable, which ends group commit. So hints are collected, and sent by a connection of their own a moment later;
 * that connection listens, too. It comes back by itself, and what was missed meanwhile is looked for.
 */
import { randomUUID } from "node:crypto";
import type { Hint } from "../../runtime/engine/store.ts";
import type { Connections, DedicatedClient } from "./connections.ts";

/** Hints are sent at most so often, in ms. */
const GAP = 5;
/** A notification holds less than 8000 bytes. */
const LONGEST = 7500;
/** More hints than this are not kept while there is no connection: all look then. */
const MOST = 200;
/** How long the end waits until what was told has been sent, in ms: whoever sends one event and goes is heard, too. */
const GOODBYE = 2000;
/** Waits between two tries to connect, in ms. */
const FIRST_WAIT = 100;
const LONGEST_WAIT = 10_000;

export function channelOf(schema: string): string {
  return `coldframe ${schema}`;
}

/** A notification that makes all look: of a transaction whose commit is a user's. */
export const OTHERS = JSON.stringify(["", [{ kind: "others" }]]);

export class Hints {
  readonly #connections: Connections;
  readonly #channel: string;
  readonly #self = randomUUID().slice(0, 8);
  readonly #heard: (hint: Hint) => void;
  #client: DedicatedClient | null = null;
  #waiting = new Map<string, Hint>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;
  #sent = 0;
  #wait = FIRST_WAIT;
  #ended = false;
  #everConnected = false;
  /** Settles when it listens, or the first try has failed. */
  readonly #begun: Promise<void>;
  /** Settles when the last notification has been sent, or could not be. One at a time: the driver is about to take no more. */
  #telling: Promise<unknown> = Promise.resolve();
  #busy = false;

  /** @param heard is told what other processes say */
  constructor(connections: Connections, schema: string, heard: (hint: Hint) => void) {
    this.#connections = connections;
    this.#channel = channelOf(schema);
    this.#heard = heard;
    this.#begun = this.#connect();
  }

  /** Tells other processes, soon; when there is no connection yet, or none any more, as soon as there is one. */
  tell(hints: readonly Hint[]): void {
    for (const hint of hints) this.#waiting.set("run" in hint ? `${hint.kind} ${hint.run}` : hint.kind, hint);
    if (this.#client === null && this.#waiting.size > MOST)
      this.#waiting = new Map([["others", { kind: "others" }]]);
    if (this.#client === null || this.#waiting.size === 0 || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#flush(), Math.max(0, this.#sent + GAP - Date.now()));
    this.#timer.unref();
  }

  async end(): Promise<void> {
    if (this.#waiting.size > 0) await soon(this.#begun);
    await soon(this.#telling);
    this.#flush();
    this.#ended = true;
    clearTimeout(this.#again);
    const client = this.#client;
    this.#client = null;
    // A client that is ended drops what it has not sent.
    await soon(this.#telling);
    await client?.end().catch(() => {});
  }

  async #connect(): Promise<void> {
    const client = this.#connections.dedicated!();
    const lost = () => this.#lost(client);
    client.on("error", lost);
    client.on("end", lost);
    client.on("notification", ({ channel, payload }) => {
      if (channel === this.#channel) this.#hear(payload ?? "");
    });
    try {
      await client.connect();
      // A notification that a crash of the server takes along is only a hint.
      await client.query({ text: "SET synchronous_commit = off" });
      await client.query({ text: `LISTEN "${this.#channel}"` });
    } catch {
      this.#lost(client);
      await client.end().catch(() => {});
      return;
    }
    if (this.#ended) {
      await client.end().catch(() => {});
      return;
    }
    this.#client = client;
    this.#busy = false;
    this.#wait = FIRST_WAIT;
    if (this.#everConnected) this.#heard({ kind: "others" });
    this.#everConnected = true;
    this.tell([]);
  }

  #lost(client: DedicatedClient): void {
    if (this.#client === client) {
      this.#client = null;
      client.end().catch(() => {});
    }
    if (this.#ended || this.#client !== null || this.#again !== undefined) return;
    this.#again = setTimeout(
      () => {
        this.#again = undefined;
        void this.#connect();
      },
      this.#wait * (0.5 + Math.random() / 2),
    );
    this.#again.unref();
    this.#wait = Math.min(LONGEST_WAIT, this.#wait * 2);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sent = Date.now();
    const client = this.#client;
    if (client === null || this.#busy || this.#waiting.size === 0) return;
    const runs: Hint[] = [...this.#waiting.values()];
    this.#waiting = new Map();
    let text = JSON.stringify([this.#self, runs]);
    if (Buffer.byteLength(text) > LONGEST) text = JSON.stringify([this.#self, [{ kind: "others" }]]);
    this.#busy = true;
    this.#telling = client
      .query({ text: "SELECT pg_notify($1, $2)", values: [this.#channel, text] })
      .catch(() => {})
      .then(() => {
        if (this.#client !== client) return;
        this.#busy = false;
        this.tell([]);
      });
  }

  #hear(payload: string): void {
    let hints: readonly Hint[] = [{ kind: "others" }];
    try {
      const [sender, told] = JSON.parse(payload) as [string, readonly Hint[]];
      if (sender === this.#self) return;
      hints = told;
    } catch {
      // From somebody else: look.
    }
    for (const hint of hints) this.#heard(hint);
  }
}

/** Waits for it, but not for long. */
async function soon(promise: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, GOODBYE);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
