/** Methods as steps: what `this` is in them. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { stub } from "../../runtime/testing/index.ts";
import { load } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

/** Its instances hold what cannot be saved, unless `client` says otherwise. */
const bank = `export class Bank {
    constructor(fee, client = new Promise(() => {})) { this.fee = fee; this.client = client; }
    async charge(card, amount = 1) { "use step"; this.last = card; return [card, amount + this.fee, this.client === bank.client]; }
  }
  export const bank = new Bank(10);`;

test("an instance that has a name is the one of the process in which the step is executed", async () => {
  const { main } = load(`"use workflow"; import { event } from "coldframe"; ${bank}
    export async function main() { const one = await bank.charge("a"); await event("go"); return [one, await bank.charge("b", 5), bank.last]; }`);
  const { engine, kill } = await stage.mortal();
  const { id } = await engine.start(main!, []);
  await stage.when(async () => (await engine.get(id))!.waits.some(({ kind }) => kind === "event"));
  kill();
  const other = await stage.engine();
  await other.send("go");
  expect(await stage.until(other.run(id).result())).toEqual([["a", 11, true], ["b", 15, true], "b"]);
});

test("any other one is copied, as arguments are; one that cannot be is told as `this`", async () => {
  const { main } = load(`"use workflow"; ${bank}
    export async function main() {
      const own = new Bank(1, "plain");
      const answer = await own.charge("a");
      try { await new Bank(2).charge("b"); } catch (error) { return [answer, own.last, error.code, error.message]; }
    }`);
  const engine = await stage.engine();
  const [answer, last, code, message] = (await stage.until(
    (await engine.start(main!, [])).result(),
  )) as string[];
  expect([answer, last, code]).toEqual([["a", 2, false], undefined, "CF2101"]);
  expect(message).toContain('arguments of step "charge": [this, ...args][0].client is ');
});

test("a stub gets the arguments of the method, and its `this`", async () => {
  const { main, Bank } = load(`"use workflow"; ${bank}
    export async function main() { return await bank.charge("a", 5); }`) as never as {
    main: () => Promise<unknown>;
    Bank: { prototype: { charge(card: string, amount: number): Promise<unknown> } };
  };
  using charges = stub(Bank.prototype.charge, function (this: { fee: number }, card, amount) {
    return Promise.resolve([card, amount, this.fee]);
  });
  const engine = await stage.engine();
  expect(await stage.until((await engine.start(main, [])).result())).toEqual(["a", 5, 10]);
  expect(charges.calls).toEqual([["a", 5]]);
});
