/**
 * Functions that marked code makes with `f.bind(…)`. They are those of the platform, with a stamp that says what they were bound
 * to: nothing about them can be told apart, and the snapshot binds them again.
 */
import type { Code } from "../../abi/index.ts";
import { stamp } from "./closure.ts";
import type { Callable } from "./durable.ts";
import { builtin } from "./resolvers.ts";
import { machine } from "./run.ts";

const { bind } = Function.prototype;

/** What a bound function is made of (ECMA-262 §10.4.1). */
export class Bound {
  readonly target: Callable;
  readonly receiver: unknown;
  readonly args: readonly unknown[];
  /** As they were when it was bound: those of the target may have changed since. */
  readonly name: string;
  readonly length: number;

  constructor(target: Callable, receiver: unknown, args: readonly unknown[], name: string, length: number) {
    this.target = target;
    this.receiver = receiver;
    this.args = args;
    this.name = name;
    this.length = length;
  }
}

const boundCode: Code = builtin("coldframe#bound", [], restoreBound);

/** Function.prototype.bind (§20.2.3.2) */
export function createBound(target: Callable, receiver: unknown, args: readonly unknown[]): Callable {
  const f = Reflect.apply(bind, target, [receiver].concat(args)) as Callable;
  return stamp(f, boundCode, [new Bound(target, receiver, args, f.name, f.length)], machine.run);
}

/** Binds again what was saved, for the current run. */
export function restoreBound(bound: Bound): Callable {
  const { target, receiver, args, name, length } = bound;
  const f = Reflect.apply(bind, target, [receiver].concat(args)) as Callable;
  Object.defineProperties(f, { name: { value: name }, length: { value: length } });
  return stamp(f, boundCode, [bound], machine.run);
}
