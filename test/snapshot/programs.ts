/**
 * Functions as the compiler emits them (docs/abi.md §1), written by hand, and runs of them under a host that does nothing.
 * The author's source stands above each.
 */
import type { Code, Point } from "../../abi/index.ts";
import {
  $await,
  $begin,
  $closure,
  $end,
  $iterate,
  $module,
  $park,
  $return,
  $throw,
  $to,
  type Durable,
  deliver,
  drain,
  external,
  type Host,
  type Iteration,
  machine,
  Run,
  registerCode,
  registerRecord,
  type Step,
  start,
  type Wait,
} from "../../runtime/machine/index.ts";
import {
  type DecodeOptions,
  decodeRun,
  type EncodeOptions,
  encodeRun,
} from "../../runtime/snapshot/index.ts";

const FILE = "flows.ts";
type AnyFunction = (...args: never[]) => unknown;
type StepBody = (t: Durable, v: unknown, e: boolean, ...args: never[]) => unknown;

/** What the engine's `event` does. */
export function event(key: string): Durable {
  const run = machine.run!;
  return external(run, { kind: "event", id: run.nextId++, key, due: null, at: "" });
}

export function point(name: string, live: readonly string[], line = 1): Point {
  return { name, fingerprint: `~${name}`, line, column: 2, live };
}

interface Definition {
  readonly name: string;
  readonly step: StepBody;
  readonly points: readonly Point[];
  readonly hash?: string;
  readonly file?: string;
  /** For closures: factory over the scopes, given the wrapper of the finished code. */
  readonly captures?: readonly (readonly string[])[];
}

/** An async function at module level, with the wrapper that the compiler puts around its step function. */
export function asyncFunction(definition: Definition): AnyFunction & { readonly code: Code } {
  const { name, step, points, hash = "1f8c03ab", file = FILE } = definition;
  const code = registerCode({
    id: `${file}#${name}`,
    hash,
    kind: "async",
    file,
    line: 1,
    step: step as never,
    points: [null as never, ...points],
    make: null,
    captures: [],
  });
  const f = (...args: never[]) => call(code, f, step, args);
  $module(`${file}:${name}:${hash}`, hash, { f: () => f });
  return Object.assign(f, { code });
}

function call(code: Code, self: AnyFunction, step: StepBody, args: never[]): unknown {
  const $t = $begin(code, self);
  try {
    step($t, undefined, false, ...args);
  } catch ($e) {
    $throw($t, $e);
  }
  return $end($t);
}

// ---- someProcess, parked two deep

// async function wechatApprove(question) { return await event("approve:T1"); }
const approveCode = registerCode({
  id: "systems.ts#smcs.wechatApprove",
  hash: "77aa01bc",
  kind: "async",
  file: "systems.ts",
  line: 12,
  step: approveStep as never,
  points: [null as never, { name: "event", fingerprint: "k9", line: 14, column: 9, live: [] }],
  make: null,
  captures: [],
});
function approveStep($t: Durable, $v: unknown, $e: boolean, question: string): unknown {
  switch ($t.ip) {
    case 0:
      if (question === "") throw new Error("no question");
      if (($v = $await($t, event("approve:T1"))) === $park) {
        $t.frame ??= {};
        $t.ip = 1;
        return $park;
      }
    case 1:
      if ($e) throw $v;
  }
  return $return($t, $v);
}
const wechatApprove = (question: string): unknown =>
  call(approveCode, wechatApprove as never, approveStep as never, [question] as never);

// export async function someProcess() {
//   const ip = await requestNewServer("B6");
//   const yesNo = await smcs.wechatApprove(`deploy ${ip}?`);
//   return yesNo ? `deployed ${ip}` : `refused ${ip}`;
// }
export const someProcessCode: Code = registerCode({
  id: "flows.ts#someProcess",
  hash: "1f8c03ab",
  kind: "async",
  file: "flows.ts",
  line: 18,
  step: someProcessStep as never,
  points: [
    null as never,
    { name: "requestNewServer", fingerprint: "a1", line: 19, column: 13, live: [] },
    { name: "smcs.wechatApprove", fingerprint: "a2", line: 20, column: 16, live: ["ip"] },
  ],
  make: null,
  captures: [],
});
function someProcessStep($t: Durable, $v: unknown, $e: boolean): unknown {
  let ip: unknown;
  if ($t.ip !== 0) ip = $t.frame!.ip;
  switch ($t.ip) {
    case 0:
      if (($v = $await($t, event("server"))) === $park) {
        $t.frame ??= {};
        $t.ip = 1;
        return $park;
      }
    case 1:
      if ($e) throw $v;
      ip = $v;
      if (($v = $await($t, ($to($t, wechatApprove) as AnyFunction)(`deploy ${ip}?` as never))) === $park) {
        const $f = ($t.frame ??= {});
        $f.ip = ip;
        $t.ip = 2;
        return $park;
      }
    case 2:
      if ($e) throw $v;
  }
  return $return($t, $v ? `deployed ${ip}` : `refused ${ip}`);
}
export const someProcess = (): unknown =>
  call(someProcessCode, someProcess as never, someProcessStep as never, []);

