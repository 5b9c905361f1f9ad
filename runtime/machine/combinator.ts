/**
 * `Promise.all`, `allSettled`, `race` and `any` (ECMA-262 §27.2.4.1–5): the iterable is read as the specification
 * says, and what waits for its elements is data.
 */

import type { Code } from "../../abi/index.ts";
import { stamp } from "./closure.ts";
import { Durable, Element, ElementCall, Group, NativeWait, PENDING } from "./durable.ts";
import { closeGroup, countDown, elementSettled } from "./element.ts";
import { isNativeThen, NativePromise } from "./intrinsics.ts";
import { attach, promiseResolve } from "./loop.ts";
import { registerCode, registerRecord } from "./registry.ts";
import { builtin } from "./resolvers.ts";
import { inRun, machine, type Run } from "./run.ts";
import { enqueue, reject, subscribe } from "./settle.ts";
import { durableThen } from "./then.ts";

/**
 * @param C whose `resolve` makes promises of the elements
 * @param original what `C.resolve` is unless somebody has replaced it; null: to be called, whatever it is
 * @param target the promise of the whole
 * @throws what a resolving function of `C` throws
 * @returns it; rejected when the iterable cannot be read
 */
export function combine(
  run: Run,
  kind: Group["kind"],
  iterable: Iterable<unknown>,
  C: { resolve: unknown },
  original: unknown,
  target = new Durable(run, null),
): Durable {
  const group = new Group(kind, target);
  try {
    const { resolve } = C;
    if (typeof resolve !== "function")
      throw new TypeError("Promise resolve or reject function is not callable");
    let index = 0;
    for (const item of iterable) {
      const element = new Element(group, index++);
      if (kind !== "race" && group.remaining > 0) {
        group.values.push(undefined);
        group.remaining++;
      }
      if (resolve === original && item instanceof Durable && isOwn(item, run)) {
        if (item.state === PENDING) group.sources.push(item);
        subscribe(item, element);
      } else if (resolve === original && isPrimitive(item)) enqueue(run, element, item, false);
      else if (resolve === original) add(run, element, promiseResolve(run, item));
      else add(run, element, Reflect.apply(resolve, C, [item]));
    }
    if (kind !== "race" && group.remaining > 0) countDown(group);
  } catch (error) {
    if (group.remaining > 0) {
      closeGroup(group);
      reject(target, error);
    } else if (original === null) throw error;
  }
  return target;
}

/** A promise of this run whose `then` and `constructor` nobody has touched: what most elements are. */
function isOwn(promise: Durable, run: Run): boolean {
  return (
    promise.run === run &&
    (promise as unknown as PromiseLike<unknown>).then === durableThen &&
    promise.constructor === NativePromise
  );
}

function isPrimitive(x: unknown): boolean {
  return (typeof x !== "object" || x === null) && typeof x !== "function";
}

/** Invoke(nextPromise, "then", …), as data where `then` is ours or the platform's. */
function add(run: Run, element: Element, promise: Durable | PromiseLike<unknown>): void {
  const { then } = promise as PromiseLike<unknown>;
  if (then === durableThen || (promise instanceof NativePromise && isNativeThen(then))) {
    const source = attach(run, promise as Durable | Promise<unknown>, element);
    if (source instanceof NativeWait || source.state === PENDING) element.group.sources.push(source);
    return;
  }
  const call = new ElementCall();
  call.element = element;
  Reflect.apply(then, promise, [makeFulfilled(call), makeRejected(call)]);
}

registerRecord({ id: "coldframe#elementCall", Record: ElementCall, variables: ["element", "done"] });
const fulfilledCode: Code = registerCode(
  builtin("coldframe#elementFulfilled", ["element", "done"], makeFulfilled),
);
const rejectedCode: Code = registerCode(
  builtin("coldframe#elementRejected", ["element", "done"], makeRejected),
);

function makeFulfilled(call: ElementCall): (value: unknown) => void {
  const run = call.element?.group.target.run ?? machine.run;
  return stamp((value: unknown) => settleCall(call, value, false), fulfilledCode, [call], run);
}

function makeRejected(call: ElementCall): (reason: unknown) => void {
  const run = call.element?.group.target.run ?? machine.run;
  return stamp((reason: unknown) => settleCall(call, reason, true), rejectedCode, [call], run);
}

function settleCall(call: ElementCall, value: unknown, threw: boolean): void {
  if (call.done) return;
  call.done = true;
  const element = call.element!;
  const { run } = element.group.target;
  if (machine.run === run) elementSettled(element, value, threw);
  else inRun(run, () => elementSettled(element, value, threw));
}
