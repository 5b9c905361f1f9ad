/**
 * What every await touches stays an object of a hidden class. V8 turns some objects into dictionaries without a word, a literal with
 * an accessor for one, and awaits take three times as long from then on.
 */
import { setFlagsFromString } from "node:v8";
import { expect, test } from "vitest";
import { Durable, freeRun, machine, Run, start } from "../../runtime/machine/index.ts";
import { compiled, notes, wait } from "./compiled.ts";

setFlagsFromString("--allow-natives-syntax");
const isFast = new Function("object", "return %HasFastProperties(object)") as (object: object) => boolean;

test("the check sees dictionaries", () => {
  const made = {
    a: 1,
    get b() {
      return 1;
    },
  };
  expect([isFast({ a: 1 }), isFast(made)]).toEqual([true, false]);
});

test("the machine, its runs and its tasks are no dictionaries", () => {
  const run = new Run("shapes", notes());
  const root = start(run, wait as never, [[], "w", 1]);
  const { code } = compiled("shape", () => 0);
  expect(root).toBeInstanceOf(Durable);
  for (const object of [machine, freeRun, run, root, code, Durable.prototype, Run.prototype])
    expect(isFast(object)).toBe(true);
});
