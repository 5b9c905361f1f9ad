/** Every endpoint, as a client sees it. Each answer is checked against the description (described.ts). */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type HttpOptions, httpHandler } from "../../plugins/http/index.ts";
import type { Engine } from "../../runtime/index.ts";
import { FatalError } from "../../runtime/index.ts";
import { load, program } from "../engine/programs.ts";
import { Stage } from "../engine/stage.ts";
import { type Ask, clientOf, TOKEN } from "./client.ts";

const { order, ask, hold, make } = load(
  `
  import { event, step } from "coldframe"; import { world } from "world";
  export async function order(item, amount) { "use workflow"; const payload = await event("paid " + item); return { item, amount, payload }; }
  export async function ask(secret) { "use workflow"; const answer = event(); world.tell(answer.key); return await answer; }
  async function charge() { "use step"; return world.charge(); }
  const charged = step(charge, { onFailure: "hold", retry: { attempts: 1 } });
  export async function hold() { "use workflow"; return await charged(); }
  export async function make() { "use workflow"; return world.make(); }
`,
  {
    world: {
      tell: (key: string) => keys.push(key),
      charge: () => {
        throw new FatalError("the card is stolen");
      },
      make: () => made(),
    },
  },
) as Record<string, () => Promise<unknown>>;

let keys: string[] = [];
let made: () => unknown = () => null;
let stage: Stage;
let engine: Engine;
let client: Ask;

function open(options: Partial<HttpOptions> = {}): Ask {
  return clientOf(
    httpHandler(engine, {
      auth: { token: TOKEN },
      workflows: { order: order!, ask: ask!, hold: hold!, make: make! },
      ...options,
    }),
  );
}

beforeEach(async () => {
  keys = [];
  stage = new Stage();
  engine = await stage.engine();
  client = open();
});
afterEach(() => stage.close());

const parked = (id: string) => stage.when(async () => ((await engine.get(id))?.waits.length ?? 0) > 0);

describe("start", () => {
  test("a run of a registered workflow, whose result can be had", async () => {
    const { status, headers, body } = await client("POST", "/workflows/order/runs", {
      args: ["lamp", 2],
      id: "o/1 ü",
      tags: { shop: "oslo" },
      priority: 3,
    });
    expect([status, headers.get("location")]).toEqual([201, "/runs/o%2F1%20%C3%BC"]);
    expect(body).toEqual({ id: "o/1 ü", workflow: "order", created: true });
    expect((await client("POST", "/events/paid%20lamp", { by: "kim" })).body).toEqual({
      status: "delivered",
    });
    await stage.until(engine.run("o/1 ü").result());
    const result = await client("GET", `${headers.get("location")}/result`);
    expect(result).toMatchObject({
      status: 200,
      body: { id: "o/1 ü", status: "done", result: { item: "lamp", amount: 2, payload: { by: "kim" } } },
    });
    const { body: state } = await client("GET", headers.get("location")!);
    expect(state).toMatchObject({ status: "done", tags: { shop: "oslo" }, priority: 3, workflow: "order" });
  });

  test("a run of a group, under a limit", async () => {
    const start = (id: string, more: object) =>
      client("POST", "/workflows/order/runs", { args: ["lamp", 2], id, ...more });
    const limit = { key: "shop", max: 1 };
    for (const id of ["a", "b"]) expect((await start(id, { limit })).status).toBe(201);
    expect((await start("c", { group: "gpu" })).status).toBe(201);
    await parked("a");
    await stage.clock.advance(60_000);
    expect(await engine.get("b")).toMatchObject({ turn: 0, due: null });
    expect(await engine.get("c")).toMatchObject({ turn: 0, group: "gpu" });
    for (const wrong of [
      null,
      1,
      {},
      { key: "k" },
      { ...limit, max: "1" },
      { ...limit, min: 0 },
      { ...limit, max: 0 },
    ])
      expect((await start("d", { limit: wrong })).status).toBe(400);
    expect((await start("d", { group: "*" })).status).toBe(400);
    expect(await engine.get("d")).toBeNull();
  });

  test("the same id twice is one run, by body or header", async () => {
    const first = { args: [{ a: 1, b: 2 }], id: "one" };
    expect((await client("POST", "/workflows/order/runs", first)).status).toBe(201);
    const again = await client(
      "POST",
      "/workflows/order/runs",
      { args: [{ b: 2, a: 1 }] },
      { "idempotency-key": '"one"' },
    );
    expect(again).toMatchObject({ status: 200, body: { id: "one", created: false } });
    const other = { ...first, args: [{ a: 1, b: 3 }] };
    const refused = await client("POST", "/workflows/order/runs", other);
    expect(refused).toMatchObject({ status: 409, body: { error: { code: "CF3409" } } });
    const byKey = await client("POST", "/workflows/ask/runs", {}, { "idempotency-key": "one" });
    expect(byKey).toMatchObject({ status: 422, body: { error: { code: "CF3409" } } });
    const torn = await client("POST", "/workflows/order/runs", first, { "idempotency-key": "two" });
    expect(torn).toMatchObject({ status: 400, body: { error: { code: "CF3406" } } });
    expect((await engine.list()).length).toBe(1);
  });

  test("refuses what is no workflow, no list of arguments, no option", async () => {
    const start = (body: unknown) => client("POST", "/workflows/order/runs", body);
    expect((await client("POST", "/workflows/refund/runs", {})).body.error.code).toBe("CF3404");
    expect((await client("POST", "/workflows/__proto__/runs", {})).status).toBe(404);
    for (const body of [
      { args: {} },
      { argz: [] },
      { tags: [] },
      { tags: { a: 1 } },
      { priority: "high" },
      { id: "" },
      { id: 7 },
      [],
      7,
    ])
      expect((await start(body)).status).toBe(400);
    expect(await engine.list()).toEqual([]);
  });
});

