/** Names of the platform that mean something of the machine's in marked code. */
import * as t from "@babel/types";
import type { Rewriting } from "./emitter.ts";

/** Free identifiers of marked modules that engines may lack, or whose objects they do not let anybody save. */
const suppliedGlobals: { readonly [name: string]: string } = {
  DisposableStack: "$DisposableStack",
  AsyncDisposableStack: "$AsyncDisposableStack",
  SuppressedError: "$SuppressedError",
};

/** The helper that a free identifier means; undefined: what it is everywhere. */
export function suppliedName(name: string): string | undefined {
  return Object.hasOwn(suppliedGlobals, name) ? suppliedGlobals[name] : undefined;
}

/** Whether `node` is the platform's `Promise` in a marked function. */
export function isPromise(rw: Rewriting, node: t.Node): boolean {
  const { refs, globals, dead } = rw.module.resolved;
  return (
    t.isIdentifier(node, { name: "Promise" }) &&
    rw.fn.kind !== "module" &&
    refs.get(node) === undefined &&
    !dead.has(node) &&
    globals.has("Promise")
  );
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
