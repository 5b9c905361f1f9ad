/** What runs have to do with others in another database: the same as within one, a little later, and once. */
import { beforeEach, describe, expect, it } from "vitest";
import type { Claimed, Store, Turn } from "../../runtime/engine/store.ts";
import { errandRun } from "../../stores/sharded/errands.ts";
import { ANY, eventOf, newRun, noteOf, passed, turnOf, worker } from "./contract.ts";
import { at, Cluster, reachedBy, settled } from "./sharded-names.ts";

const A = at(0, "a");
const KEY = at(1, "key");
const DONE = { status: "done", value: "42" } as const;

let cluster: Cluster;
let store: Store;

beforeEach(async () => {
  cluster = await Cluster.make();
  store = cluster.store;
});

async function claimed(...ids: string[]): Promise<readonly Claimed[]> {
  await store.start(
    ids.map((id) => newRun(id)),
    null,
  );
  const all = await store.claim("w1", ids.length + 2, ANY);
  return ids.map((id) => all.find((run) => run.id === id)!);
}

const commit = async (run: Pick<Claimed, "id" | "epoch" | "turn" | "news">, extra: Partial<Turn>) =>
  passed((await store.commit([turnOf(run, extra)]))[0]);

/** A cluster in whose other database nothing starts until what is returned is called. */
async function holdStarts(): Promise<() => void> {
  let go = () => {};
  const held = new Promise<void>((resolve) => {
    go = resolve;
  });
  cluster = await Cluster.make((inner, place) =>
    place === 0 ? inner : reachedBy(inner, (name) => (name === "start" ? held : undefined)),
  );
  store = cluster.store;
  return go;
}

/** Claims what is due, by id. */
async function due(): Promise<Readonly<Record<string, Claimed>>> {
  return Object.fromEntries((await store.claim("w1", 20, ANY)).map((run) => [run.id, run]));
}

describe("an event of a key that is at home elsewhere", () => {
  const subscribe = [{ wait: 1, key: KEY, schema: "m#s" }];

  it("arrives, once, and leaves nothing behind when it is consumed", async () => {
    const [a] = await claimed(A);
    await commit(a!, { subscribe });
    await cluster.settle();
    expect(await store.read.schemaOf(KEY)).toBe("m#s");
    expect(await store.send(eventOf(KEY, "1", "7"))).toEqual({ status: "delivered", run: A });
    expect((await store.send(eventOf(KEY, "1", "7"))).status).toBe("duplicate");
    await cluster.settle();
    const again = (await due())[A]!;
    expect(again.arrivals).toEqual([{ wait: 1, threw: false, value: "7" }]);
    await commit(again, { consumed: [1] });
    await cluster.settle();
    expect(await cluster.errands()).toEqual([]);
    expect((await store.send(eventOf(KEY, "2"))).status).toBe("kept");
  });

  it("is found when it came before", async () => {
    await store.send(eventOf(KEY, "1", "7"));
    const [a] = await claimed(A);
    await commit(a!, { subscribe });
    await cluster.settle();
    expect((await due())[A]!.arrivals).toEqual([{ wait: 1, threw: false, value: "7" }]);
  });

  it("goes to the next one when the run has dropped the wait, arrived or not", async () => {
    const there = at(1, "b");
    const [a, b] = await claimed(A, there);
    await commit(a!, { subscribe, keep: true });
    await cluster.settle();
    await store.send(eventOf(KEY, "1", "7"));
    await cluster.settle();
    const [news] = await store.news("w1");
    expect(news).toMatchObject({ run: A, arrivals: [{ wait: 1, value: "7" }] });
    await commit({ ...a!, turn: 1, news: news!.news }, { unsubscribe: subscribe, keep: true });
    await cluster.settle();
    const got = await commit(b!, { subscribe: [{ wait: 5, key: KEY }] });
    expect(got.arrivals).toEqual([{ wait: 5, threw: false, value: "7" }]);
    expect(await cluster.errands()).toEqual([]);
  });

  it("loses against a deadline that was recorded first, and stays for others", async () => {
    const [a] = await claimed(A);
    await commit(a!, { subscribe, keep: true });
    await cluster.settle();
    const timeout = { wait: 1, threw: true, value: '"late"' };
    passed((await store.commit([noteOf(a!, { arrivals: [{ ...timeout, key: KEY }] })]))[0]);
    await store.send(eventOf(KEY, "1", "7"));
    await cluster.settle();
    // Another worker redoes the turn: it is told of the deadline, and the event goes back when that is consumed.
    await store.disown("w1", []);
    const redone = (await due())[A]!;
    expect(redone.arrivals).toEqual([timeout]);
    await commit(redone, { consumed: [1] });
    await cluster.settle();
    expect(await cluster.errands()).toEqual([]);
    const [b] = await claimed(at(1, "b"));
    expect((await commit(b!, { subscribe: [{ wait: 2, key: KEY }] })).arrivals).toHaveLength(1);
  });

  it("goes back when the run is ended by force", async () => {
    const [a] = await claimed(A);
    const waits = JSON.stringify([{ id: 1, kind: "event", name: KEY, due: null, since: 0, at: "" }]);
    await commit(a!, { subscribe, waits });
    await cluster.settle();
    await store.send(eventOf(KEY, "1", "7"));
    await cluster.settle();
    expect(await store.cancel(A, '"gone"')).toBe(true);
    await cluster.settle();
    expect(await cluster.errands()).toEqual([]);
    const [b] = await claimed(at(1, "b"));
    expect((await commit(b!, { subscribe: [{ wait: 2, key: KEY }] })).arrivals).toHaveLength(1);
  });

  it("that a run sends comes once and in order", async () => {
    const [a] = await claimed(A);
    const turn = turnOf(a!, { sends: [eventOf(KEY, "1", "1"), eventOf(KEY, "2", "2")], keep: true });
    passed((await store.commit([turn]))[0]);
    passed((await store.commit([turn]))[0]);
    await commit({ ...a!, turn: 1 }, { sends: [eventOf(KEY, "3", "3")] });
    await cluster.settle();
    const [b] = await claimed(at(1, "b"));
    const all = [1, 2, 3, 4].map((wait) => ({ wait, key: KEY }));
    const { arrivals } = await commit(b!, { subscribe: all });
    expect(arrivals.map(({ value }) => value)).toEqual(["1", "2", "3"]);
    expect(await cluster.errands()).toEqual([]);
  });
});