// ---- hold: a local across an await

// async function hold(make) { const x = make(); const y = await event("hold"); return { x, y }; }
export const hold = asyncFunction({
  name: "hold",
  points: [point("event", ["x"], 31)],
  step: ($t: Durable, $v: unknown, $e: boolean, make?: () => unknown) => {
    let x: unknown;
    if ($t.ip !== 0) x = $t.frame!.x;
    switch ($t.ip) {
      case 0:
        x = make!();
        if (($v = $await($t, event("hold"))) === $park) {
          const $f = ($t.frame ??= {});
          $f.x = x;
          $t.ip = 1;
          return $park;
        }
      case 1:
        if ($e) throw $v;
    }
    return $return($t, { x, y: $v });
  },
});

// Two tasks that share a value:
// async function both(make) { const x = make(); const a = hold(() => x), b = hold(() => x); return [await a, await b]; }
export const both = asyncFunction({
  name: "both",
  points: [point("a", ["b"], 41), point("b", ["$a"], 41)],
  step: ($t: Durable, $v: unknown, $e: boolean, make?: () => unknown) => {
    let b: unknown;
    let $a: unknown;
    if ($t.ip !== 0) ({ b, $a } = $t.frame!);
    switch ($t.ip) {
      case 0: {
        const x = make!();
        const a = hold((() => x) as never);
        b = hold((() => x) as never);
        if (($v = $await($t, a)) === $park) {
          const $f = ($t.frame ??= {});
          $f.b = b;
          $t.ip = 1;
          return $park;
        }
      }
      case 1:
        if ($e) throw $v;
        $a = $v;
        if (($v = $await($t, b)) === $park) {
          const $f = ($t.frame ??= {});
          $f.$a = $a;
          $t.ip = 2;
          return $park;
        }
      case 2:
        if ($e) throw $v;
    }
    return $return($t, [$a, $v]);
  },
});

// ---- closures

export interface CounterScope {
  sock: unknown;
  n: unknown;
}
class CounterRecord {
  sock: unknown = undefined;
  n: unknown = undefined;
}
registerRecord({ id: "flows.ts#counter.scope", Record: CounterRecord, variables: ["sock", "n"] });
const plain = (
  name: string,
  hash: string,
  captures: string[],
  make: (record: CounterScope) => AnyFunction,
): Code =>
  registerCode({
    id: `flows.ts#counter.${name}`,
    hash,
    kind: "sync",
    file: FILE,
    line: 50,
    step: null,
    points: [],
    make: make as never,
    captures: [captures],
  });
const incCode: Code = plain("inc", "inc1", ["n"], makeInc);
function makeInc($s: CounterScope): AnyFunction {
  return $closure(() => ($s.n = ($s.n as number) + 1), incCode, [$s]);
}
const getCode: Code = plain("get", "get1", ["n"], makeGet);
function makeGet($s: CounterScope): AnyFunction {
  return $closure(() => $s.n, getCode, [$s]);
}
const sendCode: Code = plain("send", "send1", ["sock"], makeSend);
function makeSend($s: CounterScope): AnyFunction {
  return $closure((() => $s.sock) as AnyFunction, sendCode, [$s]);
}

/** A scope record with `n`, and closures over it: `inc` adds to it, `get` reads it. Only to be called in a run. */
export function counter(
  n: unknown,
  sock: unknown = undefined,
): { inc: AnyFunction; get: AnyFunction; send: AnyFunction } {
  const $s = new CounterRecord() as CounterScope;
  $s.n = n;
  $s.sock = sock;
  return { inc: makeInc($s), get: makeGet($s), send: makeSend($s) };
}

