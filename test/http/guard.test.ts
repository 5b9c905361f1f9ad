/** Who may do what, and what is refused: with its status and code, without a word too much. */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Auth, type HttpOptions, httpHandler } from "../../plugins/http/index.ts";
import type { Engine, LogEntry } from "../../runtime/index.ts";
import { program } from "../engine/programs.ts";
import { Stage } from "../engine/stage.ts";
import { type Ask, BASE, clientOf, requestOf, TOKEN } from "./client.ts";

let stage: Stage;
let engine: Engine;
let keys: string[];
let logs: LogEntry[];
const ask = program("const answer = event(); world.tell(answer.key); return await answer", {
  tell: (key: string) => keys.push(key),
});

const handlerOf = (options: Partial<HttpOptions> = {}) =>
  httpHandler(engine, {
    auth: { token: TOKEN },
    workflows: { ask },
    log: (entry) => logs.push(entry),
    ...options,
  });
const open = (auth: Auth, options: Partial<HttpOptions> = {}): Ask =>
  clientOf(handlerOf({ auth, ...options }));
const bare = { authorization: "" };

beforeEach(async () => {
  keys = [];
  logs = [];
  stage = new Stage();
  engine = await stage.engine();
});
afterEach(() => stage.close());

describe("without being told who may use it", () => {
  test.each([
    ["nothing", undefined],
    ["a token that is not set", { token: undefined }],
    ["a short token", { token: "12345" }],
    ["no tokens", { token: [] }],
    ["a token with a line end", { token: "a-token-for-tests-only\n" }],
  ])("%s: no handler is made", (_, auth) => {
    expect(() => httpHandler(engine, { auth: auth as never })).toThrow(/CF3401/);
    try {
      httpHandler(engine, { auth: auth as never });
    } catch (error) {
      expect((error as Error).message).not.toMatch(/12345|a-token/);
    }
  });

  test("wrong options are refused at once", () => {
    const wrong = (options: object) => () => handlerOf(options);
    expect(wrong({ auth: "nobody" })).toThrow(/CF2301/);
    expect(wrong({ auth: { sent: "none" } })).toThrow(/no action "sent"/);
    expect(wrong({ auth: "key" })).toThrow(/for "send" only/);
    expect(wrong({ basePath: "api/" })).toThrow(/basePath/);
    expect(wrong({ limits: { bodi: 1 } })).toThrow(/no option "bodi"/);
    expect(wrong({ limits: { body: -1 } })).toThrow(/integer above 0/);
    expect(wrong({ limits: { wait: "soon" } })).toThrow(/CF2302/);
    expect(wrong({ cors: { origin: "https://example.com/" } })).toThrow(/no origin/);
    expect(wrong({ corz: {} })).toThrow(/no option "corz"/);
    expect(wrong({ workflows: { x: async () => {} } })).toThrow(/CF2001/);
  });
});

describe("a bearer token", () => {
  test("is asked for everywhere, and any of several does", async () => {
    const client = open({ token: [TOKEN, "another-token-of-ours"] });
    for (const [method, path] of [
      ["GET", "/runs"],
      ["GET", "/openapi.json"],
      ["POST", "/events/x"],
      ["POST", "/workflows/ask/runs"],
      ["GET", "/runs/x/changes"],
    ] as const) {
      const answer = await client(method, path, undefined, bare);
      expect(answer).toMatchObject({ status: 401, body: { error: { code: "CF3402" } } });
      expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer /);
      expect((await client(method, path, undefined, { authorization: `Bearer ${TOKEN}x` })).status).toBe(401);
      expect((await client(method, path, undefined, { authorization: `Basic ${TOKEN}` })).status).toBe(401);
    }
    expect(
      (await client("GET", "/runs", undefined, { authorization: "bearer another-token-of-ours" })).status,
    ).toBe(200);
  });
});