describe("a run that is at home elsewhere", () => {
  const B = at(1, "b");
  const start = (extra = {}) => ({ starts: [newRun(B, { parent: A, ...extra })] });

  it("is started, and its end told", async () => {
    const [a] = await claimed(A);
    await commit(a!, { ...start(), follow: [{ wait: 3, run: B, attached: true }] });
    expect(await store.read.run(B)).toBeNull();
    await cluster.settle();
    const b = (await due())[B]!;
    await commit(b, { snapshot: null, end: { status: "failed", value: "42" } });
    await cluster.settle();
    const again = (await due())[A]!;
    expect(again.arrivals).toEqual([{ wait: 3, threw: true, value: "42" }]);
    await commit(again, { consumed: [3] });
    await cluster.settle();
    expect(await cluster.errands()).toEqual([]);
  });

  it("is cancelled with the run that it is attached to, and when it is asked for", async () => {
    const other = at(1, "other");
    const [a] = await claimed(A);
    await commit(a!, { ...start(), follow: [{ wait: 3, run: B, attached: true }], keep: true });
    await store.start([newRun(other)], null);
    await commit({ ...a!, turn: 1 }, { cancels: [other], end: DONE, snapshot: null });
    await cluster.settle();
    expect((await store.read.run(B))!.cancel).toBe("asked");
    expect((await store.read.run(other))!.cancel).toBe("asked");
    expect(await cluster.errands()).toEqual([]);
  });

  it.each([
    ["alone", []],
    ["and waited for", [{ wait: 3, run: B, attached: false }]],
  ])("is cancelled although it is yet to be started, %s", async (_, follow) => {
    const go = await holdStarts();
    const [a] = await claimed(A);
    await commit(a!, { ...start(), follow, keep: true });
    await commit({ ...a!, turn: 1 }, { cancels: [B], keep: true });
    const before = cluster.settle();
    await new Promise(setImmediate);
    cluster.timers.fire();
    await before;
    expect(await store.read.run(B)).toBeNull();
    go();
    for (let i = 0; i < 3; i++) {
      cluster.clock.now += 1000;
      await cluster.settle();
    }
    expect((await store.read.run(B))!.cancel).toBe("asked");
  });

  it("that never was, or is gone, is cancelled in vain", async () => {
    const [a] = await claimed(A);
    await commit(a!, { cancels: [B] });
    await cluster.settle();
    expect(await cluster.errands()).toEqual([]);
  });

  it("begins when there is a place in a line elsewhere, in order", async () => {
    const key = at(0, "limit");
    const ids = [at(1, "x"), at(1, "y"), at(1, "z")];
    for (const id of ids) await store.start([newRun(id, { limit: { key, max: 1 } })], null);
    const order: string[] = [];
    for (let i = 0; i < ids.length; i++) {
      await cluster.settle();
      const [[id, run], ...more] = Object.entries(await due()) as [[string, Claimed]];
      expect(more).toEqual([]);
      order.push(id);
      await commit(run, { end: DONE, snapshot: null });
    }
    expect(order).toEqual(ids);
    await cluster.settle();
    expect(await cluster.errands()).toEqual([]);
  });
});

