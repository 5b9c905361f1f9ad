import { describe, expect, it } from "vitest";
import { runScenario, World } from "../../runtime/testing/index.ts";
import { load } from "./programs.ts";

const source = `
  import { channel, event, mutex, send, sleep, start } from "coldframe"; import { clock, log } from "world";
  export async function call(name, ms, fail) {
    "use step";
    log("-> " + name);
    await new Promise((resolve) => clock().setTimeout(resolve, ms));
    log("<- " + name);
    if (fail) throw new Error(fail);
    return name;
  }
  export async function upgrade() {
    "use workflow";
    const undo = [];
    const branch = async (name, ms, fail) => {
      await call("back up " + name, ms);
      undo.push(() => call("restore " + name, 1));
      await call("upgrade " + name, ms, fail);
    };
    const done = await Promise.allSettled([branch("db", 5, "bad sql"), branch("app", 3)]);
    while (undo.length > 0) await undo.pop()();
    await sleep("1h");
    return done.map((one) => one.status);
  }
  export async function approve() {
    "use workflow";
    try {
      return await Promise.race([event({ key: "yes", timeout: "3d" }), call("slow", 1000).then(() => "slow")]);
    } catch (error) {
      return error.name;
    }
  }
  export async function family() {
    "use workflow";
    const box = channel("box", { capacity: 1 });
    const children = [start(child, ["a"]), start(child, ["b"])];
    const heard = [await box.receive(), await box.receive()];
    send("done", heard.length);
    return [heard, await Promise.all(children)];
  }
  export async function child(name) {
    "use workflow";
    await using lock = await mutex("door");
    const answer = await event({ key: name, timeout: "3d" });
    await sleep("1h");
    await channel("box", { capacity: 1 }).send(name + answer);
    return name === "a" ? "first" : await event("done");
  }
  export async function forever() { "use workflow"; await event("never"); }
`;

describe("a scenario", () => {
  const regimes = [
    { regime: "plain" },
    { regime: "memory" },
    { regime: "park" },
    { regime: "park", between: "job" },
  ] as const;

  async function all(name: string, prepare: (world: World) => void = () => {}) {
    const outcomes = [];
    for (const regime of regimes) {
      const world = new World();
      const trace: string[] = [];
      const program = load(source, { clock: () => world.clock, log: (line: string) => trace.push(line) })[
        name
      ]!;
      prepare(world);
      const { status, value, parks } = await runScenario(program, [], { ...regime, world });
      outcomes.push({ status, value, trace, now: world.clock.now() });
      expect(parks > 0).toBe(regime.regime === "park");
    }
    for (const outcome of outcomes) expect(outcome).toEqual(outcomes[0]);
    return outcomes[0]!;
  }

  it("runs that were started hear of the same events, and share locks and channels", async () => {
    const { value } = await all("family", (world) => {
      world.send("b", 2);
      world.clock.setTimeout(() => world.send("a", 1), 5000);
    });
    expect(value).toEqual([
      ["a1", "b2"],
      ["first", 2],
    ]);
  });

  it("is the same in every regime: branches, closures, time", async () => {
    expect(await all("upgrade")).toMatchObject({
      status: "done",
      value: ["rejected", "fulfilled"],
      now: 3_600_012,
      trace: [
        "-> back up db",
        "-> back up app",
        "<- back up app",
        "-> upgrade app",
        "<- back up db",
        "-> upgrade db",
        "<- upgrade app",
        "<- upgrade db",
        "-> restore db",
        "<- restore db",
        "-> restore app",
        "<- restore app",
      ],
    });
  });

  it("is the same in every regime: events early, in time and never", async () => {
    expect(
      (await all("approve", (world) => world.clock.setTimeout(() => world.send("yes", "sent"), 500))).value,
    ).toBe("sent");
    expect((await all("approve")).value).toBe("slow");
    expect((await all("forever")).status).toBe("waiting");
  });
});
