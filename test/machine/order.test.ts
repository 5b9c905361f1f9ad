/**
 * The order of jobs is that of ECMA-262: random programs leave the same log over native promises and over the
 * machine. A failure prints its seed and the shrunk program.
 */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { $Promise } from "../../runtime/machine/index.ts";
import { body, inNewRun, microtasks } from "./compiled.ts";
import { closure, exec } from "./order-exec.ts";
import { type Context, context, execNative, note, type Operation, programs } from "./order-program.ts";

// Programs leave rejections unhandled on purpose.
const ignore = () => {};
let listeners: NodeJS.UnhandledRejectionListener[] = [];
beforeAll(() => {
  listeners = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", ignore);
  process.on("rejectionHandled", ignore);
});
afterAll(() => {
  process.off("rejectionHandled", ignore);
  process.off("unhandledRejection", ignore);
  for (const listener of listeners) process.on("unhandledRejection", listener);
});

function conclude(c: Context, result: PromiseLike<unknown>): void {
  result.then(
    (value) => note(c, "returned", value),
    (error) => note(c, "threw", error),
  );
}

async function overNative(...all: Operation[][]): Promise<string[]> {
  const log: string[] = [];
  const shared = sharedPromises();
  all.forEach((ops, i) => {
    const c = context(Promise, execNative, log, "ab"[i]!, shared.promises);
    conclude(c, execNative(c, ops, 0));
  });
  await shared.settle();
  return log;
}

function sharedPromises() {
  let late!: (value: number) => void;
  const promises = [
    Promise.resolve(100),
    Promise.reject(101),
    new Promise<number>((resolve) => {
      late = resolve;
    }),
  ];
  return {
    promises,
    async settle() {
      await microtasks();
      late(102);
      await microtasks();
    },
  };
}

test("in a run, jobs are done in native order", async () => {
  await fc.assert(
    fc.asyncProperty(programs, async (ops) => {
      const native: string[] = [];
      const c = context(Promise, execNative, native, "a");
      conclude(c, execNative(c, ops, 0));
      await microtasks();

      const log: string[] = [];
      inNewRun(() => {
        const c = context($Promise, exec, log, "a");
        conclude(c, exec(c, ops, 0));
      });
      expect(log).toEqual(native);
    }),
    { numRuns: 3000 },
  );
});

test("outside any run, they also mix with native jobs in native order", async () => {
  await fc.assert(
    fc.asyncProperty(programs, programs, async (ours, theirs) => {
      const native = await overNative(ours, theirs);

      const log: string[] = [];
      const shared = sharedPromises();
      let a!: Context;
      body(() => {
        a = context($Promise, exec, log, "a", shared.promises, closure);
      });
      conclude(a, exec(a, ours, 0));
      const b = context(Promise, execNative, log, "b", shared.promises);
      conclude(b, execNative(b, theirs, 0));
      await shared.settle();
      expect(log).toEqual(native);
    }),
    { numRuns: 2000 },
  );
});