test("an id that addresses cannot hold starts nothing", async () => {
  for (const id of [".", ".."]) {
    const refused = { status: 400, body: { error: { code: "CF3406" } } };
    expect(await client("POST", "/workflows/order/runs", { id })).toMatchObject(refused);
    expect(await client("POST", "/workflows/order/runs", {}, { "idempotency-key": id })).toMatchObject(
      refused,
    );
    expect(await client("POST", "/runs/x/fork", { id })).toMatchObject(refused);
  }
  expect(await engine.list()).toEqual([]);
});

describe("values that JSON lacks", () => {
  const type = { "content-type": "application/vnd.coldframe+json" };

  test("come and go in their forms", async () => {
    const values = {
      number: { $number: "-Infinity" },
      big: { $bigint: "-90071992547409931" },
      date: { $date: "2026-01-02T03:04:05.006Z" },
      never: { $date: null },
      map: { $map: [[{ a: 1 }, { $set: [1, { $bigint: "2" }] }]] },
      url: { $url: "https://example.com/?a=b" },
      expression: { $regexp: ["a+", "gi"] },
      bytes: { $bytes: "AAEC/w==" },
      error: { $error: { name: "RangeError", message: "too far" } },
      looks: { $plain: { $date: "no date" } },
    };
    await client("POST", "/workflows/order/runs", { args: [values, { $plain: { $x: 1 } }], id: "v" }, type);
    const { body: args } = await client("GET", "/runs/v?include=locals");
    expect(args.args).toEqual([values, { $plain: { $x: 1 } }]);
    const [held] = (await engine.get("v"))!.args as [Record<string, unknown>];
    expect(held).toMatchObject({ big: -90071992547409931n, number: -Infinity, looks: { $date: "no date" } });
    expect(held!["date"]).toEqual(new Date("2026-01-02T03:04:05.006Z"));
    expect(held!["map"]).toEqual(new Map([[{ a: 1 }, new Set([1, 2n])]]));
    expect(held!["bytes"]).toEqual(new Uint8Array([0, 1, 2, 255]));
    expect(held!["error"]).toMatchObject({ name: "RangeError", message: "too far" });
  });

  test("plain JSON is taken as it is", async () => {
    const body = '{"args":[{"$date":"2026-01-02","__proto__":{"x":1}}],"id":"p"}';
    expect((await client("POST", "/workflows/order/runs", body)).status).toBe(201);
    const [held] = (await engine.get("p"))!.args as [object];
    expect(Object.keys(held)).toEqual(["$date", "__proto__"]);
    expect(Object.getPrototypeOf(held)).toBe(Object.prototype);
  });

  test("forms that there are not are refused", async () => {
    for (const value of [
      { $date: "soon" },
      { $bigint: "1.5" },
      { $map: [1] },
      { $url: "x" },
      { $what: 1 },
      { $bytes: "?" },
      { $regexp: ["("] },
    ]) {
      const answer = await client("POST", "/workflows/order/runs", { args: [value] }, type);
      expect(answer).toMatchObject({ status: 400, body: { error: { code: "CF3406" } } });
    }
  });

  test("results are cut where JSON would not end", async () => {
    const cycle: Record<string, unknown> = { name: "cycle", skip: undefined, list: [undefined, Symbol("s")] };
    cycle["self"] = cycle;
    made = () => cycle;
    await client("POST", "/workflows/make/runs", { id: "cycle" });
    await stage.until(engine.run("cycle").result());
    expect((await client("GET", "/runs/cycle/result")).body.result).toEqual({
      name: "cycle",
      list: [null, { $text: "Symbol(s)" }],
      self: { $text: "circular" },
    });
    let deep: unknown = null;
    for (let i = 0; i < 5000; i++) deep = [deep];
    made = () => deep;
    await client("POST", "/workflows/make/runs", { id: "deep" });
    await stage.until(engine.run("deep").result());
    expect(JSON.stringify((await client("GET", "/runs/deep/result")).body.result)).toContain('{"$text":"…"}');
    let wide: unknown = "x";
    for (let i = 0; i < 40; i++) wide = [wide, wide];
    made = () => wide;
    await client("POST", "/workflows/make/runs", { id: "wide" });
    await stage.until(engine.run("wide").result());
    expect((await client("GET", "/runs/wide/result")).status).toBe(200);
  });
});

