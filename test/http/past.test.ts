/** The past of runs over HTTP: parks, forks, rewinds, edits. Each answer is checked against the description (described.ts). */
import { afterEach, beforeEach, expect, test } from "vitest";
import { type HttpOptions, httpHandler } from "../../plugins/http/index.ts";
import { createEngine, type Engine } from "../../runtime/index.ts";
import { memory } from "../../stores/memory/index.ts";
import { sharded } from "../../stores/sharded/index.ts";
import { load } from "../engine/programs.ts";
import { Stage } from "../engine/stage.ts";
import { at as nameAt } from "../stores/sharded-names.ts";
import { type Ask, clientOf, TOKEN } from "./client.ts";

const { order } = load(`
  import { event } from "coldframe";
  export async function order(item) {
    "use workflow";
    let price = 10;
    const discount = (percent) => void (price -= (price * percent) / 100);
    discount(await event({ key: "discount" }));
    const agreed = event();
    return [await agreed, item, price];
  }
`) as Record<string, () => Promise<unknown>>;

let stage: Stage;
let engine: Engine;
let client: Ask;

const open = (options: Partial<HttpOptions> = {}): Ask =>
  clientOf(httpHandler(engine, { auth: { token: TOKEN }, workflows: { order: order! }, ...options }));

beforeEach(async () => {
  stage = new Stage();
  engine = await stage.engine();
  client = open();
});
afterEach(() => stage.close());

const parkedAt = (id: string, turn: number) =>
  stage.when(async () => {
    const state = await engine.get(id);
    return state !== null && state.turn >= turn && state.waits.length > 0;
  });

/** A run with a park that is over, and a present one. */
async function discounted(history: unknown = "all"): Promise<void> {
  const started = await client("POST", "/workflows/order/runs", { id: "r", args: ["lamp"], history });
  expect(started.status).toBe(201);
  await parkedAt("r", 1);
  await client("POST", "/events/discount", 50);
  await parkedAt("r", 2);
}

const priceIn = (park: { waits: { stack: { locals: { name: string; text: string }[] }[] }[] }) =>
  park.waits[0]!.stack[0]!.locals.find(({ name }) => name === "price")!.text;

test("lists the parks that are kept, and one of them is looked at", async () => {
  await discounted();
  const { body } = await client("GET", "/runs/r/history");
  expect(body).toMatchObject({
    ...{ id: "r", keeps: "all", journal: [] },
    parks: [
      { turn: 1, present: false, waits: [{ name: "discount" }] },
      { turn: 2, present: true, waits: [{ kind: "event" }] },
    ],
  });
  // Generated keys and locals take another permission.
  expect(body.parks[1].waits[0].name).toMatch(/^…/);
  expect(body.parks[0].waits[0].stack[0]).not.toHaveProperty("locals");
  const { body: inspected } = await client("GET", "/runs/r/history?include=locals");
  expect(inspected.parks.map(priceIn)).toEqual(["10", "5"]);
  expect((await client("GET", "/runs/r/history?limit=1")).body.parks).toMatchObject([{ turn: 2 }]);
  for (const at of ["1", "-1"])
    expect(priceIn((await client("GET", `/runs/r?at=${at}&include=locals`)).body)).toBe("10");
  expect((await client("GET", "/runs/r?at=9")).body.error.code).toBe("CF3120");
  for (const query of ["at=0", "at=last", "at=1.5"])
    expect((await client("GET", `/runs/r?${query}`)).status).toBe(400);
  for (const query of ["limit=0", "include=all", "at=1"])
    expect((await client("GET", `/runs/r/history?${query}`)).status).toBe(400);
  expect((await client("GET", "/runs/none/history")).status).toBe(404);
});

test("keeps as many parks as the start says", async () => {
  await discounted(1);
  expect((await client("GET", "/runs/r/history")).body.keeps).toBe(1);
  for (const history of [-1, 1.5, "some"]) {
    const { status, body } = await client("POST", "/workflows/order/runs", { history });
    expect([status, body.error.code]).toEqual([400, "CF2301"]);
  }
});

test("forks a run from a park, once for the same id", async () => {
  await discounted();
  const first = await client("POST", "/runs/r/fork", { at: 1, id: "f/2", by: "ann" });
  expect([first.status, first.headers.get("location")]).toEqual([201, "/runs/f%2F2"]);
  expect(first.body).toEqual({ id: "f/2", from: "r", created: true });
  const again = await client("POST", "/runs/r/fork", { at: 1 }, { "idempotency-key": "f/2" });
  expect([again.status, again.body.created]).toEqual([200, false]);
  const { body } = await client("GET", "/runs/f%2F2/history");
  expect(body.journal).toMatchObject([{ what: "fork", by: "ann", detail: { run: "r", turn: 1 } }]);
  expect((await client("POST", "/runs/r/fork", {})).body).toMatchObject({ from: "r", created: true });

  for (const [ask, status, code] of [
    [{ at: 2, id: "f/2" }, 409, "CF3106"],
    [{ id: "r" }, 409, "CF3106"],
    [{ at: 7 }, 404, "CF3120"],
    [{ at: 0 }, 400, "CF3406"],
    [{ by: 1 }, 400, "CF3406"],
    [{ history: "some" }, 400, "CF2301"],
    [{ to: 1 }, 400, "CF3406"],
  ] as const) {
    const refused = await client("POST", "/runs/r/fork", ask);
    expect([ask, refused.status, refused.body.error.code]).toEqual([ask, status, code]);
  }
  expect((await client("POST", "/runs/none/fork", {})).status).toBe(404);
});

