/** Names and methods of the platform that mean something of the machine's in marked code. */
import * as t from "@babel/types";
import { feedName } from "../resolve.ts";
import type { Emitter, Rewriting } from "./emitter.ts";

/** Free identifiers that mean the durable ones in marked functions. */
const durableGlobals: { readonly [name: string]: string } = { Promise: "$Promise" };

/** Free identifiers of marked modules that engines may lack, or whose objects they do not let anybody save. */
const suppliedGlobals: { readonly [name: string]: string } = {
  DisposableStack: "$DisposableStack",
  AsyncDisposableStack: "$AsyncDisposableStack",
  SuppressedError: "$SuppressedError",
};

/** The helper that a free identifier means; undefined: what it is everywhere. */
export function suppliedName(name: string, atModuleLevel: boolean): string | undefined {
  if (Object.hasOwn(suppliedGlobals, name)) return suppliedGlobals[name];
  return !atModuleLevel && Object.hasOwn(durableGlobals, name) ? durableGlobals[name] : undefined;
}

/** `xs.entries()`, `f.bind(o)` …: see `$method`. */
const nativeStateMakers: ReadonlySet<string> = new Set(["entries", "keys", "values", "matchAll", "bind"]);

/** Evaluating it before or after the method is read makes no difference. */
function hasNoEffect(node: t.Node): boolean {
  if (t.isIdentifier(node) || t.isThisExpression(node) || t.isFunction(node)) return true;
  return t.isLiteral(node) && !t.isTemplateLiteral(node);
}

/** Calls of methods that make objects with state that cannot be read: the machine makes savable ones. */
export function nativeStateCall(
  module: Emitter,
  rewriter: Rewriting,
  node: t.CallExpression | t.OptionalCallExpression,
): t.Expression | null {
  const { callee } = node;
  if (rewriter.fn.kind === "module" || node.type !== "CallExpression") return null;
  if (!t.isMemberExpression(callee) || callee.computed || !t.isIdentifier(callee.property)) return null;
  if (t.isSuper(callee.object) || !nativeStateMakers.has(callee.property.name)) return null;
  const object = rewriter.expression(callee.object);
  const args = t.arrayExpression(node.arguments.map((one) => rewriter.any(one) as t.Expression));
  const text = t.stringLiteral(feedName(callee) || `(intermediate value).${callee.property.name}`);
  const name = t.stringLiteral(callee.property.name);
  const made = node.arguments.every(hasNoEffect)
    ? module.call("$method", object, name, args, text)
    : t.callExpression(module.call("$callee", object, name, text), [args]);
  made.loc = node.loc ?? null;
  return made;
}
