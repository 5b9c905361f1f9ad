/**
 * Functions in the form that the compiler emits (docs/abi.md §1), written by hand, and a host that only takes notes.
 */
import type { Code } from "../../abi/index.ts";
import {
  $await,
  $begin,
  $end,
  $park,
  $return,
  $suspend,
  $throw,
  $to,
  type Callable,
  type Durable,
  drain,
  external,
  type Host,
  inRun,
  Run,
  registerCode,
  type Step,
} from "../../runtime/machine/index.ts";

export type StepFunction<A extends unknown[]> = (
  task: Durable,
  v: unknown,
  e: boolean,
  ...args: A
) => unknown;
export type AsyncFunction<A extends unknown[]> = (...args: A) => Promise<unknown>;

let counter = 0;

/** The wrapper that the compiler puts around a step function. */
export function compiled<A extends unknown[]>(
  name: string,
  step: StepFunction<A>,
  options: Partial<Code> = {},
): AsyncFunction<A> & { code: Code } {
  const code = registerCode({
    id: `test/machine#${name}.${counter++}`,
    hash: "1",
    kind: "async",
    file: "machine.ts",
    line: 1,
    step: step as never,
    points: [null as never],
    make: null,
    captures: [],
    ...options,
  });
  const f = (...args: A) => {
    const $t = $begin(code, f);
    try {
      $return($t, step($t, undefined, false, ...args));
    } catch ($e) {
      $throw($t, $e);
    }
    return $end($t) as Promise<unknown>;
  };
  f.code = code;
  return f;
}

/**
 * ```
 * async function wait(log, name, x) {
 *   try { log.push(name, await x); return name; } catch (error) { log.push(name, error); throw error; }
 * }
 * ```
 */
export const wait = compiled("wait", ($t, $v, $e, log: unknown[], name: string, x: unknown): unknown => {
  let $ip = $t.ip;
  if ($ip !== 0) ({ log, name } = $t.frame as unknown as { log: unknown[]; name: string });
  try {
    switch ($ip) {
      case 0:
        if (($v = $await($t, x)) === $park) {
          return $suspend($t, 1, { log, name });
        }
      case 1:
        if ($ip !== 0) {
          $ip = 0;
          if ($e) throw $v;
        }
        log.push(name, $v);
    }
    return name;
  } catch (error) {
    log.push(name, error);
    throw error;
  }
});

/** `async function call(log, f, ...args) { log.push(await f(...args)); log.push("called"); }`, `f` being a known callee. */
export const call = compiled(
  "call",
  ($t, $v, $e, log: unknown[], f: Callable, ...args: unknown[]): unknown => {
    let $ip = $t.ip;
    if ($ip !== 0) log = $t.frame!["log"] as unknown[];
    switch ($ip) {
      case 0:
        if (($v = $await($t, Reflect.apply($to($t, f), undefined, args))) === $park) {
          return $suspend($t, 1, { log });
        }
      case 1:
        if ($ip !== 0) {
          $ip = 0;
          if ($e) throw $v;
        }
        log.push($v);
        log.push("called");
    }
    return undefined;
  },
);

/** `async function body() { return f(); }`: any code, as a task. */
export const body = compiled("body", (_t, _v, _e, f: () => unknown) => f());

export interface Notes extends Host {
  readonly quiescent: number[];
  readonly unhandled: unknown[];
  readonly calls: { step: string; args: unknown[] }[];
  time: number;
}

/** A host whose steps are waits of kind `step` with ids in the order of the calls. */
export function notes(): Notes {
  return {
    quiescent: [],
    unhandled: [],
    calls: [],
    time: 0,
    codec: {},
    effect() {},
    callStep(run: Run, step: Step, args: unknown[]) {
      this.calls.push({ step: step.id, args });
      return external(run, { kind: "step", id: run.nextId++, step: step.id, args: "", at: "" });
    },
    onQuiescent(run) {
      this.quiescent.push(run.pendingNative);
    },
    onUnhandledRejection(_run, promise) {
      this.unhandled.push(promise.value);
    },
    now() {
      return this.time;
    },
  };
}

let runs = 0;

/** A new run; `body` is called in it, and then all its jobs are done. */
export function inNewRun<T>(f: (run: Run) => T, host: Host = notes()): { run: Run; result: T } {
  const run = new Run(`test-${runs++}`, host);
  const result = inRun(run, () => f(run));
  drain(run);
  return { run, result };
}

/** All microtasks are done, and those that they asked for. */
export function microtasks(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
