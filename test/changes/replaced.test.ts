/** A development server replaces modules all day: of those that were, nothing stays. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, expect, test } from "vitest";
import * as api from "../../runtime/index.ts";
import { registry } from "../../runtime/machine/index.ts";
import { carryOn, trail } from "../fixtures/driver.ts";
import { idle } from "../fixtures/plain.ts";
import { compiled, evaluateBeside, unload } from "./load.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

afterEach(() => {
  registry.hot = false;
  unload();
});

const source = (n: number) => `"use workflow";
import { sleep } from "coldframe";
export let later: unknown;
class Counter {
  #n = ${n};
  *values() { yield this.#n; }
}
function* numbers() { yield ${n}; }
export async function program() {
  let total = 0;
  const add = (one: number) => { total += one; };
  const left = numbers();
  await sleep(1);
  for (const one of left) add(one);
  for (const one of new Counter().values()) add(one);
  await sleep(1);
  add(1);
  return total;
}
`;

test("modules that were replaced are collected, with all that was restored from their runs", async () => {
  registry.hot = true;
  const held: WeakRef<object>[] = [];
  for (let n = 1; n <= 8; n++) {
    const module = evaluateBeside(compiled(source(n), "shop/flow.ts"), { coldframe: api });
    held.push(new WeakRef(module["program"]!));
    const world = { use: () => {} };
    const { trail: parked, end } = await trail(module as never, world);
    expect(end).toBe(`= ${2 * n + 1}`);
    for (const one of parked) expect((await carryOn(one, world)).end).toBe(end);
  }
  await idle();
  collectGarbage();
  expect(held.map((one) => one.deref() !== undefined)).toEqual([...new Array<boolean>(7).fill(false), true]);
});