describe("rules", () => {
  test("for each action; what is not named is closed", async () => {
    const client = open({ list: "none", send: "key" });
    expect((await client("GET", "/runs", undefined, bare)).status).toBe(200);
    expect((await client("GET", "/runs/x")).body.error.code).toBe("CF3403");
  });

  test('"none" said aloud opens all', async () => {
    const client = open("none");
    expect((await client("POST", "/workflows/ask/runs", undefined, bare)).status).toBe(201);
    expect((await client("POST", "/events/any", undefined, bare)).status).toBe(202);
  });

  test("a function of the user's decides, and may answer itself", async () => {
    const asked: unknown[] = [];
    const client = open((request, action, subject) => {
      asked.push([action, { ...subject }]);
      if (request.headers.has("x-teapot")) return Response.json({ short: "stout" }, { status: 418 });
      return subject.workflow === "ask";
    });
    expect((await client("POST", "/workflows/ask/runs")).status).toBe(201);
    expect((await client("POST", "/events/a%2Fb")).status).toBe(403);
    expect(asked).toEqual([
      ["start", { workflow: "ask" }],
      ["send", { key: "a/b" }],
    ]);
    const answer = await handlerOf({ auth: () => Response.json({ short: "stout" }, { status: 418 }) })(
      requestOf("GET", "/runs"),
    );
    expect([answer.status, await answer.json()]).toEqual([418, { short: "stout" }]);
  });

  test("one that throws, or gives what is neither, lets nobody in", async () => {
    const thrower = open(() => {
      throw new Error("the session store is down: pg://secret");
    });
    const answer = await thrower("GET", "/runs");
    expect(answer).toMatchObject({ status: 500, body: { error: { code: "CF3412" } } });
    expect(JSON.stringify(answer.body)).not.toContain("secret");
    expect(logs).toMatchObject([{ level: "error", message: "GET /runs failed" }]);
    expect((await open((() => "yes") as never)("GET", "/runs")).status).toBe(403);
  });
});

describe("event keys", () => {
  test("one that only looks like one is answered alike, whether there is such a run or not", async () => {
    await engine.start(ask, [], { id: "there" });
    await engine.start(ask, [], { id: "ended" });
    await stage.when(() => keys.length === 2);
    await engine.cancel("ended", { force: true });
    const client = open({ send: "key" });
    const forged = (run: string) => `/events/${"0".repeat(32)}.1.${run}`;
    const near = `/events/${keys[0]!.replace(/^./, (first) => (first === "0" ? "1" : "0"))}`;
    const paths = [
      forged("there"),
      forged("ended"),
      forged("nowhere"),
      near,
      "/events/well-known",
      "/events/%00",
      `/events/${keys[0]} for there%2F1`,
    ];
    const answers = [];
    for (const path of paths) {
      const { status, body, headers } = await client("POST", path, true, bare);
      answers.push(JSON.stringify({ status, body, headers: [...headers] }));
    }
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain("CF3102");
    // Nothing was kept either: the run gets the one that is genuine.
    expect((await client("POST", `/events/${keys[0]}`, '"genuine"', bare)).status).toBe(200);
    expect(await stage.until(engine.run("there").result())).toBe("genuine");
  });

  test("a forged one is not kept for a run, whoever sends it", async () => {
    await engine.start(ask, [], { id: "r" });
    await stage.when(() => keys.length === 1);
    const client = open({ token: TOKEN });
    expect((await client("POST", `/events/${"0".repeat(32)}.1.r`)).status).toBe(404);
  });
});