// async function captured(sock) { let n = 0; const send = …, inc = () => ++n; send(1); await event("day"); n += 10; return inc(); }
export const captured = asyncFunction({
  name: "counter",
  points: [point("event", ["inc", "$s1", "$s1.n"], 61)],
  step: ($t: Durable, $v: unknown, $e: boolean, sock?: unknown) => {
    let inc: AnyFunction;
    let $s1: CounterScope;
    if ($t.ip !== 0) ({ inc, $s1 } = $t.frame as never);
    switch ($t.ip) {
      case 0:
        $s1 = new CounterRecord() as CounterScope;
        $s1.sock = sock;
        $s1.n = 0;
        inc = makeInc($s1);
        makeSend($s1)();
        if (($v = $await($t, event("day"))) === $park) {
          const $f = ($t.frame ??= {});
          $f.inc = inc;
          $f.$s1 = $s1;
          $t.ip = 1;
          return $park;
        }
      case 1:
        if ($e) throw $v;
        $s1!.n = ($s1!.n as number) + 10;
    }
    return $return($t, inc!());
  },
});

// ---- recursion

// async function deep(n) { if (n === 0) return await event("bottom"); return 1 + await deep(n - 1); }
export const deep = asyncFunction({
  name: "deep",
  points: [point("event", [], 71), point("deep", ["n"], 72)],
  step: ($t: Durable, $v: unknown, $e: boolean, n?: number) => {
    switch ($t.ip) {
      case 0:
        if (n === 0) {
          if (($v = $await($t, event("bottom"))) === $park) {
            $t.frame ??= {};
            $t.ip = 1;
            return $park;
          }
          return $return($t, $v);
        }
        if (($v = $await($t, ($to($t, deep) as AnyFunction)((n! - 1) as never))) === $park) {
          const $f = ($t.frame ??= {});
          $f.n = n;
          $t.ip = 2;
          return $park;
        }
        break;
      default:
        if ($e) throw $v;
        if ($t.ip === 1) return $return($t, $v);
    }
    return $return($t, 1 + ($v as number));
  },
});

// ---- half-done loop

// async function walk(xs) { const seen = []; for (const x of xs) { seen.push(x); await event("next"); } return seen; }
export const walk = asyncFunction({
  name: "walk",
  points: [point("event", ["$it", "seen", "xs"], 81)],
  step: ($t: Durable, $v: unknown, $e: boolean, given?: unknown) => {
    let seen: unknown[];
    let xs = given;
    let $it: Iteration;
    let $ip = $t.ip;
    if ($ip !== 0) ({ seen, $it, xs } = $t.frame as never);
    else {
      seen = [];
      $it = $iterate(xs);
    }
    for (; $ip !== 0 || $it!.next(); ) {
      if ($ip === 0) {
        seen!.push($it!.value);
        if (($v = $await($t, event("next"))) === $park) {
          const $f = ($t.frame ??= {});
          $f.seen = seen!;
          $f.$it = $it!;
          $f.xs = xs;
          $t.ip = 1;
          return $park;
        }
      }
      $ip = 0;
      if ($e) throw $v;
    }
    return $return($t, seen!);
  },
});

// ---- runs

export const host: Host = {
  callStep: (run: Run, step: Step): Durable =>
    external(run, { kind: "step", id: run.nextId++, step: step.id, args: "[]", at: "" }),
  codec: {},
  effect: () => {},
  onQuiescent: () => {},
  onUnhandledRejection: () => {},
  now: () => 1_700_000_000_000,
} as Host;

/** Starts a function; the run is parked when this returns. */
export function begin(f: AnyFunction, ...args: unknown[]): Run {
  const run = new Run("run-1", host);
  start(run, f, args as never[]);
  return run;
}

/** Saves a run and restores it as a fresh one. */
export function revive(run: Run, options: EncodeOptions & DecodeOptions = {}): Run {
  return load(encodeRun(run, options).text, options);
}

export function load(text: string, options: DecodeOptions = {}): Run {
  const run = new Run("run-1", host);
  decodeRun(text, run, options);
  return run;
}

/** Settles all external waits with `value`, and lets the run go on. */
export function answer(run: Run, value: unknown): void {
  for (const promise of [...run.waits.values()]) settleWait(run, promise.wait!, value);
  drain(run);
}

function settleWait(run: Run, wait: Wait, value: unknown): void {
  deliver(run, wait.id, { ok: true, value });
}

/** What the root task has returned. Throws what it threw. */
export function result(run: Run): unknown {
  const root = run.root!;
  if (root.state === 0) throw new Error("the run has not ended");
  if (root.state === 2) throw root.value;
  return root.value;
}
