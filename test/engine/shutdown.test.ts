/** A worker is closed, as by SIGTERM, at each commit and each attempt of a step: another one carries on as if nothing had been. */
import { expect, it } from "vitest";
import type { Engine } from "../../runtime/index.ts";
import { program } from "./programs.ts";
import { Stage } from "./stage.ts";

const BODY = `
  const a = await call("a");
  const both = await Promise.all([call("late", 300), call("b", a)]);
  await sleep("2s");
  const key = await Promise.race([event("never"), event("soon")]);
  const lock = await mutex("door");
  let undone = "";
  try { await call("c", both); throw new Error("no"); } catch { undone = await call("d"); } finally { lock.release(); }
  return [a, both, key, undone, await call("e")];`;

/** @param closeAt failpoint at which it is closed; 0 for none */
async function closedAt(closeAt: number) {
  const stage = new Stage();
  const late = (ms: number) => new Promise((resolve) => stage.clock.setTimeout(() => resolve("late"), ms));
  const main = program(BODY, { late });
  let failpoints = 0;
  let closing: Promise<void> | null = null;
  const first: Engine = await stage.engine({
    poll: "1s",
    failpoint: () => {
      if (++failpoints === closeAt) closing = first.close();
    },
  });
  const client = await stage.engine({ worker: false, poll: "1s" });
  const starting = first.start(main, [], { id: "r" }).catch(() => client.start(main, [], { id: "r" }));
  stage.clock.setTimeout(() => void client.send("soon", "event", { id: "1" }), 1000);
  const began = stage.clock.now();
  await stage.until(starting);
  if (closeAt > 0) {
    await stage.when(() => closing !== null);
    await stage.until(closing!);
    expect(await stage.data.read.run("r")).toMatchObject({ worker: null });
    await stage.engine({ poll: "1s" });
  }
  const result = await stage.until(client.run("r").result());
  const took = stage.clock.now() - began;
  await stage.close();
  return { result, calls: main.calls, failpoints, took };
}

it("at every await: nothing is lost, no step is executed twice", async () => {
  const { failpoints, ...undisturbed } = await closedAt(0);
  expect(failpoints).toBeGreaterThan(20);
  for (let closeAt = 1; closeAt <= failpoints; closeAt++) {
    const { result, calls, took } = await closedAt(closeAt);
    expect([closeAt, result, calls]).toEqual([closeAt, undisturbed.result, undisturbed.calls]);
    // Handed over at once, not when a lease has ended.
    expect(took).toBeLessThan(undisturbed.took + 10_000);
  }
});