describe("requests that are refused", () => {
  let client: Ask;
  beforeEach(() => {
    client = open({ token: TOKEN }, { limits: { body: 100, depth: 5, url: 200, headers: 500 } });
  });
  const start = "/workflows/ask/runs";

  test("addresses and methods", async () => {
    for (const path of [
      "/",
      "/run",
      "/runs/",
      "/runs//result",
      "/runs/%/result",
      "/runs/a/b/c",
      "/openapi.json/x",
    ])
      expect([path, (await client("GET", path)).status]).toEqual([path, 404]);
    const wrong = await client("DELETE", "/runs/x");
    expect([wrong.status, wrong.body.error.code, wrong.headers.get("allow")]).toEqual([
      405,
      "CF3405",
      "GET, HEAD, OPTIONS",
    ]);
    expect((await client("GET", "/events/x")).headers.get("allow")).toBe("POST, OPTIONS");
  });

  test("sizes", async () => {
    const code = "CF3407";
    expect(await client("POST", start, { args: ["x".repeat(200)] })).toMatchObject({
      status: 413,
      body: { error: { code } },
    });
    expect(await client("GET", `/runs?status=${"x".repeat(300)}`)).toMatchObject({
      status: 414,
      body: { error: { code } },
    });
    expect(await client("GET", "/runs", undefined, { "x-long": "y".repeat(600) })).toMatchObject({
      status: 431,
      body: { error: { code } },
    });
    expect(
      (await client("POST", start, `{"args":${"[".repeat(20)}${"]".repeat(20)}}`)).body.error,
    ).toMatchObject({ code: "CF3406", message: expect.stringContaining("too deep") });
  });

  test("bodies that are not what they say", async () => {
    for (const body of ["{", "undefined", '{"a":1}x', "'x'"])
      expect((await client("POST", start, body)).body.error.code).toBe("CF3406");
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "application/json; charset=latin1",
      "multipart/form-data; boundary=x",
      "json",
    ])
      expect(await client("POST", start, "{}", { "content-type": type })).toMatchObject({
        status: 415,
        body: { error: { code: "CF3408" } },
      });
    expect((await client("POST", start, "{}", { "content-encoding": "gzip" })).status).toBe(415);
    expect(
      (await client("POST", start, "{}", { "content-type": 'application/json; charset="UTF-8"' })).status,
    ).toBe(201);
    expect(
      (await client("POST", "/events/x", "{}", { "content-type": "application/cloudevents+json" })).status,
    ).toBe(202);
    const bytes = new Request(`${BASE}${start}`, {
      method: "POST",
      body: new Uint8Array([34, 255, 34]),
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    });
    expect((await handlerOf()(bytes)).status).toBe(400);
  });

  /** A request whose body comes in parts, and what was taken of it. */
  function slow(parts: readonly string[], options: { readonly ends: boolean }) {
    const taken = { parts: 0, cancelled: false };
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          const part = parts[taken.parts];
          if (part === undefined) return options.ends ? controller.close() : new Promise<void>(() => {});
          taken.parts++;
          controller.enqueue(new TextEncoder().encode(part));
        },
        cancel() {
          taken.cancelled = true;
        },
      },
      { highWaterMark: 0 },
    );
    const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
    const init = { method: "POST", headers, body, duplex: "half" };
    return { request: new Request(`${BASE}${start}`, init as RequestInit), taken };
  }

  test("a body that is larger than said is not read to its end", async () => {
    const { request, taken } = slow(
      Array.from({ length: 1000 }, () => " ".repeat(50)),
      { ends: true },
    );
    const answer = await handlerOf({ limits: { body: 100 } })(request);
    expect([answer.status, taken]).toEqual([413, { parts: 3, cancelled: true }]);
  });

  test("a body that never ends is given up after its time", async () => {
    const { request, taken } = slow(['{"args"'], { ends: false });
    const answer = await stage.until(handlerOf({ limits: { bodyTime: "10s" } })(request));
    expect([answer.status, taken.cancelled]).toEqual([408, true]);
    expect(await engine.list()).toEqual([]);
  });

  test("nothing of a body is read before it is clear who sends it", async () => {
    const { request, taken } = slow(["{}"], { ends: true });
    expect((await handlerOf({ auth: "never" })(request)).status).toBe(403);
    expect(taken.parts).toBe(0);
  });
});

