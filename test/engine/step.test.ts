import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FatalError, RetryableError, stepContext, TimeoutError } from "../../runtime/index.ts";
import { load, program } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

describe("a step", () => {
  const flaky = (failures: number, error: () => unknown = () => new Error("busy")) => {
    let made = 0;
    return () => {
      if (made++ < failures) throw error();
      return made;
    };
  };
  const withPolicy = (options: string, body: unknown) =>
    load(
      `import { step } from "coldframe"; import { body } from "world";
       export const call = step(async function call() { return body(); }, ${options});
       export async function main() { "use workflow"; return await call(); }`,
      { body },
    )["main"]!;

  it("is attempted once unless a policy says otherwise", async () => {
    const main = program("return await call('fail')", { fail: flaky(1) });
    const engine = await stage.engine();
    await expect(stage.until((await engine.start(main, [])).result())).rejects.toThrow("busy");
  });

  it("is tried again with growing waits, under one key", async () => {
    const contexts: [string, number, number][] = [];
    const attempt = flaky(3);
    const main = withPolicy("{ retry: { attempts: 5, interval: '1s', factor: 10 } }", () => {
      const { key, attempt: n } = stepContext();
      contexts.push([key, n, stage.clock.now() - 1_000_000]);
      return attempt();
    });
    const engine = await stage.engine({ random: () => 0.999 });
    const run = await engine.start(main, [], { id: "r" });
    expect(await stage.until(run.result())).toBe(4);
    expect(contexts.map(([key, n]) => [key, n])).toEqual([1, 2, 3, 4].map((n) => ["r/1", n]));
    expect(contexts.map(([, , at]) => at)).toEqual([0, 999, 999 + 9990, 999 + 9990 + 99900]);
  });

  it("is not tried again after FatalError, nor before retryAfter", async () => {
    const engine = await stage.engine({ random: () => 0 });
    const fatal = withPolicy(
      "{ retry: 5 }",
      flaky(1, () => new FatalError("no")),
    );
    await expect(stage.until((await engine.start(fatal, [])).result())).rejects.toThrow(new FatalError("no"));
    const later = withPolicy(
      "{ retry: 5 }",
      flaky(1, () => new RetryableError("later", { retryAfter: "7s" })),
    );
    const before = stage.clock.now();
    expect(await stage.until((await engine.start(later, [])).result())).toBe(2);
    expect(stage.clock.now() - before).toBeGreaterThanOrEqual(7000);
  });

  it("is aborted when an attempt takes too long", async () => {
    let aborted: unknown;
    const main = withPolicy("{ timeout: '3s' }", () => {
      const { signal } = stepContext();
      return new Promise(() => signal.addEventListener("abort", () => (aborted = signal.reason)));
    });
    const engine = await stage.engine();
    await expect(stage.until((await engine.start(main, [])).result())).rejects.toBeInstanceOf(TimeoutError);
    expect(aborted).toBeInstanceOf(TimeoutError);
  });

  it("keeps the count of its attempts over a crash", async () => {
    const attempts: number[] = [];
    const main = withPolicy("{ retry: { attempts: 3, interval: '10m' } }", () => {
      attempts.push(stepContext().attempt);
      throw new Error("busy");
    });
    const { engine, kill } = await stage.mortal({ random: () => 0.5, lease: "10s" });
    const run = await engine.start(main, [], { id: "r" });
    await stage.when(async () => (await run.status())!.attempts.length === 1);
    kill();
    const other = await stage.engine({ random: () => 0.5, poll: "1s" });
    await expect(stage.until(other.run("r").result())).rejects.toThrow("busy");
    expect(attempts).toEqual([1, 2, 3]);
  });

  it("refuses unknown options", async () => {
    expect(() => withPolicy("{ retires: 5 }", () => 1)).toThrow(expect.objectContaining({ code: "CF2301" }));
    expect(() => withPolicy("{ retry: 0 }", () => 1)).toThrow(expect.objectContaining({ code: "CF2301" }));
    expect(() => withPolicy("{ timeout: 'soon' }", () => 1)).toThrow(
      expect.objectContaining({ code: "CF2302" }),
    );
  });

  it("throws what cannot be saved of its arguments and results at its await", async () => {
    const main = program(
      "const seen = []; for (const f of [() => call('a', world.weak()), () => call('weak')]) { try { await f() } catch (e) { seen.push(e.code) } } return seen",
      { weak: () => ({ hidden: new Promise(() => {}) }) },
    );
    const engine = await stage.engine();
    expect(await stage.until((await engine.start(main, [])).result())).toEqual(["CF2101", "CF2101"]);
  });

  it("throws errors of unknown classes as StepError", async () => {
    class Odd extends Error {
      override name = "Odd";
      socket = new Promise(() => {});
    }
    const main = program("try { await call('odd') } catch (e) { return [e.name, e.original, e.message] }", {
      odd: () => {
        throw new Odd("hm");
      },
    });
    const engine = await stage.engine();
    expect(await stage.until((await engine.start(main, [])).result())).toEqual(["StepError", "Odd", "hm"]);
  });

  it("cannot be asked for its context elsewhere", () => {
    expect(() => stepContext()).toThrow(expect.objectContaining({ code: "CF2306" }));
  });
});
