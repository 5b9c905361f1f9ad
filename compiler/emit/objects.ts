/**
 * Object literals: methods become closures, so that they can be saved. Accessors and methods that use `super` need the literal
 * as their home object and stay in it.
 */
import * as t from "@babel/types";
import type { Fn } from "../ir.ts";
import { asyncMethod, bindRecords } from "./classes.ts";
import { plainFunction } from "./functions.ts";
import type { ModuleEmitter } from "./module.ts";
import type { Rewriter } from "./rewrite.ts";

export function objectExpression(
  module: ModuleEmitter,
  node: t.ObjectExpression,
  rewriter: Rewriter,
): t.Expression {
  const staying: Fn[] = [];
  const properties = node.properties.map((one) => {
    if (!t.isObjectMethod(one)) return rewriter.any(one) as t.ObjectProperty | t.SpreadElement;
    const fn = module.fnOf(one);
    const key = one.computed ? rewriter.expression(one.key) : one.key;
    if (one.kind === "method" && !fn.usesSuper && !one.computed)
      return t.objectProperty(key, module.closure(fn), one.computed);
    staying.push(fn);
    const parts = fn.suspends ? asyncMethod(module, fn) : plainFunction(module, fn);
    return {
      ...one,
      key,
      async: one.async && !fn.suspends,
      params: parts.params,
      body: parts.body as t.BlockStatement,
    };
  });
  let value: t.Expression = { ...node, properties };
  for (const fn of staying) value = bindRecords(module, fn, value, rewriter);
  return value;
}
