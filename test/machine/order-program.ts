/**
 * Programs for the order fuzzer, as data, and their interpreter over any kind of promise. The same program run over
 * native promises and over the machine has to leave the same log.
 */
import fc from "fast-check";

export type Expression =
  | { t: "literal"; n: number }
  | { t: "resolved"; e: Expression }
  | { t: "rejected"; n: number }
  | { t: "thenable"; mode: "sync" | "reject" | "throw" | "later" | "getter"; n: number }
  | { t: "deferred"; k: number }
  | { t: "variable"; k: number }
  | { t: "call"; ops: Operation[] }
  | { t: "combine"; kind: "all" | "allSettled" | "race" | "any"; es: Expression[] }
  | { t: "then"; e: Expression; f: Handler | null; r: Handler | null }
  | { t: "catch"; e: Expression; r: Handler }
  | { t: "finally"; e: Expression; f: Handler }
  | { t: "new"; e: Expression; mode: "resolve" | "reject" | "throw" | "both" }
  | { t: "shared"; k: number };

export interface Handler {
  e: Expression;
  throws: boolean;
}

export type Operation =
  | { o: "log" }
  | { o: "await"; e: Expression }
  | { o: "awaitCall"; ops: Operation[] }
  | { o: "forAwait"; es: Expression[] }
  | { o: "fork"; e: Expression }
  | { o: "settle"; k: number; e: Expression; rejects: boolean }
  | { o: "return"; e: Expression }
  | { o: "throw"; n: number };

/** What a program runs in: which promises, which async functions, and where it leaves its traces. */
export interface Context {
  readonly P: PromiseConstructor;
  readonly exec: (context: Context, ops: Operation[], depth: number) => Promise<unknown>;
  /** What the compiler makes of a sync closure. */
  readonly closure: <F extends (v?: unknown) => unknown>(f: F) => F;
  readonly log: string[];
  readonly label: string;
  readonly deferred: {
    promise: Promise<unknown>;
    resolve: (v: unknown) => void;
    reject: (v: unknown) => void;
  }[];
  readonly variables: unknown[];
  /** Native promises that exist before the program starts. */
  readonly shared: Promise<unknown>[];
  /** The same and what was derived from them: promises of the platform in either interpretation. */
  readonly foreign: Set<unknown>;
  steps: number;
}

export function context(
  P: PromiseConstructor,
  exec: Context["exec"],
  log: string[],
  label: string,
  shared: Promise<unknown>[] = [],
  closure: Context["closure"] = (f) => f,
): Context {
  const made: Context = {
    P,
    exec,
    closure,
    log,
    label,
    deferred: [],
    variables: [],
    shared,
    foreign: new Set(shared),
    steps: 0,
  };
  for (let i = 0; i < 3; i++) {
    let functions!: { resolve: (v: unknown) => void; reject: (v: unknown) => void };
    const promise = new P<unknown>((resolve, reject) => {
      functions = { resolve, reject };
    });
    made.deferred.push({ promise, ...functions });
  }
  return made;
}

export function note(c: Context, what: string, value?: unknown): void {
  c.log.push(`${c.label}${c.steps++} ${what} ${show(value)}`);
}

function show(value: unknown): string {
  if (value instanceof AggregateError) return `AggregateError${show(value.errors)}`;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (value instanceof Promise) return "promise";
  if (Array.isArray(value)) return `[${value.map(show).join()}]`;
  if (typeof value === "function") return "function";
  if (typeof value === "object" && value !== null) {
    if (Object.hasOwn(value, "then")) return "thenable";
    return `{${Object.entries(value).map(([k, v]) => `${k}:${show(v)}`)}}`;
  }
  return String(value);
}

/** Operations without an `await`. */
export function perform(c: Context, op: Operation): void {
  if (op.o === "log") note(c, "log");
  else if (op.o === "fork") c.variables.push(evaluate(c, op.e, 1));
  else if (op.o === "settle") {
    const { resolve, reject } = c.deferred[op.k % 3]!;
    if (op.rejects) reject(op.k);
    else resolve(evaluate(c, op.e, 1));
  } else if (op.o === "throw") throw op.n;
}

export function evaluate(c: Context, e: Expression, depth: number): unknown {
  const { P } = c;
  switch (e.t) {
    case "literal":
      return e.n;
    case "resolved":
      return P.resolve(evaluate(c, e.e, depth));
    case "rejected":
      return P.reject(e.n);
    case "thenable":
      return thenable(c, e.mode, e.n);
    case "deferred":
      return c.deferred[e.k % 3]!.promise;
    case "variable":
      return c.variables.length === 0 ? e.k : c.variables[e.k % c.variables.length];
    case "shared":
      return c.shared.length === 0 ? e.k : c.shared[e.k % c.shared.length];
    case "call":
      return depth > 4 ? 0 : c.exec(c, e.ops, depth + 1);
    case "combine":
      return combine(
        P,
        e.kind,
        e.es.map((x) => evaluate(c, x, depth)),
      );
    case "then":
      return derive(c, e.e, depth, (p) => p.then(handler(c, "f", e.f, depth), handler(c, "r", e.r, depth)));
    case "catch":
      return derive(c, e.e, depth, (p) => p.catch(handler(c, "c", e.r, depth)));
    case "finally":
      return derive(c, e.e, depth, (p) => {
        // The platform's own `finally` wraps a durable promise that its handler returns; no other method does.
        const own = c.foreign.has(p) ? new P((resolve) => resolve(p)) : p;
        return own.finally(handler(c, "finally", e.f, depth));
      });
    case "new":
      return new P((resolve, reject) => {
        note(c, "executor");
        if (e.mode === "resolve" || e.mode === "both") resolve(evaluate(c, e.e, depth));
        if (e.mode === "reject" || e.mode === "both") reject(-1);
        if (e.mode === "throw") throw -2;
      });
  }
}

