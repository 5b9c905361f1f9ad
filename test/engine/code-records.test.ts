/** Runs of code that is not loaded: what its process wrote about it is asked for, also when the store fails just then. */
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Store } from "../../runtime/engine/store.ts";
import { withNames } from "../../runtime/snapshot/index.ts";
import { program } from "./programs.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

/** A store that gives runs as if they had been saved by other code, and fails when it is asked about codes, `failures` times. */
function otherCode(inner: Store, failures: number): Store {
  let asked = 0;
  const codes = async () => {
    // Once when the worker begins.
    if (asked++ > 0 && asked <= failures + 1) throw new Error("connection lost");
    return inner.read.codes();
  };
  const claim: Store["claim"] = async (...args) =>
    (await inner.claim(...args)).map((run) => ({
      ...run,
      snapshot:
        run.snapshot && withNames(run.snapshot, (body) => body.replace(/#main \w+ /, "#main 0ther000 ")),
    }));
  return new Proxy(inner, {
    get(target, name) {
      if (name === "claim") return claim;
      if (name === "read") return { ...target.read, codes };
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

it("a run whose code nobody knows is blocked once the store could be asked", async () => {
  const main = program("const n = args[0]; const answer = await event('go'); return [n, answer]");
  const first = await stage.engine();
  const run = await first.start(main, [7], { id: "r" });
  const { read } = stage.data.connect();
  const row = async () => (await read.run(run.id))!;
  await stage.when(async () => (await row()).waits.length > 0);
  await first.close();
  const second = await stage.engine({ store: otherCode(stage.data.connect(), 3) });
  await second.send("go", "yes");
  await stage.when(async () => (await row()).status === "blocked");
  expect((await row()).blocked?.reason).toContain("CF2103");
  const failed = stage.logs.filter(({ message }) => message.includes("could not be read"));
  expect(failed).toHaveLength(3);
  expect(failed[0]).toMatchObject({ level: "error", run: "r" });
});
