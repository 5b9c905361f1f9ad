import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Engine } from "../../runtime/index.ts";
import { program } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

/** Workers that die when the program says `kill()`: one after the other, as under a supervisor. */
class Supervisor {
  deaths = 0;
  engine!: Engine;
  #kill: () => void = () => {};

  async begin(): Promise<void> {
    const { engine, kill } = await stage.mortal({ lease: "10s", poll: "1s" });
    this.engine = engine;
    this.#kill = kill;
  }

  readonly kill = (): Promise<never> => {
    this.deaths++;
    this.#kill();
    stage.clock.setTimeout(() => void this.begin(), 500);
    return new Promise(() => {});
  };
}

describe("a run that takes its workers down", () => {
  it("is blocked after the third, and the thousand beside it are not", async () => {
    const supervisor = new Supervisor();
    await supervisor.begin();
    const later = () => new Promise((resolve) => stage.clock.setTimeout(() => resolve(1), 3000));
    const other = program("await call('later'); return await call('b')", { later });
    const killer = program("await call('kill')", { kill: supervisor.kill });
    const client = await stage.engine({ worker: false });
    await client.start(killer, [], { id: "killer" });
    for (let i = 0; i < 1000; i++) await client.start(other, [], { id: `r${i}` });
    await stage.when(async () => (await client.get("killer"))!.status === "blocked");
    expect(supervisor.deaths).toBe(3);
    expect((await client.get("killer"))!.blocked!.reason).toContain("CF2308");
    await stage.when(async () => (await client.list({ status: "done", limit: 2000 })).length === 1000);
    expect(await client.list({ status: "blocked" })).toHaveLength(1);
  });

  it("is tried alone, and has company again when it lives long", async () => {
    const supervisor = new Supervisor();
    await supervisor.begin();
    let lives = 0;
    const slow = () =>
      ++lives <= 2
        ? supervisor.kill()
        : new Promise((resolve) => stage.clock.setTimeout(() => resolve("late"), 300_000));
    const main = program("return await call('slow')", { slow });
    const next = program("return await call('n')");
    const client = await stage.engine({ worker: false });
    const run = await client.start(main, [], { id: "suspect" });
    await stage.when(() => lives === 3);
    const began = stage.clock.now();
    const result = (await client.start(next, [])).result();
    expect(await stage.until(result)).toBe("n");
    // Not while it was on probation, and not only when it had ended.
    expect(stage.clock.now() - began).toBeGreaterThan(15_000);
    expect(stage.clock.now() - began).toBeLessThan(60_000);
    expect(await stage.until(run.result())).toBe("late");
  });

  it("may try again when somebody says so", async () => {
    const supervisor = new Supervisor();
    await supervisor.begin();
    let mended = false;
    const main = program("return await call('kill')", { kill: () => (mended ? "alive" : supervisor.kill()) });
    const client = await stage.engine({ worker: false });
    const run = await client.start(main, [], { id: "r" });
    await stage.when(async () => (await run.status())!.status === "blocked");
    mended = true;
    expect(await client.unblock("r")).toBe(true);
    expect(await stage.until(run.result())).toBe("alive");
  });

  it("is no suspect any more once it came further", async () => {
    const supervisor = new Supervisor();
    await supervisor.begin();
    const lives = new Map<unknown, number>();
    const fragile = (name: unknown) => {
      lives.set(name, (lives.get(name) ?? 0) + 1);
      return lives.get(name)! <= 2 ? supervisor.kill() : name;
    };
    const main = program("for (const n of [1, 2, 3]) await call('fragile', n); return 'through'", {
      fragile,
    });
    const client = await stage.engine({ worker: false });
    expect(await stage.until((await client.start(main, [])).result())).toBe("through");
    expect(supervisor.deaths).toBe(6);
  });
});
