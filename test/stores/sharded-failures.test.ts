/** What is said when errands fail, and that nothing else stands still then: also when a database hangs. */
import { describe, expect, it } from "vitest";
import type { Store } from "../../runtime/engine/store.ts";
import { createEngine, type LogEntry } from "../../runtime/index.ts";
import { errandRun } from "../../stores/sharded/errands.ts";
import { sharded } from "../../stores/sharded/index.ts";
import { program } from "../engine/programs.ts";
import { ANY, eventOf, newRun, passed, turnOf, worker } from "./contract.ts";
import { at, Cluster, reachedBy, settled } from "./sharded-names.ts";

const A = at(0, "a");
const KEY = at(1, "key");
const BAD = at(1, "bad");

/** Commits the first turn of a run that sends events. */
async function sending(cluster: Cluster, run: string, ...keys: readonly string[]): Promise<void> {
  const { store } = cluster;
  await store.renew({ ...worker("w1"), lease: 1e9 }, false);
  await store.start([newRun(run)], null);
  const claimed = (await store.claim("w1", 9, ANY)).find(({ id }) => id === run)!;
  passed((await store.commit([turnOf(claimed, { sends: keys.map((key) => eventOf(key, "1")) })]))[0]);
}

/** Lets time pass, and looks. */
async function passes(cluster: Cluster, ms: number): Promise<void> {
  cluster.clock.now += ms;
  await cluster.store.renew({ ...worker("w1"), lease: 1e9 }, false);
  await cluster.settle();
}

