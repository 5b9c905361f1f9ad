/** Long polls and event streams, in virtual time: what they tell, when they end, and what they leave behind. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type HttpHandler, type HttpOptions, httpHandler } from "../../plugins/http/index.ts";
import type { Engine, LogEntry } from "../../runtime/index.ts";
import { program } from "../engine/programs.ts";
import { Stage } from "../engine/stage.ts";
import { type Ask, clientOf, EventReader, requestOf } from "./client.ts";

let stage: Stage;
let engine: Engine;
let handler: HttpHandler;
let client: Ask;
let logs: LogEntry[];
const main = program("const a = await event('a'); const b = await event('b'); return [a, b]");

function open(limits: HttpOptions["limits"] = {}): void {
  // Tokens are compared by another thread, in real time.
  handler = httpHandler(engine, { auth: "none", limits, log: (entry) => logs.push(entry) });
  client = clientOf(handler);
}

beforeEach(async () => {
  logs = [];
  stage = new Stage();
  engine = await stage.engine();
  open();
  await engine.start(main, [], { id: "r" });
  await waits("a");
});
afterEach(async () => {
  await stage.close();
  expect(logs).toEqual([]);
});

const waits = (name: string) => stage.when(async () => (await engine.get("r"))?.waits[0]?.name === name);
const events = { accept: "text/event-stream" };

async function stream(path: string, headers: Record<string, string> = {}, signal?: AbortSignal) {
  const request = new Request(
    requestOf("GET", path, undefined, headers),
    signal === undefined ? {} : { signal },
  );
  const answer = await handler(request);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
  return new EventReader(answer);
}

/** Both events of the run. */
async function finish(): Promise<void> {
  await engine.send("a", 1);
  await engine.send("b", 2);
  await stage.until(engine.run("r").result());
}

describe("a long poll", () => {
  test("answers at once without a time, and when the time is over", async () => {
    expect(await client("GET", "/runs/r/result")).toMatchObject({
      status: 202,
      body: { id: "r", status: "active" },
    });
    const began = stage.clock.now();
    const answer = await stage.until(client("GET", "/runs/r/result?wait=30s"));
    expect([answer.status, stage.clock.now() - began]).toEqual([202, 30_000]);
  });

  test("waits no longer than the limit", async () => {
    const began = stage.clock.now();
    await stage.until(client("GET", "/runs/r/result?wait=2d"));
    expect(stage.clock.now() - began).toBe(60_000);
  });

  test("answers when the run ends", async () => {
    const began = stage.clock.now();
    const polled = client("GET", "/runs/r/result?wait=30s");
    await finish();
    expect((await stage.until(polled)).body).toEqual({ id: "r", status: "done", result: [1, 2] });
    expect(stage.clock.now()).toBe(began);
  });

  test("ends with the client, and leaves nothing behind", async () => {
    const gone = new AbortController();
    open({ streams: 1 });
    const polled = handler(new Request(requestOf("GET", "/runs/r/result?wait=30s"), { signal: gone.signal }));
    await stage.when(() => true);
    gone.abort();
    await stage.until(polled);
    const again = handler(requestOf("GET", "/runs/r/result?wait=1s"));
    expect((await stage.until(again)).status).toBe(202);
  });

  test("a time that cannot be read", async () => {
    for (const wait of ["30", "soon", "-1s", ""])
      expect([wait, (await client("GET", `/runs/r/result?wait=${wait}`)).status]).toEqual([wait, 400]);
  });

  test("of a client whose engine does not work itself", async () => {
    const other = await stage.engine({ worker: false });
    const polled = httpHandler(other, { auth: "none" })(requestOf("GET", "/runs/r/result?wait=30s"));
    await finish();
    expect(await (await stage.until(polled)).json()).toMatchObject({ result: [1, 2] });
  });
});

describe("the result as an event", () => {
  test("comes once, and then no more", async () => {
    const reader = await stream("/runs/r/result", events);
    const next = reader.next();
    await finish();
    const event = await stage.until(next);
    expect(event).toMatchObject({ event: "result", data: { status: "done", result: [1, 2] } });
    expect(await reader.next()).toBeNull();
    const again = await client("GET", "/runs/r/result", undefined, { ...events, "last-event-id": event!.id });
    expect(again.status).toBe(204);
  });

  test("of a run that has ended and of one that has failed", async () => {
    await engine.cancel("r", { force: true });
    const reader = await stream("/runs/r/result", events);
    expect(await stage.until(reader.next())).toMatchObject({
      data: { status: "cancelled", failure: { name: "Cancelled" } },
    });
  });
});

