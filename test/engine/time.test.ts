import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { program } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

describe("time", () => {
  it("passes while nobody works, and a missed timer fires at once", async () => {
    const main = program("await sleep('3d'); return 'woke'");
    const first = await stage.engine();
    const run = await first.start(main, [], { id: "r" });
    await stage.when(async () => (await run.status())!.worker === null);
    await first.close();
    await stage.clock.advance(5 * 86_400_000);
    const second = await stage.engine();
    const before = stage.clock.now();
    expect(await stage.until(second.run("r").result())).toBe("woke");
    expect(stage.clock.now() - before).toBeLessThan(100);
  });

  it("can be given as a date", async () => {
    const main = program("await sleep(new Date(args[0])); return 1");
    const engine = await stage.engine();
    await stage.until((await engine.start(main, [1_060_000])).result());
    expect(stage.clock.now()).toBe(1_060_000);
  });

  it("of AbortSignal.timeout is kept across parks, with what listens", async () => {
    const main = program(`
      const signal = AbortSignal.timeout(3600_000), heard = [];
      signal.addEventListener("abort", () => heard.push(signal.reason.name));
      await sleep("30m");
      heard.push(signal.aborted);
      await sleep("40m");
      return [...heard, signal.aborted];`);
    const engine = await stage.engine({ cache: 0 });
    const run = await engine.start(main, []);
    expect(await stage.until(run.result())).toEqual([false, "TimeoutError", true]);
  });
});
