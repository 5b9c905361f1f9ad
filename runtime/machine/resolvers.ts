/**
 * Resolving functions (ECMA-262 §27.2.1.3) as closures of built-in code over a record: they can be saved like any
 * closure of marked code, and called from anywhere.
 */
import type { Code } from "../../abi/index.ts";
import { stamp, stampOf } from "./closure.ts";
import { type Durable, Resolvers } from "./durable.ts";
import { registerCode, registerRecord } from "./registry.ts";
import { inRun, machine } from "./run.ts";
import { reject, resolve } from "./settle.ts";

export interface ResolvingFunctions {
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

registerRecord({ id: "coldframe#resolvers", Record: Resolvers, variables: ["promise", "done"] });

export const resolveCode: Code = registerCode(builtin("coldframe#resolve", ["promise", "done"], makeResolve));
export const rejectCode: Code = registerCode(builtin("coldframe#reject", ["promise", "done"], makeReject));

/** The code of a built-in function over one record, none of whose variables is ever dead. */
export function builtin(id: string, captures: readonly string[], make: Code["make"]): Code {
  return {
    id,
    hash: "1",
    kind: "sync",
    file: "coldframe",
    line: 0,
    step: null,
    points: [],
    make,
    captures: [captures],
  };
}

/** CreateResolvingFunctions (§27.2.1.3) */
export function createResolvers(promise: Durable): ResolvingFunctions {
  const record = new Resolvers();
  record.promise = promise;
  return { resolve: makeResolve(record), reject: makeReject(record) };
}

/** Whether `f` is the resolving function that `promise` was made with. */
export function resolves(f: object, promise: Durable): boolean {
  const stamp = stampOf(f);
  return stamp?.code === resolveCode && (stamp.scopes[0] as Resolvers).promise === promise;
}

function makeResolve(record: Resolvers): (value: unknown) => void {
  const f = anonymous((value: unknown) => settleOnce(record, value, resolve));
  return stamp(f, resolveCode, [record], record.promise?.run ?? machine.run);
}

function makeReject(record: Resolvers): (reason: unknown) => void {
  const f = anonymous((reason: unknown) => settleOnce(record, reason, reject));
  return stamp(f, rejectCode, [record], record.promise?.run ?? machine.run);
}

/** Keeps the function from being named after the variable it is assigned to: those of ECMA-262 have no name. */
function anonymous<F>(f: F): F {
  return f;
}

function settleOnce(
  record: Resolvers,
  value: unknown,
  operation: (promise: Durable, value: unknown) => void,
): void {
  if (record.done) return;
  record.done = true;
  const promise = record.promise!;
  if (machine.run === promise.run) operation(promise, value);
  else inRun(promise.run, () => operation(promise, value));
}
