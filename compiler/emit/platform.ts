/** Names of the platform that mean something of the machine's in marked code. */
import * as t from "@babel/types";
import type { Rewriting } from "./emitter.ts";

/** Free identifiers of marked modules that engines may lack, or whose objects they do not let anybody save. */
const suppliedGlobals: { readonly [name: string]: string } = {
  DisposableStack: "$DisposableStack",
  AsyncDisposableStack: "$AsyncDisposableStack",
  SuppressedError: "$SuppressedError",
  setTimeout: "$setTimeout",
  setInterval: "$setInterval",
  clearTimeout: "$clearTimeout",
  clearInterval: "$clearInterval",
};

/** The helper that a free identifier means; undefined: what it is everywhere. */
export function suppliedName(name: string): string | undefined {
  return Object.hasOwn(suppliedGlobals, name) ? suppliedGlobals[name] : undefined;
}

/** Whether `node` is the platform's `Promise` in a marked function. */
export function isPromise(rw: Rewriting, node: t.Node): boolean {
  return isGlobal(rw, node, "Promise");
}

function isGlobal(rw: Rewriting, node: t.Node, name: string): boolean {
  const { refs, globals, dead } = rw.module.resolved;
  return (
    t.isIdentifier(node, { name }) &&
    rw.fn.kind !== "module" &&
    refs.get(node) === undefined &&
    !dead.has(node) &&
    globals.has(name)
  );
}

/** `Array.fromAsync` as a callee: the machine's, which calls iterators and a mapper of the run in a task of the run. */
export function durableArray(rw: Rewriting, node: t.Node): t.Node | null {
  if (!t.isMemberExpression(node) || node.computed || !isGlobal(rw, node.object, "Array")) return null;
  return t.isIdentifier(node.property, { name: "fromAsync" })
    ? { ...node, object: rw.module.helper("$Array") }
    : null;
}

/**
 * The durable one, where it makes promises or their methods are meant: `new Promise(…)`, `Promise.all(…)`, `Promise.prototype`. In any
 * other place the value counts, which is the platform's outside of runs.
 */
export function durablePromise(rw: Rewriting, node: t.Node): t.Node | null {
  if (t.isNewExpression(node) && isPromise(rw, node.callee))
    return {
      ...node,
      callee: rw.module.helper("$Promise"),
      arguments: node.arguments.map((one) => rw.any(one)),
    } as t.Node;
  if (!t.isMemberExpression(node) || node.computed || !isPromise(rw, node.object)) return null;
  return { ...node, object: rw.module.helper("$Promise") };
}