it("a run that is started again after its end takes no place in a line elsewhere", async () => {
  let go = () => {};
  let held: Promise<void> | null = null;
  cluster = await Cluster.make((inner, place) =>
    place === 0
      ? inner
      : reachedBy(inner, (name, [writes]) => {
          const closes = ({ snapshot }: Turn) => snapshot?.startsWith("closing") === true;
          return name === "commit" && (writes as readonly Turn[]).some(closes) ? held : undefined;
        }),
  );
  store = cluster.store;
  const limit = { key: at(0, "limit"), max: 1 };
  const [x, y] = [newRun(at(1, "x"), { limit }), newRun(at(1, "y"), { limit })];
  const carriedOut = async (run: typeof x) => {
    await store.start([run], null);
    await cluster.settle();
    const begun = await due();
    expect(Object.keys(begun)).toEqual([run.id]);
    await commit(begun[run.id]!, { end: DONE, snapshot: null });
    await cluster.settle();
  };
  await carriedOut(x);
  held = new Promise((resolve) => {
    go = resolve;
  });
  await store.start([x], null);
  await cluster.settle();
  go();
  await cluster.settle();
  expect(await cluster.errands()).toEqual([]);
  await carriedOut(y);
});

it.each([
  ["has opened", ["~stub"], false],
  ["opens meanwhile", ["~stub", "~proxy"], false],
  ["is the second of its name, made by a frozen process", ["~stub"], true],
])("a stub whose first turn was never written ends its proxy, which %s", async (_, lost, again) => {
  let failing: readonly string[] = [];
  cluster = await Cluster.make((inner) =>
    reachedBy(inner, (name, [writes]) => {
      const isLost = ({ run }: Turn) => failing.some((what) => run.startsWith(what));
      if (name === "commit" && (writes as readonly Turn[]).some(isLost)) throw new Error("cut");
    }),
  );
  store = cluster.store;
  const limit = { key: at(0, "limit"), max: 1 };
  const [x, y] = [newRun(at(1, "x"), { limit }), newRun(at(1, "y"), { limit })];
  const later = async () => {
    await store.renew({ ...worker("w1"), lease: 1e9 }, false);
    await cluster.settle();
    cluster.clock.now += 60_000;
  };
  const takesPlace = async (run: typeof x) => {
    await store.start([run], null);
    await later();
    const begun = await due();
    expect(Object.keys(begun)).toEqual([run.id]);
    await commit(begun[run.id]!, { end: DONE, snapshot: null });
    await later();
    expect(await cluster.errands()).toEqual([]);
  };
  await later();
  if (again) await takesPlace(x);
  failing = lost;
  await store.start([x], null);
  await later();
  if (again) {
    const thing = { kind: "begin", ...limit } as const;
    const proxy = { kind: "proxy", from: 1, run: x.id, wait: -1, thing } as const;
    await cluster.data[0]!.start([errandRun(`~proxy/${x.id}/-1`, proxy, limit)], null);
  }
  await later();
  expect([...(await cluster.errands())].sort()).toEqual([`~proxy/${x.id}/-1`, `~stub/${x.id}/-1`]);
  expect(await store.cancel(x.id, '"cancelled"')).toBe(!again);
  failing = [];
  await later();
  await later();
  expect(await cluster.errands()).toEqual([]);
  await takesPlace(y);
});

