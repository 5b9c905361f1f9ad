/** The program that carries out a plan, compiled; and uncompiled, as the model of what has to come of it. */

import { systemClock } from "../../runtime/engine/clock.ts";
import { freeWorld } from "../../runtime/engine/free.ts";
import * as coldframe from "../../runtime/index.ts";
import { VirtualClock } from "../../runtime/testing/virtual-clock.ts";
import { load, type Program } from "../engine/programs.ts";
import { operations, type Plan } from "./plan.ts";

/** A marked module; `world` is what its steps and its unmarked code do. */
export const SOURCE = `
import { channel, event, group, mutex, pool, rateLimit, semaphore, send, shield, sleep, start, step, transactional, waitUntil, Cancelled, TimeoutError, Interrupted } from "coldframe";
import { world } from "world";

export async function act(label, input) {
  "use step";
  return world.act(label, input, 0);
}
export const stubborn = step(async function stubborn(label, input, fails) {
  return world.act(label, input, fails);
}, { retry: { attempts: 9, interval: 300, maxInterval: 2000 } });
export const count = transactional(async function count(tx, label) {
  return world.count(tx, label);
}, { outside: (use) => use(null), retry: { attempts: 30, interval: 100, maxInterval: 2000 } });
export async function fatal(label, input) {
  "use step";
  await world.act(label, input, 0);
  throw new RangeError(label);
}

async function one(op, input) {
  switch (op.kind) {
    case "act":
      return op.fails > 0 ? await stubborn(op.label, input, op.fails) : await act(op.label, input);
    case "count":
      return await count(op.label);
    case "fatal":
      try {
        return await fatal(op.label, input);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        return "caught " + error.message;
      }
    case "deny":
      for (let told = 0; ; told++) {
        try {
          return await act(op.label, input);
        } catch (error) {
          if (!(error instanceof Cancelled)) throw error;
          await act(op.label + " denied " + told, input);
          if (told === 2) throw error;
        }
      }
    case "sleep":
      await sleep(op.ms);
      return "slept";
    case "pause":
      try {
        await world.pause(op.ms);
      } catch (error) {
        if (!(error instanceof Interrupted)) throw error;
      }
      return "paused";
    case "events": {
      const got = [];
      for (let i = 0; i < op.count; i++) got.push(await event(op.key));
      return got;
    }
    case "deadline":
      try {
        return await event({ key: op.key, timeout: op.ms });
      } catch (error) {
        if (!(error instanceof TimeoutError)) throw error;
        return await event(op.key);
      }
    case "race":
      await Promise.race([sleep(op.ms), event(op.key)]);
      return "raced";
    case "post": {
      send(op.key, op.key + "!");
      return await event(op.key);
    }
    case "all": {
      const settled = await Promise.allSettled(op.plans.map((plan) => perform(plan, input)));
      for (const each of settled) if (each.status === "rejected") throw each.reason;
      return settled.map((each) => each.value);
    }
    case "guard":
      try {
        const opened = await act(op.label + " do", input);
        return await perform(op.plan, opened);
      } finally {
        await shield(() => act(op.label + " undo", op.label));
      }
    case "child":
      return await start(main, [op.plan, input]);
    case "detached":
      return await start(main, [op.plan, input], { detached: true });
    case "abandon":
      void start(main, [[{ kind: "events", key: op.key, count: 1 }], input]);
      return "abandoned";
    case "lasting":
      waitUntil(sleep(op.ms));
      return "left open";
    case "stream": {
      const got = [];
      for await (const message of event(op.key)) {
        got.push(message, await act(op.label + "." + got.length, input));
        if (got.length === 2 * op.count) break;
      }
      return got;
    }
    case "produce": {
      const box = channel(op.key, { capacity: op.capacity });
      for (let i = 0; i < op.count; i++) await box.send(await act(op.label + "." + i, input));
      return "produced";
    }
    case "pipe": {
      const { key, count, capacity, label } = op;
      const box = channel(key, { capacity });
      const producer = start(main, [[{ kind: "produce", key, count, capacity, label }], input]);
      const got = [];
      while (got.length < count) got.push(await box.receive());
      return [got, await producer];
    }
    case "talk": {
      const box = channel(undefined, { capacity: op.capacity });
      const talk = async () => {
        for (let i = 0; i < op.count; i++) await box.send(op.label + i);
      };
      const got = [];
      const hear = async () => {
        while (got.length < op.count) got.push(await box.receive());
      };
      await Promise.all([talk(), hear()]);
      return got;
    }
    case "pool":
      return await pool(op.size).map(Array.from({ length: op.count }, (_, i) => op.label + "." + i), (label) => act(label, input));
    case "group":
      try {
        return await group(async (g) => {
          const slow = g.add(op.fails ? new Promise((resolve) => setTimeout(resolve, op.ms)) : sleep(op.ms));
          const result = g.add(op.fails ? fatal(op.label, input) : act(op.label, input));
          await slow;
          return await result;
        });
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        return "group caught " + error.message;
      }
    case "timer":
      await new Promise((resolve) => setTimeout(resolve, op.ms));
      return "rang";
    case "interval": {
      let times = 0;
      await new Promise((resolve) => {
        const timer = setInterval(() => {
          if (++times < op.times) return;
          clearInterval(timer);
          resolve();
        }, op.ms);
      });
      return "rang " + times;
    }
    case "gate":
      await rateLimit(op.key, { limit: 2, per: op.ms });
      return "passed";
    case "turnstile": {
      const { key, label } = op;
      const enter = { kind: "act", label: label + " enter " + key, fails: 0 };
      const leave = { kind: "act", label: label + " leave " + key, fails: 0 };
      return await start(main, [[enter, ...op.plan, leave], input], { limit: { key, max: op.max } });
    }
    case "lock": {
      const lock = await (op.max === 1 ? mutex(op.key) : semaphore(op.key, op.max));
      try {
        const entered = await act(op.label + " enter " + op.key, input);
        const results = await perform(op.plan, entered);
        await act(op.label + " leave " + op.key, entered);
        return results;
      } finally {
        lock.release();
      }
    }
    case "repeat": {
      let last = input;
      for (let i = 0; i < op.times; i++) last = await act(op.label + "." + i, last);
      return last;
    }
  }
}

async function perform(plan, input) {
  const results = [];
  let last = input;
  for (const op of plan) {
    const result = await one(op, last);
    results.push(result);
    if (typeof result === "string") last = result;
  }
  return results;
}

export async function main(plan, input) {
  "use workflow";
  return await perform(plan, input);
}
`;

