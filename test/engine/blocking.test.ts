import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Clock } from "../../runtime/index.ts";
import { program } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
/** Time that a loop takes, in ms. */
let spent: number;
let clock: Clock;
beforeEach(() => {
  stage = new Stage();
  spent = 0;
  clock = {
    now: () => stage.clock.now() + spent,
    setTimeout: (callback, ms) => stage.clock.setTimeout(callback, ms),
    clearTimeout: (timer) => stage.clock.clearTimeout(timer),
  };
});
afterEach(() => stage.close());

const spin = (ms: number) => {
  spent += ms;
};

describe("what keeps the event loop for more than a second is told", () => {
  it("a step, with its run and the line that calls it", async () => {
    const main = program("await call('spin', 900);\nawait call('spin', 1400)", { spin });
    const engine = await stage.engine({ clock });
    await stage.until((await engine.start(main, [], { id: "r" })).result());
    const told = stage.logs.filter(({ message }) => message.includes("event loop"));
    expect(told).toEqual([
      expect.objectContaining({
        level: "warn",
        run: "r",
        at: expect.stringMatching(/program-\d+\.ts:4$/),
        message: expect.stringContaining('step "call" kept the event loop for 1.4 s'),
      }),
    ]);
  });

  it("a turn, with the await that ended it", async () => {
    const main = program("await call('a'); world.spin(2000);\nawait call('b')", { spin });
    const engine = await stage.engine({ clock });
    await stage.until((await engine.start(main, [], { id: "r" })).result());
    const told = stage.logs.filter(({ message }) => message.includes("event loop"));
    expect(told).toEqual([
      expect.objectContaining({
        run: "r",
        at: expect.stringMatching(/program-\d+\.ts:4$/),
        message: expect.stringContaining("the code before this await kept the event loop for 2.0 s"),
      }),
    ]);
  });

  it("while it lasts, to a watchdog: what is called, and that it has returned", async () => {
    const told: string[] = [];
    const main = program("await call('a');\nawait call('b')", {
      a: () => told.push("a"),
      b: () => told.push("b"),
    });
    const watchdog = {
      enter: (run: string, step: string, at: string) =>
        told.push(`${run} ${step || "turn"} ${at.slice(at.lastIndexOf(":"))}`),
      leave: () => told.push("left"),
    };
    const engine = await stage.engine({ watchdog });
    await stage.until((await engine.start(main, [], { id: "r" })).result());
    const call = (line: string, name: string) => [`r call ${line}`, name, "left"];
    const turn = (line: string) => [`r turn ${line}`, "left"];
    expect(told).toEqual([...turn(""), ...call(":3", "a"), ...turn(":3"), ...call(":4", "b"), ...turn(":4")]);
    await expect(stage.engine({ watchdog: {} as never })).rejects.toThrow("CF2301");
  });
});