describe("list and counts", () => {
  beforeEach(async () => {
    for (let i = 0; i < 5; i++)
      await engine.start(order!, [] as never, {
        id: `r ${i}%`,
        tags: { shop: i % 2 === 0 ? "oslo" : "rom" },
      });
    await engine.start(ask!, [] as never, { id: "asks" });
  });
  const ids = async (query: string) =>
    (await client("GET", `/runs${query}`)).body.runs.map(({ id }: { id: string }) => id);

  test("pages to the end, each run once", async () => {
    const seen: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const query = `?limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`;
      const { body } = await client("GET", `/runs${query}`);
      seen.push(...body.runs.map(({ id }: { id: string }) => id));
      cursor = body.next;
    }
    expect(seen).toEqual(["asks", "r 4%", "r 3%", "r 2%", "r 1%", "r 0%"]);
  });

  test("filters by status, workflow and tags", async () => {
    await engine.cancel("r 0%", { force: true });
    expect(await ids("?tag=shop:oslo&workflow=order&status=active")).toEqual(["r 4%", "r 2%"]);
    expect(await ids("?workflow=ask")).toEqual(["asks"]);
    expect(await ids("?status=cancelled")).toEqual(["r 0%"]);
    expect((await client("GET", "/counts")).body).toMatchObject({ active: 5, cancelled: 1, done: 0 });
  });

  test("a filter that means nothing is not ignored", async () => {
    for (const query of [
      "?statuz=done",
      "?status=ok",
      "?limit=0",
      "?limit=5000",
      "?limit=1&limit=2",
      "?tag=x",
      "?cursor=gone",
      "?cursor=~ff",
      "?workflow=nope",
    ])
      expect([query, (await client("GET", `/runs${query}`)).status]).toEqual([query, 400]);
  });
});