describe("a lock that is at home elsewhere", () => {
  const key = at(1, "lock");
  const acquire = (loose = false) => [{ wait: 2, key, max: 1, loose, value: '"mine"' }];

  it("is granted in order, released, and freed by the end of a run", async () => {
    const ids = [A, at(0, "second"), at(1, "third")];
    const [a, b, c] = await claimed(...ids);
    await commit(a!, { acquire: acquire() });
    await cluster.settle();
    await commit(b!, { acquire: acquire() });
    await cluster.settle();
    await commit(c!, { acquire: acquire() });
    const first = await due();
    expect(Object.keys(first)).toEqual([A]);
    expect(first[A]!.arrivals).toEqual([{ wait: 2, threw: false, value: '"mine"' }]);
    await commit(first[A]!, { consumed: [2], release: [{ run: A, wait: 2, key }] });
    await cluster.settle();
    const second = await due();
    expect(Object.keys(second)).toEqual([ids[1]]);
    await commit(second[ids[1]!]!, { consumed: [2], end: DONE, snapshot: null });
    await cluster.settle();
    expect(Object.keys(await due())).toEqual([ids[2]]);
    expect(await cluster.errands()).toEqual([]);
  });

  it("is kept beyond the run when it is a loose one, until another run gives it back", async () => {
    const [a] = await claimed(A);
    await commit(a!, { acquire: acquire(true) });
    await cluster.settle();
    const again = (await due())[A]!;
    await commit(again, { consumed: [2], end: DONE, snapshot: null });
    await cluster.settle();
    const [b, c] = await claimed(at(1, "b"), at(1, "c"));
    expect((await commit(b!, { acquire: acquire(), keep: true })).arrivals).toEqual([]);
    await commit(c!, { release: [{ run: A, wait: 2, key }] });
    await cluster.settle();
    expect((await store.news("w1"))[0]).toMatchObject({ run: b!.id, arrivals: [{ wait: 2 }] });
    expect(await cluster.errands()).toEqual([]);
  });
});

it("a wait for an event elsewhere costs 14 transactions more, as docs/scaling.md says", async () => {
  let writes = 0;
  const counted = (inner: Store) =>
    new Proxy(inner, {
      get(target, name) {
        const value = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return async (...args: unknown[]) => {
          const result = await Reflect.apply(value, target, args);
          const isNothing = name === "claim" && (result as readonly unknown[]).length === 0;
          if (["start", "claim", "commit", "send"].includes(String(name)) && !isNothing) writes++;
          return result;
        };
      },
    });
  const costOf = async (key: string) => {
    cluster = await Cluster.make(counted);
    store = cluster.store;
    writes = 0;
    const [a] = await claimed(A);
    await commit(a!, { subscribe: [{ wait: 1, key }] });
    await cluster.settle();
    await store.send(eventOf(key, "1", "7"));
    await cluster.settle();
    await commit((await due())[A]!, { consumed: [1] });
    await cluster.settle();
    return writes;
  };
  expect((await costOf(KEY)) - (await costOf(at(0, "key")))).toBe(14);
});

describe("when a process dies between two databases", () => {
  it.each(["before", "after"])("%s the other one did its part, it is done once", async (when) => {
    let dies = false;
    cluster = await Cluster.make((inner, place) => {
      if (place === 0) return inner;
      return new Proxy(inner, {
        get(target, name) {
          const value = Reflect.get(target, name, target);
          if (typeof value !== "function") return value;
          return async (...args: unknown[]) => {
            if (dies && when === "before") throw new Error("cut");
            const result = await Reflect.apply(value, target, args);
            if (dies) throw new Error("cut");
            return result;
          };
        },
      });
    });
    store = cluster.store;
    const B = at(1, "b");
    const [a] = await claimed(A);
    dies = true;
    await commit(a!, {
      starts: [newRun(B, { parent: A })],
      follow: [{ wait: 3, run: B, attached: true }],
      sends: [eventOf(KEY, "1", "7")],
      subscribe: [{ wait: 1, key: KEY }],
    });
    await cluster.settle();
    cluster.clock.now += 60_000;
    dies = false;
    // What it has not told is found by another one, after its lease.
    const other = await cluster.other();
    await other.renew(worker("w2"), true);
    await settled(other, "w2");
    const all = await other.claim("w2", 9, ANY);
    expect(all.map(({ id }) => id).sort()).toEqual([A, B].sort());
    expect(all.find(({ id }) => id === A)!.arrivals).toEqual([{ wait: 1, threw: false, value: "7" }]);
    expect((await other.send(eventOf(KEY, "1", "7"))).status).toBe("duplicate");
  });
});

describe("when a process stands still between two databases", () => {
  it("a proxy that it makes when all is over takes nothing, also while the stub is not gone yet", async () => {
    const stub = `~stub/${A}/1`;
    const thaw = await holdStarts();
    const subscribe = [{ wait: 1, key: KEY }];
    const [a] = await claimed(A);
    await commit(a!, { subscribe, keep: true });
    await cluster.settle();
    // Another process does what this one was about to do, and everything after it but the end of the stub.
    cluster.clock.now += 20_000;
    let dies = true;
    const second = await cluster.other((inner, place) =>
      place === 1
        ? inner
        : reachedBy(inner, (name, [writes]) => {
            const ends = ({ run, end }: Turn) => run === stub && end != null;
            if (dies && name === "commit" && (writes as readonly Turn[]).some(ends)) throw new Error("died");
          }),
    );
    await second.renew(worker("w2"), true);
    await settled(second, "w2");
    const [taken] = await second.claim("w2", 1, ANY);
    const dropped = turnOf(taken!, { worker: "w2", unsubscribe: subscribe, keep: true });
    passed((await second.commit([dropped]))[0]);
    await settled(second, "w2");
    // A third one tells the proxy, which ends.
    cluster.clock.now += 300;
    const third = await cluster.other();
    await third.renew(worker("w3"), true);
    await settled(third, "w3");
    expect(await cluster.errands()).toEqual([stub]);
    expect((await cluster.data[0]!.read.run(stub))!.snapshot).toBe("closing dropped");
    thaw();
    await settled(third, "w3");
    expect(await cluster.errands()).toEqual([stub]);
    expect((await third.send(eventOf(KEY, "1"))).status).toBe("kept");
    dies = false;
    cluster.clock.now += 1000;
    await settled(second, "w2");
    expect(await cluster.errands()).toEqual([]);
  });
});