function combine(P: PromiseConstructor, kind: "all" | "allSettled" | "race" | "any", xs: unknown[]): unknown {
  return kind === "all"
    ? P.all(xs)
    : kind === "any"
      ? P.any(xs)
      : kind === "race"
        ? P.race(xs)
        : P.allSettled(xs);
}

function derive(
  c: Context,
  e: Expression,
  depth: number,
  method: (promise: Promise<unknown>) => Promise<unknown>,
): Promise<unknown> {
  const promise = c.P.resolve(evaluate(c, e, depth));
  const derived = method(promise);
  if (c.foreign.has(promise)) c.foreign.add(derived);
  return derived;
}

function handler(
  c: Context,
  what: string,
  h: Handler | null,
  depth: number,
): ((v?: unknown) => unknown) | undefined {
  if (h === null) return undefined;
  return c.closure((value) => {
    note(c, what, value);
    if (h.throws) throw evaluate(c, h.e, depth);
    return evaluate(c, h.e, depth);
  });
}

function thenable(c: Context, mode: string, n: number): object {
  if (mode === "getter") {
    return {
      get then() {
        note(c, "get then");
        throw n;
      },
    };
  }
  return {
    then(resolve: (v: unknown) => void, reject: (v: unknown) => void) {
      note(c, `then ${mode}`);
      if (mode === "sync") resolve(n);
      else if (mode === "reject") reject(n);
      else if (mode === "throw") throw n;
      else c.P.resolve().then(() => resolve(n));
    },
  };
}

/** Over native promises. */
export async function execNative(c: Context, ops: Operation[], depth: number): Promise<unknown> {
  for (const op of ops) {
    if (op.o === "await") {
      try {
        note(c, "value", await evaluate(c, op.e, depth));
      } catch (error) {
        note(c, "error", error);
      }
    } else if (op.o === "awaitCall") {
      try {
        note(c, "value", await execNative(c, op.ops, depth));
      } catch (error) {
        note(c, "error", error);
      }
    } else if (op.o === "forAwait") {
      try {
        for await (const value of op.es.map((e) => evaluate(c, e, depth))) note(c, "item", value);
        note(c, "end");
      } catch (error) {
        note(c, "error", error);
      }
    } else if (op.o === "return") return evaluate(c, op.e, depth);
    else perform(c, op);
  }
  return ops.length;
}

const number = fc.nat(20);

const { ops } = fc.letrec<{ e: Expression; op: Operation; ops: Operation[]; h: Handler }>((tie) => ({
  h: fc.record({ e: tie("e"), throws: fc.boolean() }),
  e: fc.oneof(
    { depthSize: "small", maxDepth: 5, withCrossShrink: true },
    fc.record({ t: fc.constant("literal" as const), n: number }),
    fc.record({ t: fc.constant("rejected" as const), n: number }),
    fc.record({ t: fc.constant("deferred" as const), k: number }),
    fc.record({ t: fc.constant("variable" as const), k: number }),
    fc.record({ t: fc.constant("shared" as const), k: number }),
    fc.record({
      t: fc.constant("thenable" as const),
      mode: fc.constantFrom(
        "sync" as const,
        "reject" as const,
        "throw" as const,
        "later" as const,
        "getter" as const,
      ),
      n: number,
    }),
    fc.record({ t: fc.constant("resolved" as const), e: tie("e") }),
    { weight: 3, arbitrary: fc.record({ t: fc.constant("call" as const), ops: tie("ops") }) },
    fc.record({
      t: fc.constant("combine" as const),
      kind: fc.constantFrom("all" as const, "allSettled" as const, "race" as const, "any" as const),
      es: fc.array(tie("e"), { maxLength: 4 }),
    }),
    fc.record({
      t: fc.constant("then" as const),
      e: tie("e"),
      f: fc.option(tie("h")),
      r: fc.option(tie("h")),
    }),
    fc.record({ t: fc.constant("catch" as const), e: tie("e"), r: tie("h") }),
    fc.record({ t: fc.constant("finally" as const), e: tie("e"), f: tie("h") }),
    fc.record({
      t: fc.constant("new" as const),
      e: tie("e"),
      mode: fc.constantFrom("resolve" as const, "reject" as const, "throw" as const, "both" as const),
    }),
  ),
  op: fc.oneof(
    { depthSize: "small", maxDepth: 5, withCrossShrink: true },
    fc.record({ o: fc.constant("log" as const) }),
    { weight: 5, arbitrary: fc.record({ o: fc.constant("await" as const), e: tie("e") }) },
    { weight: 2, arbitrary: fc.record({ o: fc.constant("awaitCall" as const), ops: tie("ops") }) },
    { weight: 3, arbitrary: fc.record({ o: fc.constant("fork" as const), e: tie("e") }) },
    fc.record({ o: fc.constant("forAwait" as const), es: fc.array(tie("e"), { maxLength: 3 }) }),
    {
      weight: 2,
      arbitrary: fc.record({
        o: fc.constant("settle" as const),
        k: number,
        e: tie("e"),
        rejects: fc.boolean(),
      }),
    },
    fc.record({ o: fc.constant("return" as const), e: tie("e") }),
    fc.record({ o: fc.constant("throw" as const), n: number }),
  ),
  ops: fc.array(tie("op"), { minLength: 1, maxLength: 6, size: "+1" }),
}));

export const programs: fc.Arbitrary<Operation[]> = ops;
