/**
 * When a task goes on inline, and when it must not: each test here fails when a rule of the top is dropped.
 */
import { expect, test } from "vitest";
import { $begin, $end, $Promise, Durable, machine, Run, start } from "../../runtime/machine/index.ts";
import { body, call, compiled, inNewRun, notes, wait } from "./compiled.ts";

/** `f` as the root of a run: it has the top. */
function root<A extends unknown[]>(f: (...args: A) => unknown, ...args: A): Run {
  const run = new Run("top", notes());
  expect(start(run, f as never, args).state).toBe(1);
  return run;
}

test("a directly awaited callee goes on inline: nothing is ever queued", () => {
  const log: unknown[] = [];
  const run = root(call, log, wait, log, "inner", 1);
  expect(log).toEqual(["inner", 1, "inner", "called"]);
  expect(run.jobs).toEqual([]);
});

test("a callee that somebody else calls in between does not take the top", () => {
  const log: unknown[] = [];
  // `await between()`: the top is handed to `between`, which is not marked and calls a marked function by itself.
  const between = () => {
    wait(log, "w", 1);
    log.push("after the call");
    return 0;
  };
  root(call, log, between);
  expect(log).toEqual(["after the call", "w", 1, 0, "called"]);
});

test("a top that was not taken by the next call is gone", () => {
  const log: unknown[] = [];
  const between = () => {
    body(() => 0);
    // `between` was `next` until `body` began; were it kept, this call by the same name would take the top.
    expect(machine.next).toBeNull();
    return 0;
  };
  root(call, log, between);
  expect(log).toEqual([0, "called"]);
});

test("a handler of then is not the top, though the task it awaits was", () => {
  const log: unknown[] = [];
  inNewRun(() => {
    // The job before the handler is that of `task` itself, which completes in it.
    const task = wait(log, "task", $Promise.resolve(1));
    task.then(() => {
      wait(log, "in handler", task);
      log.push("handler returns");
    });
  });
  expect(log).toEqual(["task", 1, "handler returns", "in handler", "task"]);
});

test("code below an async call on the stack runs before what the call awaits", () => {
  const log: unknown[] = [];
  inNewRun(() =>
    body(() => {
      wait(log, "a", 1);
      log.push("sync");
    }),
  );
  expect(log).toEqual(["sync", "a", 1]);
});

test("nothing goes on inline while jobs are queued", () => {
  const log: unknown[] = [];
  const f = compiled("f", () => {
    $Promise.resolve().then(() => log.push("queued before"));
    return wait(log, "w", 1);
  });
  root(call, log, f);
  expect(log).toEqual(["queued before", "w", 1, "w", "called"]);
});

test("a task is the promise of its call: no second object, one shape for all", () => {
  const { result } = inNewRun(() => {
    const task = $begin(wait.code, wait);
    return { task, returned: $end(task) };
  });
  expect(result.returned).toBe(result.task);
  const { result: plain } = inNewRun(() => new $Promise(() => {}));
  expect(Object.keys(result.task)).toEqual(Object.keys(plain as object));
});

test("task and frame are two objects: a frame holds the author's names and nothing of the machine", () => {
  const { result } = inNewRun(() => wait([], "w", new $Promise(() => {})) as unknown);
  const task = result as Durable;
  expect(task).toBeInstanceOf(Durable);
  expect(Object.keys(task.frame!)).toEqual(["log", "name"]);
  expect(task).not.toHaveProperty("name");
});

test("a frame is made by the first suspend only, and dropped at the end", () => {
  const log: unknown[] = [];
  const { result } = inNewRun(() => {
    const quick = wait(log, "quick", 1) as unknown as Durable;
    const made = quick.frame;
    return { quick, made };
  });
  expect(result.made).not.toBeNull();
  expect(result.quick.frame).toBeNull();
});

test("there is no current task: the machine's state names a run and a top only", () => {
  const state = ["allocating", "drain", "entry", "job", "next", "observer", "run", "top"];
  expect(Object.keys(machine).sort()).toEqual(state);
});
