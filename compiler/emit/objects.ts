/**
 * Object literals. Methods and accessors become closures, so that they can be saved; methods that use `super` need the literal
 * as their home object and stay in it.
 *
 * `{ a, get x() { … }, b }` ↦ `$define($define({ a }, "get", "x", f), "all", { b })`
 */
import * as t from "@babel/types";
import type { Fn } from "../ir.ts";
import { asyncMethod, bindRecords } from "./classes.ts";
import type { Emitter, Rewriting } from "./emitter.ts";
import { plainFunction } from "./plain-functions.ts";

export function objectExpression(
  module: Emitter,
  node: t.ObjectExpression,
  rewriter: Rewriting,
): t.Expression {
  const methods = node.properties.filter((one) => t.isObjectMethod(one)).map((one) => module.fnOf(one));
  if (methods.some((fn) => fn.usesSuper)) return withSuper(module, node, methods, rewriter);
  let made: t.Expression | null = null;
  let group: (t.ObjectProperty | t.SpreadElement)[] = [];
  const close = (): t.Expression => {
    const literal = t.objectExpression(group);
    group = [];
    if (made === null) return literal;
    return literal.properties.length === 0
      ? made
      : module.call("$define", made, t.stringLiteral("all"), t.nullLiteral(), literal);
  };
  for (const one of node.properties) {
    if (!t.isObjectMethod(one)) {
      group.push(rewriter.any(one) as t.ObjectProperty | t.SpreadElement);
      continue;
    }
    const key = one.computed ? rewriter.expression(one.key) : (one.key as t.Expression);
    const f = module.closure(module.fnOf(one));
    if (one.kind === "method") {
      group.push(t.objectProperty(key, f, one.computed));
      continue;
    }
    const name = one.computed
      ? module.call("$key", key)
      : t.isIdentifier(key)
        ? t.stringLiteral(key.name)
        : key;
    made = module.call("$define", close(), t.stringLiteral(one.kind), name, f);
  }
  return close();
}

function withSuper(
  module: Emitter,
  node: t.ObjectExpression,
  staying: readonly Fn[],
  rewriter: Rewriting,
): t.Expression {
  const properties = node.properties.map((one) => {
    if (!t.isObjectMethod(one)) return rewriter.any(one) as t.ObjectProperty | t.SpreadElement;
    const fn = module.fnOf(one);
    const key = one.computed ? rewriter.expression(one.key) : one.key;
    const parts = fn.suspends ? asyncMethod(module, fn) : plainFunction(module, fn);
    return {
      ...one,
      key,
      async: one.async && !fn.suspends,
      generator: one.generator && !fn.suspends,
      params: parts.params,
      body: parts.body as t.BlockStatement,
    };
  });
  let value: t.Expression = { ...node, properties };
  for (const fn of staying) value = bindRecords(module, fn, value, rewriter);
  return value;
}
