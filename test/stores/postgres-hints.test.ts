/** Hints between processes: what is told reaches the others, however early, late or briefly somebody is connected. */
import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import type { Connections } from "../../stores/postgres/connections.ts";
import { Hints } from "../../stores/postgres/hints.ts";

/** A connection that is there when it is let, and what was asked of it. */
class Client extends EventEmitter {
  readonly told: unknown[] = [];
  ended = false;
  /** What a notification waits for. */
  held: Promise<void> = Promise.resolve();
  busy = 0;
  mostBusy = 0;
  open!: () => void;
  fail!: (error: Error) => void;
  readonly #opened = new Promise<void>((resolve, reject) => {
    this.open = resolve;
    this.fail = reject;
  });
  connect(): Promise<void> {
    return this.#opened;
  }
  async query({ text, values }: { text: string; values?: readonly string[] }): Promise<void> {
    this.mostBusy = Math.max(this.mostBusy, ++this.busy);
    await this.held;
    this.busy--;
    // As the driver has it: who is ended sends nothing any more.
    if (!this.ended && text.includes("pg_notify")) this.told.push(...JSON.parse(values![1]!)[1]);
  }
  async end(): Promise<void> {
    this.ended = true;
  }
}

function hints() {
  const clients: Client[] = [];
  const dedicated = () => {
    clients.push(new Client());
    return clients.at(-1)!;
  };
  const heard: unknown[] = [];
  const made = new Hints({ dedicated } as unknown as Connections, "s", (hint) => heard.push(hint));
  return { clients, heard, hints: made };
}

describe("hints", () => {
  it("of somebody who sends one event and goes are told, connected or not yet", async () => {
    const { clients, hints: made } = hints();
    made.tell([{ kind: "ready" }]);
    const ended = made.end();
    clients[0]!.open();
    await ended;
    expect(clients[0]).toMatchObject({ told: [{ kind: "ready" }], ended: true });
    const late = hints();
    late.clients[0]!.open();
    await new Promise((resolve) => setImmediate(resolve));
    late.hints.tell([{ kind: "ready" }, { kind: "ended", run: "r" }, { kind: "ready" }]);
    await late.hints.end();
    expect(late.clients[0]!.told).toEqual([{ kind: "ready" }, { kind: "ended", run: "r" }]);
  });

  it("are told one after the other, also to the last", async () => {
    const { clients, hints: made } = hints();
    const [client] = clients as [Client];
    client.open();
    await new Promise((resolve) => setImmediate(resolve));
    let release = () => {};
    client.held = new Promise((resolve) => {
      release = resolve;
    });
    for (let i = 0; i < 5; i++) {
      made.tell([{ kind: "ended", run: `r${i}` }]);
      await new Promise((resolve) => setTimeout(resolve, 7));
    }
    const ended = made.end();
    release();
    await ended;
    expect(client.mostBusy).toBe(1);
    expect(client.told).toEqual([0, 1, 2, 3, 4].map((i) => ({ kind: "ended", run: `r${i}` })));
  });

  it("that nobody can be told do not hold up the end", async () => {
    const { clients, hints: made } = hints();
    made.tell([{ kind: "ready" }]);
    const ended = made.end();
    clients[0]!.fail(new Error("too many connections"));
    await ended;
    expect(clients[0]!.told).toEqual([]);
  });

  it("are told when the connection comes back, many as one", async () => {
    const { clients, heard, hints: made } = hints();
    clients[0]!.open();
    await new Promise((resolve) => setImmediate(resolve));
    clients[0]!.emit("end");
    for (let i = 0; i < 1000; i++) made.tell([{ kind: "ended", run: `r${i}` }]);
    await new Promise<void>((resolve) => {
      const look = () => (clients.length > 1 ? resolve() : setTimeout(look, 5));
      look();
    });
    clients[1]!.open();
    await new Promise((resolve) => setImmediate(resolve));
    await made.end();
    expect(clients[1]!.told.length).toBeLessThan(201);
    expect(clients[1]!.told).toContainEqual({ kind: "others" });
    expect(heard).toEqual([{ kind: "others" }]);
  });
});
