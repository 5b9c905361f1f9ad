import { beforeEach, describe, expect, it } from "vitest";
import { Board } from "../../plugins/watchdog/board.ts";
import { watchdog } from "../../plugins/watchdog/index.ts";
import { Vigil } from "../../plugins/watchdog/vigil.ts";

let board: Board;
/** The same memory, as the other thread has it. */
let seen: Board;
beforeEach(() => {
  board = new Board();
  seen = new Board(board.memory);
});

describe("the board", () => {
  it("says what runs, and what ran last", () => {
    expect(seen.read()).toBeNull();
    board.enter("order-1", "charge", "flows.ts:12");
    expect(seen.read()).toEqual({ run: "order-1", step: "charge", at: "flows.ts:12", now: true });
    board.leave();
    expect(seen.read()).toMatchObject({ run: "order-1", now: false });
    board.enter("r", "", "");
    expect(seen.read()).toEqual({ run: "r", step: "", at: "", now: true });
  });

  it("takes any text, and as much of a long one as it has room for", () => {
    board.enter("run \u0000 é 🧊 \ud800", "s".repeat(600), "");
    expect(seen.read()).toEqual({ run: "run \u0000 é 🧊 \ud800", step: "s".repeat(512), at: "", now: true });
  });

  it("lists the steps that may go on, as long as there is room, and counts the others", () => {
    const steps = Array.from({ length: 10 }, (_, i) => board.pending(`r${i}`, "charge", `flows.ts:${i}`));
    expect(seen.underWay.steps.map(({ run }) => run).sort()).toEqual([
      "r0",
      "r1",
      "r2",
      "r3",
      "r4",
      "r5",
      "r6",
      "r7",
    ]);
    expect(seen.underWay.more).toBe(2);
    for (const step of steps.slice(1)) board.settled(step);
    expect(seen.underWay).toEqual({ steps: [{ run: "r0", step: "charge", at: "flows.ts:0" }], more: 0 });
    board.settled(board.pending("again", "", ""));
    board.settled(steps[0]!);
    expect(seen.underWay).toEqual({ steps: [], more: 0 });
  });
});

describe("the vigil", () => {
  it("says nothing while the event loop turns", () => {
    const vigil = new Vigil(seen, 1000);
    for (let now = 0; now < 10_000; now += 250) {
      board.beat();
      expect(vigil.look(now)).toBeNull();
    }
  });

  it("tells a block while it lasts, then each time that it has doubled", () => {
    const vigil = new Vigil(seen, 1000);
    board.enter("order-1", "charge", "flows.ts:12");
    const told = [];
    for (let now = 0; now <= 9000; now += 250) {
      const said = vigil.look(now);
      if (said !== null) told.push([now, said]);
    }
    expect(told.map(([now]) => now)).toEqual([1000, 2000, 4000, 8000]);
    expect(told[0]![1]).toEqual({
      level: "warn",
      run: "order-1",
      at: "flows.ts:12",
      message:
        'step "charge" has kept the event loop for 1.0 s and still does; nothing else of this thread can go on',
    });
    board.beat();
    expect(vigil.look(9250)).toBeNull();
    expect(vigil.look(10_000)).toBeNull();
    expect(vigil.look(10_250)).not.toBeNull();
  });

  it("tells of code of a workflow, and of code that nobody announced", () => {
    board.enter("r", "", "flows.ts:3");
    const vigil = new Vigil(seen, 100);
    vigil.look(0);
    expect(vigil.look(100)!.message).toContain("the code after this await has kept the event loop for 0.1 s");
    board.leave();
    expect(vigil.look(200)!.message).toBe(
      "the event loop has been blocked for 0.2 s; nothing else of this thread can go on. What the engine called last is the code after this await",
    );
    const idle = new Vigil(new Board(), 100);
    idle.look(0);
    expect(idle.look(100)).toEqual({
      level: "warn",
      message: "the event loop has been blocked for 0.1 s; nothing else of this thread can go on",
    });
  });

  it("names the steps that may have gone on", () => {
    const vigil = new Vigil(seen, 100);
    board.enter("r", "", "flows.ts:3");
    board.leave();
    const one = board.pending("order-1", "charge", "flows.ts:12");
    vigil.look(0);
    expect(vigil.look(100)).toEqual({
      level: "warn",
      run: "order-1",
      at: "flows.ts:12",
      message:
        'the event loop has been blocked for 0.1 s; nothing else of this thread can go on. The only step under way is "charge"',
    });
    for (let i = 2; i <= 9; i++) board.pending(`order-${i}`, "ship", "");
    const { message, run } = vigil.look(200)!;
    expect(message).toMatch(/Steps under way: .*"charge" of order-1 \(flows\.ts:12\).*, and 1 more$/);
    expect(run).toBeUndefined();
    board.settled(one);
    expect(vigil.look(400)!.message).not.toContain("charge");
  });
});

describe("where the thread is", () => {
  const frame = (name: string, file: string) => ({ name, file, line: 3, column: 9 });

  it("is told with what the user's own code calls there, and names the step when it is only one", () => {
    const vigil = new Vigil(seen, 100);
    vigil.look(0);
    board.pending("order-1", "charge", "flows.ts:12");
    board.pending("order-2", "ship", "flows.ts:20");
    const said = vigil.look(100)!;
    const frames = [
      frame("hash", "node_modules/lib/index.js"),
      frame("ship", "src/steps.ts"),
      frame("", "a.ts"),
    ];
    expect(vigil.placed(said, frames)).toEqual({
      level: "warn",
      run: "order-2",
      at: "flows.ts:20",
      message: `${said.message}. It is at hash (node_modules/lib/index.js:3:9), called by ship (src/steps.ts:3:9): in step "ship"`,
      stack: ["hash (node_modules/lib/index.js:3:9)", "ship (src/steps.ts:3:9)", "a.ts:3:9"],
    });
    expect(vigil.placed(said, [])).toEqual(said);
    board.pending("order-3", "ship", "flows.ts:20");
    expect(vigil.placed(said, frames).run).toBeUndefined();
  });
});

it("wrong options are refused before a thread is made", () => {
  expect(() => watchdog({ afer: 5 } as never)).toThrow("CF2301");
  expect(() => watchdog({ after: 5 })).toThrow("CF2301");
  expect(() => watchdog({ after: Number.NaN })).toThrow("CF2301");
});