describe("get", () => {
  test("tells where it is parked; locals, arguments and keys only to those who may", async () => {
    const { body } = await client("POST", "/workflows/ask/runs", { args: ["secret"] });
    await parked(body.id);
    const { body: state } = await client("GET", `/runs/${body.id}`);
    const [wait] = state.waits;
    expect(wait).toMatchObject({ kind: "event", at: expect.stringMatching(/:4$/) });
    expect(wait.stack[0]).toMatchObject({ code: expect.stringContaining("#ask") });
    expect(JSON.stringify(state)).not.toContain(keys[0]!.slice(0, 32));
    expect(wait.name).toBe(`…${keys[0]!.slice(32)}`);
    expect(JSON.stringify(state)).not.toMatch(/locals|secret/);
    const { body: all } = await client("GET", `/runs/${body.id}?include=locals`);
    expect(all.waits[0].name).toBe(keys[0]);
    expect(all.args).toEqual(["secret"]);
    expect(all.waits[0].stack[0].locals).toBeInstanceOf(Array);
    const narrow = open({ auth: { inspect: "never", others: { token: TOKEN } } });
    expect((await narrow("GET", `/runs/${body.id}`)).status).toBe(200);
    expect((await narrow("GET", `/runs/${body.id}?include=locals`)).body.error.code).toBe("CF3403");
  });

  test("of a run that there is not", async () => {
    for (const path of [
      "/runs/none",
      "/runs/none/result",
      "/runs/none/changes",
      `/runs/${"x".repeat(600)}`,
      "/runs/%00",
    ]) {
      const { status, body } = await client("GET", path);
      expect([path, status, body.error.code]).toEqual([path, 404, "CF3101"]);
    }
  });
});

describe("cancel, suspend, resume", () => {
  test("do it, and say when it made no difference", async () => {
    await client("POST", "/workflows/order/runs", { id: "c", args: ["x"] });
    await parked("c");
    const post = async (what: string, body?: unknown) => (await client("POST", `/runs/c/${what}`, body)).body;
    expect(await post("suspend")).toEqual({ id: "c", changed: true, status: "suspended" });
    expect(await post("suspend")).toEqual({ id: "c", changed: false, status: "suspended" });
    expect(await post("resume", {})).toEqual({ id: "c", changed: true, status: "active" });
    expect(await post("cancel")).toMatchObject({ changed: true });
    await stage.when(async () => (await engine.get("c"))!.status === "cancelled");
    expect(await post("cancel", { force: true })).toEqual({ id: "c", changed: false, status: "cancelled" });
    expect((await client("POST", "/runs/c/cancel", { force: 1 })).status).toBe(400);
    expect((await client("GET", "/runs/c/result")).body).toMatchObject({
      status: "cancelled",
      failure: { name: "Cancelled" },
    });
    for (const what of ["cancel", "suspend", "resume"])
      expect((await client("POST", `/runs/none/${what}`)).body.error.code).toBe("CF3101");
  });
});