describe("failures of the server", () => {
  test("say a code and nothing of the inside; the log has no key and no token", async () => {
    const store = new Proxy(engine.store, {
      get(target, name) {
        const value = Reflect.get(target, name, target);
        if (name !== "send" && name !== "read")
          return typeof value === "function" ? value.bind(target) : value;
        const fail = () => Promise.reject(new Error("connect /var/secret/runs.db"));
        return name === "send" ? fail : { ...value, run: fail, runs: fail, schemaOf: fail };
      },
    });
    engine = await stage.engine({ store, worker: false });
    const client = open({ token: TOKEN });
    for (const [method, path] of [
      ["GET", "/runs/x"],
      ["GET", "/runs"],
      ["POST", "/events/my-secret-key"],
      ["GET", "/runs/x/changes"],
    ] as const) {
      const answer = await client(method, path);
      expect(answer).toMatchObject({ status: 500, body: { error: { code: "CF3412" } } });
      expect(JSON.stringify(answer.body)).not.toContain("secret");
    }
    expect(logs).toHaveLength(4);
    expect(JSON.stringify(logs)).not.toMatch(new RegExp(`my-secret-key|${TOKEN}`));
  });

  test("a body that a rule or a middleware has read is not taken for none", async () => {
    const rule = async (request: Request) => (await request.text()) !== "";
    const answer = await open(rule)("POST", "/workflows/ask/runs", { args: [1] });
    expect(answer).toMatchObject({ status: 500, body: { error: { code: "CF3413" } } });
    expect(String((logs[0] as { error: unknown }).error)).toContain("request.clone()");
    const client = open(async (request) => (await request.clone().text()) !== "");
    expect((await client("POST", "/workflows/ask/runs", { id: "r", args: [1] })).status).toBe(201);
    expect((await engine.get("r"))!.args).toEqual([1]);
  });

  test("a closed engine is no fault of the request", async () => {
    const client = open({ token: TOKEN });
    await engine.close(0);
    for (const path of ["/runs", "/counts", "/runs/x"]) {
      const answer = await client("GET", path);
      expect(answer).toMatchObject({ status: 503, body: { error: { code: "CF3104" } } });
      expect(answer.headers.get("retry-after")).toBe("5");
    }
    expect(logs).toEqual([]);
  });
});