describe("an errand that fails for good", () => {
  const refuses = (store: Store, place: number) =>
    place === 0
      ? store
      : reachedBy(store, (name, [event]) => {
          if (name === "send" && (event as { key: string }).key === BAD) throw new Error("no such key");
        });

  it("says what failed and when it is tried again, ever less often, and holds up no other", async () => {
    const cluster = await Cluster.make(refuses);
    await sending(cluster, A, BAD, KEY);
    await cluster.settle();
    expect(cluster.said).toEqual([
      `warn: to send event "1" to "${BAD}" in database 2 of the list has failed; tried again in 250 ms (errand "~deed/${A}/1.0"): no such key`,
    ]);
    for (let i = 0; i < 9; i++) await passes(cluster, 30_000);
    expect(cluster.said.slice(1).map((line) => /has failed.*in [\d.]+ m?s/.exec(line)![0])).toEqual([
      "has failed 2 times; tried again in 500 ms",
      "has failed 4 times; tried again in 2 s",
      "has failed 8 times; tried again in 30 s",
    ]);
    expect((await cluster.store.send(eventOf(KEY, "1"))).status).toBe("duplicate");
    expect(await cluster.data[0]!.read.run(`~deed/${A}/1.0`)).toMatchObject({
      attempts: [{ made: 10, error: "no such key" }],
    });
  });

  it("counts on in another process", async () => {
    const cluster = await Cluster.make(refuses);
    await sending(cluster, A, BAD);
    for (let i = 0; i < 4; i++) await passes(cluster, 30_000);
    expect(cluster.said).toHaveLength(3);
    await cluster.store.retire("w1");
    for (let i = 0; i < 3; i++) await new Promise(setImmediate);
    const said: string[] = [];
    const other = sharded(cluster.data.map((one, place) => refuses(one.connect(), place)));
    await other.migrate({ now: () => cluster.clock.now, log: ({ message }) => said.push(message) });
    cluster.clock.now += 30_000;
    await other.renew({ ...worker("w2"), lease: 1e9 }, true);
    await settled(other, "w2");
    expect(said).toEqual([]);
    for (let i = 0; i < 4; i++) {
      cluster.clock.now += 30_000;
      await settled(other, "w2");
    }
    expect(said).toEqual([expect.stringContaining("has failed 8 times")]);
  });

  it("is told together with those like it", async () => {
    let down = true;
    const cluster = await Cluster.make((store, place) =>
      place === 0
        ? store
        : reachedBy(store, (name) => {
            if (down && name === "send") throw new Error("down");
          }),
    );
    await sending(cluster, A, ...[1, 2, 3, 4].map((n) => at(1, `key ${n} `)));
    await cluster.settle();
    expect(cluster.said).toEqual([expect.stringContaining("has failed, as have 3 more like it;")]);
    down = false;
    await passes(cluster, 1000);
    expect(await cluster.errands()).toEqual([]);
  });

  it("is left as it is when this version does not know it", async () => {
    const cluster = await Cluster.make();
    const errand = errandRun("~future", { kind: "fly" } as never);
    await cluster.data[0]!.start([errand, { ...errand, id: "~damaged", call: "{" }], null);
    await sending(cluster, A, KEY);
    await cluster.settle();
    expect(cluster.said).toEqual([
      expect.stringMatching(/an errand has failed, as have 1 more like it.*another version of coldframe/),
    ]);
    expect([...(await cluster.errands())].sort()).toEqual(["~damaged", "~future"]);
    expect((await cluster.store.send(eventOf(KEY, "1"))).status).toBe("duplicate");
  });

  it("and one whose own database refuses what it writes holds up no other there", async () => {
    const wrong = `~stub/${A}/7`;
    const cluster = await Cluster.make((store, place) =>
      place !== 0
        ? store
        : new Proxy(store, {
            get(target, name) {
              const value = Reflect.get(target, name, target);
              if (name !== "commit") return typeof value === "function" ? value.bind(target) : value;
              return async (writes: Parameters<Store["commit"]>[0]) => {
                const bad = writes.find(({ run, kind }) => run === wrong && kind === "turn");
                if (bad === undefined) return target.commit(writes);
                return [{ passed: false, fenced: false, error: new Error("too long") }];
              };
            },
          }),
    );
    const { store } = cluster;
    await store.start([newRun(A)], null);
    const [run] = await store.claim("w1", 1, ANY);
    const subscribe = [{ wait: 7, key: KEY }];
    passed((await store.commit([turnOf(run!, { subscribe, sends: [eventOf(BAD, "1")] })]))[0]);
    await cluster.settle();
    expect(cluster.said).toEqual([
      expect.stringMatching(/^warn: to wait in database 2 of the list for event "key.*: too long$/),
    ]);
    expect((await store.send(eventOf(BAD, "1"))).status).toBe("duplicate");
  });

  it("comes to the log of the engine", async () => {
    const entries: LogEntry[] = [];
    const cluster = await Cluster.make();
    await cluster.data[1]!.start([errandRun("~future", { kind: "fly" } as never)], null);
    const store = sharded(cluster.data.map((one) => one.connect()));
    const told = new Promise<void>((resolve) => {
      void createEngine({
        store,
        log: (entry) => {
          entries.push(entry);
          resolve();
        },
      }).then(async (engine) => {
        await told;
        await engine.close();
      });
    });
    await told;
    expect(entries[0]).toMatchObject({ level: "warn", message: expect.stringContaining('"~future"') });
  });
});

describe("an errand that was claimed by nobody knows whom", () => {
  it("is carried out although the claim came through when it had been given up", async () => {
    let late: (() => Promise<unknown>) | null = null;
    let isLost = true;
    const cluster = await Cluster.make((store, place) =>
      place !== 0
        ? store
        : new Proxy(store, {
            get(target, name) {
              const value = Reflect.get(target, name, target);
              if (typeof value !== "function") return value;
              return async (...args: unknown[]) => {
                const call = async () => Reflect.apply(value, target, args);
                if (name === "claim" && String(args[0]).startsWith("~") && isLost) {
                  isLost = false;
                  late = call;
                  throw new Error("cut");
                }
                const answer = await call();
                // It was under way all the time, and comes before whatever is asked next.
                if (name === "disown" || name === "retire") await late?.();
                return answer;
              };
            },
          }),
    );
    await sending(cluster, A, KEY);
    await cluster.settle();
    expect(late).not.toBe(null);
    for (let i = 0; i < 3; i++) await passes(cluster, 1000);
    expect(await cluster.errands()).toEqual([]);
    expect((await cluster.store.send(eventOf(KEY, "1"))).status).toBe("duplicate");
  });

  it("is carried out although it failed for want of its database while others were claimed", async () => {
    const hangs = at(1, "hangs");
    const isOf = (args: readonly unknown[]) => JSON.stringify(args).includes(`"~deed/${A}/`);
    const held: { send?: () => void; claim?: () => void } = {};
    let phase: "hangs" | "fails" | "goes on" = "hangs";
    const cluster = await Cluster.make((store, place) =>
      reachedBy(store, (name, args) => {
        if (phase === "hangs" && name === "send" && (args[0] as { key: string }).key === hangs)
          return new Promise<void>((go) => {
            held.send = go;
          });
        if (place !== 0 || phase !== "fails") return;
        if (name === "commit" && isOf(args)) throw new Error("cut");
        if (name === "claim" && String(args[0]).startsWith("~"))
          return new Promise<void>((go) => {
            held.claim = go;
          });
      }),
    );
    const { store, timers } = cluster;
    const turns = () => new Promise(setImmediate);
    const look = async (fires: boolean) => {
      const found = store.news("w1");
      for (let i = 0; i < 20; i++) {
        await turns();
        if (fires) timers.fire();
      }
      await found;
    };
    await sending(cluster, A, hangs);
    await look(true);
    expect(held.send).toBeDefined();
    // Another one is being claimed when the first one fails.
    phase = "fails";
    const B = at(0, "b");
    await sending(cluster, B, KEY);
    await look(false);
    expect(held.claim).toBeDefined();
    held.send!();
    await look(false);
    phase = "goes on";
    held.claim!();
    for (let i = 0; i < 3; i++) await passes(cluster, 60_000);
    expect(await cluster.errands()).toEqual([]);
  });
});

it("a run whose start was not answered while others were claimed is given back", async () => {
  let claims: (() => void) | null = null;
  let isLost = false;
  const cluster = await Cluster.make((store, place) =>
    place !== 0
      ? store
      : reachedBy(store, async (name, args) => {
          if (!isLost) return;
          if (name === "claim")
            await new Promise<void>((go) => {
              claims = go;
            });
          if (name !== "start") return;
          await store.start(...(args as Parameters<Store["start"]>));
          throw new Error("the answer was lost");
        }),
  );
  const { store } = cluster;
  isLost = true;
  const claimed = store.claim("w1", 4, ANY);
  while (claims === null) await new Promise(setImmediate);
  await expect(store.start([newRun(A)], "w1")).rejects.toThrow("lost");
  isLost = false;
  (claims as () => void)();
  expect(await claimed).toEqual([]);
  await store.news("w1");
  expect((await store.claim("w1", 4, ANY)).map(({ id }) => id)).toEqual([A]);
});

describe("a database that fails or hangs", () => {
  const three = (name: string, place: number) => at(place, name, 3);

  it("is said to be silent, and to be there again", async () => {
    let state: "up" | "down" | "hung" = "up";
    const cluster = await Cluster.make((store, place) =>
      place === 0
        ? store
        : reachedBy(store, (name) => {
            if (name !== "renew") return;
            if (state === "down") throw new Error("refused");
            if (state === "hung") return new Promise(() => {});
          }),
    );
    const renew = async () => {
      const renewed = cluster.store.renew({ ...worker("w1"), lease: 1e9 }, false);
      for (let i = 0; i < 3; i++) {
        await new Promise(setImmediate);
        cluster.timers.fire();
      }
      expect(await renewed).toBe(true);
    };
    for (state of ["up", "down", "down", "down", "up", "hung", "up"] as const) await renew();
    const silent =
      "database 2 of the list cannot be reached: what is at home there stands still, all else goes on";
    expect(cluster.said).toEqual([
      `warn: ${silent}: refused`,
      `warn: ${silent}: refused`,
      "info: database 2 of the list answers again",
      `warn: ${silent.replace("cannot be reached", "does not answer")}`,
      "info: database 2 of the list answers again",
    ]);
  });

  it("keeps what is known of the code of its runs, so that no other needs it for theirs", async () => {
    let down = -1;
    const cluster = await Cluster.make((store, place) =>
      reachedBy(store, () => {
        if (place === down) throw new Error("refused");
      }),
    );
    const engine = await createEngine({ store: cluster.store, log: () => {} });
    const main = program("await event('never')");
    const names = [A, at(1, "b")];
    for (const id of names) {
      const run = await engine.start(main, [], { id });
      while ((await run.status())!.worker !== null) await settled(cluster.store, "w1");
    }
    await engine.close();
    const keys = async (read: Store["read"]) => (await read.codes()).map(({ key }) => key);
    const [first, second] = await Promise.all(cluster.data.map(({ read }) => keys(read)));
    expect(first).toHaveLength(1);
    expect(second).toEqual(first);
    for (down of [0, 1]) {
      expect(await keys(cluster.store.read)).toEqual(first);
      expect((await cluster.store.read.workers()).map(({ id }) => id)).toEqual(["w1"]);
    }
    down = -1;
  });

  it("holds up no errand between the others while it hangs, and gets its own when it goes on", async () => {
    let hangs = false;
    const held: (() => void)[] = [];
    const cluster = await Cluster.make(
      (store, place) =>
        place !== 1
          ? store
          : reachedBy(store, () => (hangs ? new Promise<void>((resolve) => held.push(resolve)) : undefined)),
      3,
    );
    const { store } = cluster;
    const [hung, free] = [three("key", 1), three("key", 2)];
    await store.start([newRun(three("a", 0)), newRun(three("b", 0))], null);
    const [a, b] = await store.claim("w1", 2, ANY);
    hangs = true;
    const look = async () => {
      const found = store.news("w1");
      for (let i = 0; i < 30; i++) {
        await new Promise(setImmediate);
        cluster.timers.fire();
      }
      await found;
    };
    passed((await store.commit([turnOf(a!, { sends: [eventOf(hung, "1")], keep: true })]))[0]);
    await look();
    passed((await store.commit([turnOf(b!, { sends: [eventOf(free, "1")], keep: true })]))[0]);
    await look();
    expect(held.length).toBeGreaterThan(0);
    expect((await cluster.data[2]!.send(eventOf(free, "1"))).status).toBe("duplicate");
    hangs = false;
    for (const go of held) go();
    cluster.clock.now += 60_000;
    await store.renew(worker("w1"), false);
    await store.renew(worker("w4"), true);
    await look();
    expect((await store.send(eventOf(hung, "1"))).status).toBe("duplicate");
    expect(await cluster.errands()).toEqual([]);
  });
});