describe("changes as events", () => {
  test("the state now, after each change, and the end", async () => {
    const reader = await stream("/runs/r/changes");
    const first = await stage.until(reader.next());
    expect(first).toMatchObject({ event: "state", data: { status: "active", waits: [{ name: "a" }] } });
    await engine.send("a", 1);
    await waits("b");
    expect((await stage.until(reader.next()))!.data.waits[0].name).toBe("b");
    await engine.send("b", 2);
    let last = await stage.until(reader.next());
    while (last!.data.status !== "done") last = await stage.until(reader.next());
    expect(await stage.until(reader.next())).toBeNull();
    const again = await client("GET", "/runs/r/changes", undefined, { "last-event-id": last!.id });
    expect(again.status).toBe(204);
  });

  test("a client that connects again gets only what it has not seen", async () => {
    const before = await stream("/runs/r/changes");
    const { id } = (await stage.until(before.next()))!;
    await before.cancel();
    const after = await stream("/runs/r/changes", { "last-event-id": id });
    const next = after.next();
    await engine.send("a", 1);
    await waits("b");
    let state = (await stage.until(next))!;
    expect(state.id).not.toBe(id);
    while (state.data.waits[0].name !== "b") state = (await stage.until(after.next()))!;
    const stranger = await stream("/runs/r/changes", { "last-event-id": "0-other" });
    expect((await stage.until(stranger.next()))!.data.waits[0].name).toBe("b");
    await Promise.all([after.cancel(), stranger.cancel()]);
  });

  test("who is slow gets the latest state, not all of them", async () => {
    const reader = await stream("/runs/r/changes");
    await finish();
    const seen = [];
    for (let one = await stage.until(reader.next()); one !== null; one = await stage.until(reader.next()))
      seen.push(one.data.status);
    expect(seen).toEqual(["done"]);
  });

  test("shows that it is alive while nothing happens", async () => {
    open({ keepAlive: "15s", stream: "61s" });
    const reader = await stream("/runs/r/changes");
    await stage.until(reader.next());
    expect(await stage.until(reader.next())).toBeNull();
    expect(reader.comments).toEqual([": alive", ": alive", ": alive", ": alive"]);
  });

  test("makes nothing for a client that does not read, and lets it go after the time", async () => {
    open({ stream: "5m", streams: 1 });
    let looked = 0;
    const { get } = engine;
    const handled = await handler(requestOf("GET", "/runs/r/changes"));
    engine.get = (id) => {
      looked++;
      return get.call(engine, id);
    };
    await finish();
    await stage.clock.advance(60_000);
    expect(looked).toBe(0);
    expect((await client("GET", "/runs/r/result?wait=1s")).status).toBe(200);
    const refused = await client("GET", "/runs/r/changes");
    expect(refused).toMatchObject({ status: 503, body: { error: { code: "CF3411" } } });
    await stage.clock.advance(240_000);
    expect(await handled.text()).toBe("");
    await (await stream("/runs/r/changes")).cancel();
  });

  test("ends with the client: no timer, no watcher and no place is left", async () => {
    open({ streams: 1 });
    const idle = stage.clock.next;
    for (let i = 0; i < 3; i++) {
      const gone = new AbortController();
      const reader = await stream("/runs/r/changes", {}, gone.signal);
      await stage.until(reader.next());
      const next = reader.next();
      gone.abort();
      expect(await stage.until(next)).toBeNull();
    }
    await stage.when(() => true);
    expect(stage.clock.next).toBe(idle);
  });

  test("ends when the engine is closed", async () => {
    const reader = await stream("/runs/r/changes");
    await stage.until(reader.next());
    const next = reader.next();
    await engine.close(0);
    expect(await stage.until(next)).toBeNull();
  });

  test("a change that nobody told of is found by looking", async () => {
    const store = new Proxy(stage.data.connect(), {
      get(target, name) {
        if (name === "watch") return () => () => {};
        const value = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const deaf = await stage.engine({ store, worker: false, poll: "5s" });
    const answer = await httpHandler(deaf, { auth: "none", limits: { stream: "30s" } })(
      requestOf("GET", "/runs/r/changes"),
    );
    const reader = new EventReader(answer);
    await stage.until(reader.next());
    const next = reader.next();
    await engine.send("a", 1);
    await waits("b");
    let state = await stage.until(next);
    while (state !== null && state.data.waits[0]?.name !== "b") state = await stage.until(reader.next());
    expect(state).not.toBeNull();
    await reader.cancel();
  });
});
