/** A process begins while one of the databases cannot be reached: it works with the others, and with that one when it is back. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Store } from "../../runtime/engine/store.ts";
import { ColdframeError } from "../../runtime/errors.ts";
import { createEngine, type Engine, type LogEntry } from "../../runtime/index.ts";
import { type MemoryStore, memory } from "../../stores/memory/index.ts";
import { sharded } from "../../stores/sharded/index.ts";
import { program } from "../engine/programs.ts";
import { at } from "./sharded-names.ts";

let data: readonly MemoryStore[];
let away: ReadonlySet<number>;
let now: number;
beforeEach(() => {
  data = [memory(), memory()];
  away = new Set();
  now = Date.now();
  vi.spyOn(Date, "now").mockImplementation(() => now);
});
afterEach(() => vi.restoreAllMocks());

/** The databases as a process finds them: one that is away refuses to be opened, and is not open then. */
function reached(list: readonly MemoryStore[] = data): readonly Store[] {
  return list.map((one, place) => {
    const store = one.connect();
    let isOpen = false;
    const wrap = <T extends object>(target: T): T =>
      new Proxy(target, {
        get(_, name) {
          const value = Reflect.get(target, name, target);
          if (name === "read") return wrap(value as object);
          if (typeof value !== "function") return value;
          return (...args: unknown[]) => {
            if (name === "migrate") {
              if (away.has(place)) return Promise.reject(new ColdframeError("CF3010", "db: refused"));
              isOpen = true;
            }
            if (!isOpen) throw new Error(`${String(name)} of a store that is not open`);
            return Reflect.apply(value, target, args);
          };
        },
      });
    return wrap(store);
  });
}

async function engineOf(stores: readonly Store[], entries: LogEntry[] = []): Promise<Engine> {
  return createEngine({ store: sharded(stores), poll: 10, lease: 6000, log: (entry) => entries.push(entry) });
}

const HERE = at(0, "here");
const THERE = at(1, "there");
const main = program("await event('go'); return await call('a')");

it("works with the others, and with it as soon as it is back", async () => {
  const first = await engineOf(reached());
  await first.start(main, [], { id: THERE });
  await first.close();
  away = new Set([1]);
  const entries: LogEntry[] = [];
  const engine = await engineOf(reached(), entries);
  expect(entries).toMatchObject([
    {
      level: "warn",
      message:
        "database 2 of the list cannot be reached: what is at home there stands still, all else goes on",
      error: { code: "CF3010" },
    },
  ]);
  const own = program("return await call('b')");
  expect(await (await engine.start(own, [], { id: HERE })).result()).toBe("b");
  await expect(engine.start(own, [], { id: at(1, "new") })).rejects.toMatchObject({ code: "CF3010" });
  away = new Set();
  now += 2000;
  expect(await (await engine.start(own, [], { id: at(1, "new") })).result()).toBe("b");
  await vi.waitFor(async () => {
    await engine.send("go", 1, { id: "1" });
    expect((await engine.get(THERE))!.status).toBe("done");
  });
  expect(entries.at(-1)).toMatchObject({ message: "database 2 of the list answers again" });
  await engine.close();
});

it("is refused while not all have been there once: nobody knows yet that they belong together", async () => {
  away = new Set([1]);
  await expect(engineOf(reached())).rejects.toMatchObject({ code: "CF3010" });
  expect(await data[0]!.read.builds()).toEqual([]);
  away = new Set();
  await (await engineOf(reached())).close();
  away = new Set([0, 1]);
  await expect(engineOf(reached())).rejects.toMatchObject({ code: "CF3010" });
});

it("does not use one that turns out to be another", async () => {
  await (await engineOf(reached())).close();
  away = new Set([1]);
  const engine = await engineOf(reached([data[0]!, memory()]));
  away = new Set();
  now += 2000;
  const main = program("return 1");
  await expect(engine.start(main, [], { id: THERE })).rejects.toMatchObject({
    code: "CF3112",
    message: expect.stringContaining("number 2 is empty, or was never one of this list"),
  });
  expect(await (await engine.start(main, [], { id: HERE })).result()).toBe(1);
  await engine.close();
});