/** What steps and unmarked code do. */
export interface World {
  act(label: string, input: string, fails: number): Promise<string>;
  count(tx: unknown, label: string): Promise<string>;
  pause(ms: number): Promise<void>;
}

/** Of the simulation that is going on: the program is compiled once. */
export const current: { world: World } = {
  world: {
    act: () => Promise.reject(new Error("no world")),
    count: () => Promise.reject(new Error("no world")),
    pause: () => Promise.reject(new Error("no world")),
  },
};

const world: World = {
  act: (label, input, fails) => current.world.act(label, input, fails),
  count: (tx, label) => current.world.count(tx, label),
  pause: (ms) => current.world.pause(ms),
};

/** Name of the module: package and path. */
export const MODULE = { package: "test", path: "simulation/program.ts" } as const;

export const compiled: Program = load(SOURCE, { world }, `${MODULE.package}/${MODULE.path}`)["main"]!;

const uncompiled = new Function(
  "$modules",
  `"use strict";const { setTimeout, setInterval, clearInterval } = $modules.timers;${SOURCE.replace(
    /^import \{([^}]*)\} from "([^"]*)";$/gm,
    (_, names, from) => `const {${names}} = $modules["${from}"];`,
  ).replace(/^export /gm, "")}\nreturn main;`,
)({ coldframe, world: { world }, timers: freeTimers() }) as Program;

/** Those of the platform, in the time of the model. */
function freeTimers() {
  const setTimeout = (callback: () => void, ms: number) => freeWorld.clock.setTimeout(callback, ms);
  const setInterval = (callback: () => void, ms: number) => {
    const timer = { live: true };
    const again = () =>
      setTimeout(() => {
        if (!timer.live) return;
        again();
        callback();
      }, ms);
    again();
    return timer;
  };
  const clearInterval = (timer: { live: boolean }) => {
    timer.live = false;
  };
  return { setTimeout, setInterval, clearInterval };
}

export interface Model {
  readonly result: unknown;
  /** Labels of the steps that were executed, sorted. */
  readonly effects: readonly string[];
  /** Labels of the counters, sorted. */
  readonly counted: readonly string[];
}

/** What the plan does as plain async code: nothing is saved, nothing fails but what the plan says. */
export async function modelOf(plan: Plan): Promise<Model> {
  const clock = new VirtualClock(1_000_000);
  const effects = new Set<string>();
  const counted: string[] = [];
  freeWorld.reset(clock);
  current.world = {
    async act(label, _, fails) {
      effects.add(label);
      if (fails > 0 && coldframe.stepContext().attempt <= fails) throw new Error("not yet");
      return `${label}#0`;
    },
    async count(_, label) {
      counted.push(label);
      return `${label} counted`;
    },
    pause: (ms) => new Promise((resolve) => clock.setTimeout(resolve, ms)),
  };
  for (const op of operations(plan))
    for (const { key, payload } of eventsOf(op)) freeWorld.send(key, payload, payload);
  let result: { value: unknown } | null = null;
  uncompiled(plan, "begin").then((value) => {
    result = { value };
  });
  do await new Promise(setImmediate);
  while (result === null && clock.step());
  freeWorld.reset(systemClock);
  if (result === null) throw new Error(`the model never ends: ${JSON.stringify(plan)}`);
  return {
    result: (result as { value: unknown }).value,
    effects: [...effects].sort(),
    counted: counted.sort(),
  };
}

/** The events that somebody else has to send for this operation. */
export function eventsOf(op: Plan[number]): readonly { readonly key: string; readonly payload: string }[] {
  if (op.kind === "deadline") return [{ key: op.key, payload: `${op.key}!` }];
  if (op.kind !== "events" && op.kind !== "stream") return [];
  return Array.from({ length: op.count }, (_, i) => ({ key: op.key, payload: `${op.key}!${i}` }));
}