describe("when one database cannot be reached", () => {
  it("all that is at home in the others goes on, and its own when it is back", async () => {
    let down = false;
    cluster = await Cluster.make((inner, place) =>
      place === 0
        ? inner
        : new Proxy(inner, {
            get(target, name) {
              const value = Reflect.get(target, name, target);
              if (typeof value !== "function" || name === "watch") return value;
              return async (...args: unknown[]) => {
                if (down) throw new Error("down");
                return Reflect.apply(value, target, args);
              };
            },
          }),
    );
    store = cluster.store;
    const B = at(1, "b");
    await store.start([newRun(A), newRun(B)], null);
    down = true;
    expect(await store.due("w1", ANY)).toBe(0);
    const [a, ...none] = await store.claim("w1", 9, ANY);
    expect([a!.id, none]).toEqual([A, []]);
    await commit(a!, { sends: [eventOf(KEY, "1")], due: 0 });
    expect(await store.renew(worker("w1"), false)).toBe(true);
    await expect(store.start([newRun(at(1, "c"))], null)).rejects.toThrow("down");
    await cluster.settle();
    down = false;
    cluster.clock.now += 40_000;
    expect(await store.renew(worker("w1"), false)).toBe(false);
    await store.renew(worker("w3"), true);
    await settled(store, "w3");
    expect((await store.claim("w3", 9, ANY)).map(({ id }) => id).sort()).toEqual([A, B].sort());
    expect((await store.send(eventOf(KEY, "1"))).status).toBe("duplicate");
  });
});

describe("a schedule", () => {
  const B = at(1, "b");
  const id = at(0, "nightly");
  const row = { id, version: "1", spec: "{}", next: 50, paused: false, last: null };
  const change = { row, seen: null, starts: [newRun(B)], unless: null, cancel: null };
  const next = {
    ...change,
    row: { ...row, version: "2", last: "next" },
    seen: "1",
    starts: [newRun("next")],
  };

  it("skips and cancels a run elsewhere that is yet to be started", async () => {
    let down = true;
    cluster = await Cluster.make((inner, place) =>
      place === 0
        ? inner
        : reachedBy(inner, (name) => {
            if (down && name === "start") throw new Error("down");
          }),
    );
    store = cluster.store;
    expect(await store.schedule(change)).toBe(true);
    await cluster.settle();
    expect(await store.schedule({ ...next, unless: B })).toBe(true);
    expect(await store.read.schedule(id)).toMatchObject({ version: "2", last: B });
    const last = { ...next, row: { ...row, version: "3" }, seen: "2", starts: [], cancel: B };
    expect(await store.schedule(last)).toBe(true);
    down = false;
    for (let i = 0; i < 3; i++) {
      cluster.clock.now += 1000;
      await cluster.settle();
    }
    expect((await store.read.run(B))!.cancel).toBe("asked");
    expect(await store.read.run("next")).toBeNull();
    expect(await cluster.errands()).toEqual([]);
  });

  it.each(["fails", "hangs"])("fires while a database %s in which it is not at home", async (how) => {
    let isAway = false;
    cluster = await Cluster.make((inner, place) =>
      place === 0
        ? inner
        : reachedBy(inner, () => {
            if (isAway && how === "fails") throw new Error("down");
            if (isAway) return new Promise(() => {});
          }),
    );
    store = cluster.store;
    expect(await store.schedule(change)).toBe(true);
    isAway = true;
    const asked = Promise.all([store.read.schedules(60, 9), store.read.nextSchedule()]);
    await new Promise(setImmediate);
    cluster.timers.fire();
    expect(await asked).toEqual([[row], 50]);
    if (how === "fails") await expect(store.read.schedules(null, 9)).rejects.toThrow("down");
  });
});