describe("HEAD, OPTIONS and other origins", () => {
  const origin = "https://app.example.com";

  test("HEAD is GET without a body, and waits for nothing", async () => {
    await engine.start(ask, [], { id: "h" });
    await stage.when(() => keys.length === 1);
    const handler = handlerOf();
    for (const [path, status] of [
      ["/runs/h", 200],
      ["/runs/h/result?wait=60s", 202],
      ["/runs/h/changes", 200],
      ["/runs/none", 404],
    ] as const) {
      const answer = await handler(requestOf("HEAD", path));
      expect([path, answer.status, answer.body]).toEqual([path, status, null]);
    }
    expect((await handler(requestOf("HEAD", "/runs", undefined, bare))).status).toBe(401);
  });

  test("OPTIONS tells the methods to anybody, and more to pages that may use it", async () => {
    const handler = handlerOf({ cors: { origin } });
    const preflight = (from: string) =>
      handler(
        new Request(`${BASE}/runs/x/cancel`, {
          method: "OPTIONS",
          headers: { origin: from, "access-control-request-method": "POST" },
        }),
      );
    const allowed = await preflight(origin);
    expect([allowed.status, allowed.headers.get("allow")]).toEqual([204, "POST, OPTIONS"]);
    expect(allowed.headers.get("access-control-allow-origin")).toBe(origin);
    expect(allowed.headers.get("access-control-allow-headers")).toContain("authorization");
    const other = await preflight("https://evil.example.com");
    expect([...other.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
    expect(other.headers.get("vary")).toBe("Origin");
    const listed = await handler(requestOf("GET", "/runs", undefined, { origin }));
    expect(listed.headers.get("access-control-allow-origin")).toBe(origin);
  });

  test("a page of another site cannot make a browser change anything", async () => {
    const client = open("none", { cors: { origin } });
    const cross = { ...bare, "sec-fetch-site": "cross-site" };
    expect(
      (
        await client("POST", "/workflows/ask/runs", undefined, {
          ...cross,
          origin: "https://evil.example.com",
        })
      ).status,
    ).toBe(403);
    expect((await client("POST", "/workflows/ask/runs", undefined, cross)).status).toBe(403);
    expect((await client("POST", "/workflows/ask/runs", undefined, { ...cross, origin })).status).toBe(201);
  });

  test("nor where the browser tells only of which origin the page is, as to servers without TLS", async () => {
    const client = open("none", { cors: { origin } });
    const from = async (page: string) =>
      (await client("POST", "/workflows/ask/runs", undefined, { ...bare, origin: page })).status;
    expect(await from("http://evil.example.com")).toBe(403);
    expect(await from("http://runs.test:8080")).toBe(403);
    expect(await from("null")).toBe(403);
    expect(await from(BASE)).toBe(201);
    expect(await from(origin)).toBe(201);
    const get = await client("GET", "/runs", undefined, { ...bare, origin: "http://evil.example.com" });
    expect(get.status).toBe(200);
  });

  test("nothing is kept by caches", async () => {
    const { headers } = await open({ token: TOKEN })("GET", "/runs");
    expect([headers.get("cache-control"), headers.get("x-content-type-options")]).toEqual([
      "no-store",
      "nosniff",
    ]);
  });
});

test("whatever comes, the answer has a code, and is one that is described", async () => {
  await engine.start(ask, [], { id: "a" });
  await stage.when(() => keys.length === 1);
  const client = open("none", { limits: { body: 2000 } });
  const word = fc.oneof(
    fc.constantFrom(
      "runs",
      "a",
      "events",
      "workflows",
      "ask",
      "result",
      "changes",
      "cancel",
      "suspend",
      "resume",
      "retry",
      "resolve",
      "reject",
      "counts",
      "openapi.json",
      "..",
      "%2e%2e",
      "%00",
      "%ff",
      "%F0%9F%92%A9",
      "__proto__",
      "constructor",
      keys[0]!,
    ),
    fc.string({ maxLength: 20 }).map(encodeURIComponent),
  );
  const value = fc.oneof(
    fc.json(),
    fc.string(),
    fc.constantFrom(
      "",
      "{}",
      '{"args":[]}',
      '{"args":[{"$map":[[1]]}]}',
      '{"wait":-1}',
      '{"payload":{"$date":7}}',
      '{"value":{"$bigint":"1e3"}}',
      '{"id":"__proto__"}',
      '{"tags":{"__proto__":"x"}}',
      '{"priority":1e400}',
    ),
  );
  const query = fc.oneof(
    fc.constant(""),
    fc.constantFrom(
      "?wait=0ms",
      "?wait=-1s",
      "?limit=NaN",
      "?cursor=%00",
      "?tag=:",
      "?include=locals",
      "?wait=1e9s",
      "?status",
    ),
    fc.webQueryParameters().map((text) => `?${text}`),
  );
  const header = fc.record(
    {
      "content-type": fc.constantFrom(
        "application/json",
        "application/vnd.coldframe+json",
        "text/plain",
        "",
        ";;;",
      ),
      "idempotency-key": fc.constantFrom("a", '"a"', "x".repeat(600), "k", ""),
      "last-event-id": fc.constantFrom("result", "1-x", ""),
      accept: fc.constantFrom("*/*", "text/html"),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("GET", "POST", "PUT", "HEAD", "OPTIONS", "PATCH"),
      fc.array(word, { maxLength: 4 }),
      query,
      value,
      header,
      async (method, words, search, body, headers) => {
        const path = `/${words.join("/")}`;
        if (method === "GET" && words[2] === "changes") return;
        const withBody = method !== "GET" && method !== "HEAD" && method !== "OPTIONS";
        const { status, body: answer } = await client(
          method,
          `${path}${search}`,
          withBody ? body : undefined,
          { ...headers },
        );
        expect(status).not.toBe(500);
        if (status >= 400 && method !== "HEAD") expect(answer.error.code).toMatch(/^CF\d{4}$/);
      },
    ),
    { numRuns: 1500 },
  );
  expect(logs).toEqual([]);
});
