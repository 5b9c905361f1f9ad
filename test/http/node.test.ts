/** Behind Node's own server, over real sockets: bodies, streams, clients that go, and clients that do not read. */
import { once } from "node:events";
import { createServer, request as httpRequest, type Server } from "node:http";
import { connect as connectSecond, createServer as createSecondServer } from "node:http2";
import { type AddressInfo, connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { httpHandler } from "../../plugins/http/index.ts";
import { toNodeListener } from "../../plugins/http/node/index.ts";
import { createEngine, type Engine } from "../../runtime/index.ts";
import { memory } from "../../stores/memory/index.ts";
import { program } from "../engine/programs.ts";
import { EventReader, TOKEN } from "./client.ts";

const main = program("const a = await event('a'); return { a, n: args[0] }");
const headers = { authorization: `Bearer ${TOKEN}` };
let engine: Engine;
let server: Server;
let base: string;

async function listen(handler: (request: Request) => Response | Promise<Response>): Promise<void> {
  server = createServer(toNodeListener(handler)).listen(0, "127.0.0.1");
  await once(server, "listening");
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeEach(async () => {
  engine = await createEngine({ store: memory() });
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await engine.close(0);
});

/** Sends these bytes and gives all that comes back, until the server closes or `enough` holds. */
async function raw(text: string, enough: (answer: string) => boolean = () => false): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.write(text);
  let answer = "";
  socket.setEncoding("utf8").on("data", (part) => {
    answer += part;
    if (enough(answer)) socket.destroy();
  });
  await once(socket, "close");
  return answer;
}

describe("the API", () => {
  beforeEach(() =>
    listen(httpHandler(engine, { auth: { token: TOKEN }, workflows: { main }, limits: { body: 1000 } })),
  );

  test("start, events, and the result by long poll and stream", async () => {
    const json = { ...headers, "content-type": "application/json" };
    const started = await fetch(`${base}/workflows/main/runs`, {
      method: "POST",
      headers: json,
      body: JSON.stringify({ id: "r", args: ["ü"] }),
    });
    expect([started.status, started.headers.get("location")]).toEqual([201, "/runs/r"]);
    const polled = fetch(`${base}/runs/r/result?wait=30s`, { headers });
    const reader = new EventReader(await fetch(`${base}/runs/r/changes`, { headers }));
    expect(await reader.next()).toMatchObject({ event: "state" });
    const sent = await fetch(`${base}/events/a`, { method: "POST", headers: json, body: "[1]" });
    expect(sent.status).toBeLessThan(300);
    expect(await (await polled).json()).toEqual({ id: "r", status: "done", result: { a: [1], n: "ü" } });
    for (let last = await reader.next(); last !== null; last = await reader.next())
      if (last.data.status === "done") break;
    expect(await reader.next()).toBeNull();
  });

  test("a large body is refused before it came, and the connection is not read on", async () => {
    const head = `POST /events/a HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\ncontent-type: application/json\r\n`;
    expect(await raw(`${head}content-length: 1000000000\r\n\r\n[1,`)).toMatch(
      /^HTTP\/1.1 413 .*connection: close.*CF3407/is,
    );
    const chunk = `3e8\r\n${" ".repeat(1000)}\r\n`;
    expect(await raw(`${head}transfer-encoding: chunked\r\n\r\n${chunk}${chunk}`)).toMatch(/^HTTP\/1.1 413 /);
  });

  test("a body that a parser in front has read is not taken for none", async () => {
    const handler = toNodeListener(
      httpHandler(engine, {
        auth: "none",
        workflows: { main },
        log: ({ error }) => failures.push(String(error)),
      }),
    );
    const failures: string[] = [];
    const parsing = createServer(async (request, response) => {
      for await (const _ of request);
      handler(request, response);
    }).listen(0, "127.0.0.1");
    await once(parsing, "listening");
    const there = `http://127.0.0.1:${(parsing.address() as AddressInfo).port}`;
    const init = { method: "POST", headers: { "content-type": "application/json" } };
    const answer = await fetch(`${there}/workflows/main/runs`, { ...init, body: '{"args":[1]}' });
    expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([
      500,
      "CF3413",
    ]);
    expect(failures.join()).toMatch(/CF3413.*before express\.json/);
    expect((await fetch(`${there}/events/a`, { ...init, body: "1" })).status).toBe(500);
    expect(await engine.list()).toEqual([]);
    expect((await fetch(`${there}/workflows/main/runs`, { method: "POST" })).status).toBe(201);
    parsing.closeAllConnections();
    parsing.close();
  });

  test("HTTP/2 is spoken, with its own name of the host", async () => {
    const handler = httpHandler(engine, { auth: "none", workflows: { main } });
    const second = createSecondServer(toNodeListener(handler as never) as never).listen(0, "127.0.0.1");
    await once(second, "listening");
    const there = `http://127.0.0.1:${(second.address() as AddressInfo).port}`;
    const client = connectSecond(there);
    const start = async (origin: string) => {
      const stream = client.request({ ":path": "/workflows/main/runs", ":method": "POST", origin });
      stream.end();
      const [answered] = await once(stream, "response");
      stream.resume();
      return answered[":status"];
    };
    expect([await start(there), await start("http://evil.example.com")]).toEqual([201, 403]);
    client.close();
    await new Promise((resolve) => second.close(resolve));
  });

  test("odd requests are answered, and the server goes on", async () => {
    const ended = (answer: string) => answer.includes("\r\n\r\n");
    for (const first of [
      "TRACE / HTTP/1.1",
      "GET http://other.example/runs HTTP/1.1",
      "GET //evil/runs HTTP/1.1",
      "GET /%zz/%00 HTTP/1.1",
      "GET * HTTP/1.1",
    ])
      expect(await raw(`${first}\r\nhost: x y\r\n\r\n`, ended)).toMatch(/^HTTP\/1.1 4\d\d /);
    expect((await fetch(`${base}/counts`, { headers })).status).toBe(200);
  });
});

describe("streams", () => {
  test("a client that goes aborts the request and cancels the answer", async () => {
    const told: string[] = [];
    let over: () => void = () => {};
    const both = new Promise<void>((resolve) => (over = resolve));
    const tell = (what: string) => {
      told.push(what);
      if (told.length === 2) over();
    };
    await listen(({ signal }) => {
      signal.addEventListener("abort", () => tell("aborted"));
      return new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode("x")),
          cancel: () => tell("cancelled"),
        }),
      );
    });
    const client = httpRequest(base).end();
    const [answer] = await once(client, "response");
    await once(answer, "readable");
    client.destroy();
    await both;
    expect(told.sort()).toEqual(["aborted", "cancelled"]);
  });

  test("a client that does not read stops what is made for it", async () => {
    let made = 0;
    const part = new Uint8Array(1 << 20);
    let full: () => void = () => {};
    const stalled = new Promise<void>((resolve) => (full = resolve));
    await listen(
      () =>
        new Response(
          new ReadableStream(
            {
              // The server's turn, then the sockets': when nothing was asked for in between, all buffers are full.
              async pull(controller) {
                const now = ++made;
                controller.enqueue(part);
                if (made > 200) controller.close();
                let quiet = 0;
                const look = () => {
                  if (made !== now) return;
                  if (++quiet === 2000) full();
                  else setImmediate(look);
                };
                setImmediate(look);
              },
            },
            { highWaterMark: 0 },
          ),
        ),
    );
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    client.pause();
    client.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    await stalled;
    expect(made).toBeLessThan(50);
    client.destroy();
  });

  test("a handler that throws costs its connection only", async () => {
    let calls = 0;
    await listen(() => {
      if (calls++ === 0) throw new Error("broken");
      return new Response("fine");
    });
    await expect(fetch(base)).rejects.toThrow();
    expect(await (await fetch(base)).text()).toBe("fine");
  });
});