describe("a held step", () => {
  async function held(id: string): Promise<void> {
    await client("POST", "/workflows/hold/runs", { id });
    await stage.when(async () => (await engine.get(id))!.held === 1);
  }

  test("gets its result, an error, or another try", async () => {
    await held("a");
    expect((await client("GET", "/runs/a")).body.waits[0].retry).toMatchObject({
      due: null,
      error: expect.stringContaining("stolen"),
    });
    expect((await client("POST", "/runs/a/resolve", { value: [1] })).body).toEqual({
      id: "a",
      decided: "resolve",
    });
    expect(await stage.until(engine.run("a").result())).toEqual([1]);
    await held("b");
    await client("POST", "/runs/b/reject", {
      message: "no",
      name: "Refused",
      wait: (await engine.get("b"))!.waits[0]!.id,
    });
    const thrown = await stage.until(
      engine
        .run("b")
        .result()
        .catch((error) => error),
    );
    expect((thrown as Error).stack).toMatch(/^Refused: no/);
    expect((thrown as Error).stack).not.toContain("operate");
    expect((await client("GET", "/runs/b/result")).body.failure).toMatchObject({
      name: "Refused",
      message: "no",
    });
    await held("c");
    expect((await client("POST", "/runs/c/retry")).status).toBe(200);
  });

  test("is missing: conflict, and who asks wrongly is told", async () => {
    await client("POST", "/workflows/order/runs", { id: "n", args: ["x"] });
    await parked("n");
    expect(await client("POST", "/runs/n/retry")).toMatchObject({
      status: 409,
      body: { error: { code: "CF3105" } },
    });
    expect(await client("POST", "/runs/none/retry")).toMatchObject({
      status: 404,
      body: { error: { code: "CF3101" } },
    });
    expect((await client("POST", "/runs/n/retry", { wait: "1" })).status).toBe(400);
    expect((await client("POST", "/runs/n/reject", {})).status).toBe(400);
  });
});

describe("send", () => {
  test("delivered, kept, duplicate, and late", async () => {
    await client("POST", "/workflows/ask/runs", { id: "q" });
    await parked("q");
    const path = `/events/${keys[0]}`;
    const once = { "idempotency-key": "mail-7" };
    expect(await client("POST", path, { yes: true }, once)).toMatchObject({
      status: 200,
      body: { status: "delivered" },
    });
    expect(await stage.until(engine.run("q").result())).toEqual({ yes: true });
    expect(await client("POST", path, 1)).toMatchObject({ status: 410, body: { error: { code: "CF3410" } } });
    expect((await client("POST", "/events/later", "null", once)).status).toBe(202);
    expect(await client("POST", "/events/later", "null", once)).toMatchObject({
      status: 200,
      body: { status: "duplicate" },
    });
    const type = { "content-type": "application/vnd.coldframe+json" };
    const event = { id: "e", payload: { $bigint: "7" } };
    expect((await client("POST", "/events/more", event, type)).body.status).toBe("kept");
    expect((await client("POST", "/events/more", event, { ...type, "webhook-id": "e" })).body.status).toBe(
      "duplicate",
    );
    expect((await client("POST", "/events/more", event, { ...type, "idempotency-key": "f" })).status).toBe(
      400,
    );
    expect((await client("POST", "/events/more", [1], type)).status).toBe(400);
  });

  test("without a body, with parameters of the sender's own", async () => {
    await client("POST", "/workflows/order/runs", { id: "s", args: ["x"] });
    expect((await client("POST", "/events/paid%20x?utm=7")).status).toBeLessThan(300);
    expect(await stage.until(engine.run("s").result())).toEqual({
      item: "x",
      amount: undefined,
      payload: undefined,
    });
  });

  test("a payload that does not fit the schema: nothing is sent", async () => {
    const schema = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value: unknown) =>
          typeof value === "number" ? { value } : { issues: [{ message: "no number" }] },
      },
    };
    const { main } = load(
      `import { event } from "coldframe"; import { schema } from "world"; export const number = schema;
       export async function main() { "use workflow"; return await event({ key: "n", schema: number }); }`,
      { schema },
    );
    await engine.start(main!, [], { id: "n" });
    await parked("n");
    expect(await client("POST", "/events/n", '"x"')).toMatchObject({
      status: 422,
      body: { error: { code: "CF2307" } },
    });
    expect((await client("POST", "/events/n", 7)).status).toBe(200);
  });
});

test("a run that is another module's can be looked at, and is not started", async () => {
  const main = program("return await event('x')");
  await engine.start(main, [], { id: "foreign" });
  expect((await client("GET", "/runs/foreign")).body.workflow).toBe("main");
  expect((await client("POST", "/workflows/main/runs")).status).toBe(404);
});