test("sets a run back, and gives its locals other values while it stands still", async () => {
  await discounted();
  const back = await client("POST", "/runs/r/rewind", { at: -1, by: "ann" });
  expect(back).toMatchObject({ status: 200, body: { id: "r", turn: 3 } });
  expect((await client("POST", "/runs/r/edit", { locals: { price: 80 } })).body.error.code).toBe("CF3122");
  await client("POST", "/runs/r/suspend");
  await stage.when(async () => (await engine.get("r"))!.worker === null);
  const edited = await client("POST", "/runs/r/edit", { locals: { price: 80 }, of: "order", by: "kim" });
  expect(edited).toMatchObject({ status: 200, body: { id: "r", turn: 4 } });
  await client("POST", "/runs/r/resume");
  await client("POST", "/events/discount", 25, { "idempotency-key": "another" });
  await parkedAt("r", 5);
  const key = (await client("GET", "/runs/r?include=locals")).body.waits[0].name;
  await client("POST", `/events/${key}`, true);
  expect(await stage.until(engine.run("r").result())).toEqual([true, "lamp", 60]);
  expect((await client("GET", "/runs/r/history")).body.journal).toMatchObject([
    { what: "rewind", by: "ann", detail: { to: 1 } },
    { what: "edit", by: "kim", detail: { locals: ["price"] } },
  ]);
  expect((await client("POST", "/runs/r/rewind", { at: 1 })).body.error.code).toBe("CF3121");
  for (const [path, ask] of [
    ["rewind", {}],
    ["rewind", { at: 0 }],
    ["edit", {}],
    ["edit", { locals: [] }],
    ["edit", { locals: {} }],
    ["edit", { locals: { price: 1 }, of: 1 }],
  ] as const)
    expect([path, ask, (await client("POST", `/runs/r/${path}`, ask)).status]).toEqual([path, ask, 400]);
  for (const [path, ask] of [
    ["rewind", { at: 1 }],
    ["edit", { locals: { price: 1 } }],
  ] as const)
    expect((await client("POST", `/runs/none/${path}`, ask)).body.error.code).toBe("CF3101");
});

test("refuses locals that there are not, and values that are not of their types", async () => {
  await discounted();
  await client("POST", "/runs/r/suspend");
  await stage.when(async () => (await engine.get("r"))!.worker === null);
  const { code, hash } = (await engine.get("r"))!.waits[0]!.stack[0]!;
  const types = { price: "number" };
  client = open({ lock: { codes: { [`${code}@${hash}`]: { points: [], types } } } as never });
  const edit = async (locals: unknown) => (await client("POST", "/runs/r/edit", { locals })).body;
  expect((await edit({ cost: 1 })).error.code).toBe("CF3123");
  expect((await edit({ price: "much" })).error.code).toBe("CF3124");
  expect(await edit({ price: 3 })).toMatchObject({ turn: 3 });
});

test("each of them is a permission of its own", async () => {
  await discounted();
  const paths = { history: "GET", fork: "POST", rewind: "POST", edit: "POST" } as const;
  for (const action of Object.keys(paths)) {
    client = open({ auth: { [action]: "none", get: "none" } as never });
    for (const [path, method] of Object.entries(paths)) {
      const { status } = await client(method, `/runs/r/${path}`, method === "GET" ? undefined : { at: 99 });
      expect([action, path, status === 403]).toEqual([action, path, action !== path]);
    }
  }
  client = open({ auth: { history: "none" } });
  expect((await client("GET", "/runs/r/history")).status).toBe(200);
  expect((await client("GET", "/runs/r/history?include=locals")).status).toBe(403);
});

test("what cannot be between two databases is a conflict, not a failure of the server", async () => {
  const [here, there] = [nameAt(0, "run"), nameAt(1, "key")];
  const { main } = load(`import { event } from "coldframe";
    export async function main(key) { "use workflow"; let n = 1; await event({ key }); return n; }`);
  const several = await createEngine({ store: sharded([memory(), memory()]), log: () => {} });
  const ask = clientOf(httpHandler(several, { auth: { token: TOKEN }, workflows: { main: main! } }));
  await ask("POST", "/workflows/main/runs", { id: here, args: [there] });
  for await (const { waits } of several.run(here).watch()) if (waits.length > 0) break;
  expect(await ask("POST", `/runs/${here}/rewind`, { at: 1 })).toMatchObject({
    status: 409,
    body: { error: { code: "CF3114", message: expect.stringContaining("braces") } },
  });
  await several.close(0);
});
