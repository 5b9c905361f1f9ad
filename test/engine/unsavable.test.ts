/** What cannot be saved, from the author's source to the text that he reads, and what becomes of the run. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { load } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

class Socket {
  open = true;
}

const source = `import { sleep } from "coldframe"; import { world } from "world";
async function charge(card) { "use step"; return world.charge(card); }
export async function main(card) {
  "use workflow";
  const paid = await charge(card);
  const opts = { retry: { socket: world.connect() } };
  const log = () => opts.retry;
  const list = [paid, new Map([["f", world.plain]])];
  await sleep("1d");
  return [paid, log(), list];
}
export async function argument() {
  "use workflow";
  try { return await charge({ deep: [world.connect()] }); } catch (error) { return error.message; }
}
export async function outcome() {
  "use workflow";
  return { socket: world.connect() };
}`;

function world(connect: () => unknown = () => new Socket(), plain: unknown = () => 1) {
  const calls: unknown[] = [];
  const charge = (card: unknown) => {
    calls.push(card);
    return card === "odd" ? { inner: new Socket() } : `paid ${card}`;
  };
  return { calls, exports: load(source, { world: { connect, charge, plain } }) };
}

const failure = (promise: Promise<unknown>): Promise<string> =>
  stage.until(
    promise.then(
      () => "done",
      (error: Error) => error.message,
    ),
  );

describe("a value that cannot be saved", () => {
  it("is told with all others: path from a local, type, where it is declared, where the run parks, ways out", async () => {
    const engine = await stage.engine();
    const { exports } = world();
    const run = await engine.start(exports["main"]!, ["c"] as never);
    const text = await failure(run.result());
    expect(text).toMatch(
      /^CF2101 a value cannot be saved: 2 values are still needed after an await, but cannot be saved\n/,
    );
    expect(text).toMatch(/main › opts\.retry\.socket is a Socket \(\S+:6\)/);
    expect(text).toMatch(
      /main › list\[1\]\.get\("f"\) is the function plain of unmarked code \(\S+:8\)\n +\S+:8:9 +list +is declared here\n +\S+:9:3 +await sleep +the run parks here/,
    );
    expect(text).toContain("Open it inside a step");
  });

  it("says of an argument, a step's result, a run's result, a payload what it was", async () => {
    const engine = await stage.engine();
    const { exports } = world();
    const start = async (name: string, ...args: unknown[]) =>
      failure(
        (await engine.start(exports[name]!, args as never)).result().then((text) => {
          throw new Error(String(text));
        }),
      );
    expect(await start("argument")).toContain('arguments of step "charge": args[0].deep[0] is a Socket');
    expect(await start("main", "odd")).toContain('result of step "charge".inner is a Socket');
    expect(await start("outcome")).toContain("the result of the run.socket is a Socket");
    await expect(engine.start(exports["main"]!, [{ s: new Socket() }] as never)).rejects.toThrow(
      "arguments of start(): args[0].s is a Socket",
    );
    const run = await engine.start(exports["main"]!, ["c"] as never, { id: "e" });
    await failure(run.result());
    await expect(engine.send("k", { s: new Socket() })).rejects.toThrow('payload of event "k".s is a Socket');
  });

  it("says which step, where its function has no name, and which closure", async () => {
    const engine = await stage.engine();
    const { exports } = load(`"use workflow";
      import { step } from "coldframe";
      const perform = step(async (name, f) => await f(name));
      const bank = { charge: step(async (f) => await f()) };
      export const exports = {
        async alone() { await perform("one", async () => 1); },
        async held() { await bank.charge(async () => 1); },
        async inside() { return await step(async () => 1)(); },
      };`) as unknown as { exports: Record<string, never> };
    const start = async (name: string) => failure((await engine.start(exports[name]!, [])).result());
    const text = await start("alone");
    expect(text).toMatch(/arguments of step "perform": args\[1\] is a closure, made at program-\d+\.ts:6\n/);
    expect(text).toContain("call closures where they were made");
    expect(text).not.toContain("inside a step");
    expect(await start("held")).toContain('arguments of step "bank.charge": args[0] is a closure, made at');
    expect(await start("inside")).toContain(
      "CF2001 this function was not compiled, or has no name: a step of step() has no name",
    );
  });

  it("holds the run as it was last saved, where the engine is told to", async () => {
    const engine = await stage.engine({ onUnsavable: "hold" });
    let isBroken = true;
    const { calls, exports } = world(() => (isBroken ? new Socket() : { plain: true }), null);
    const run = await engine.start(exports["main"]!, ["c"] as never, { id: "held" });
    const state = async () => (await engine.get("held"))!;
    await stage.when(async () => (await state()).status === "blocked");
    expect((await state()).blocked!.reason).toMatch(/main › opts\.retry\.socket is a Socket/);
    isBroken = false;
    expect(await engine.unblock("held")).toBe(true);
    const plain = { socket: { plain: true } };
    expect(await stage.until(run.result())).toEqual(["paid c", plain, ["paid c", new Map([["f", null]])]]);
    // What the step returned was kept.
    expect(calls).toEqual(["c"]);
  });

  it("knows the setting", async () => {
    await expect(stage.engine({ onUnsavable: "drop" as never })).rejects.toThrow('"fail" or "hold"');
  });
});
