/**
 * Classes stay classes. Inside of a function the records that its methods use are bound around it, because a local of the
 * function may hold another record by the time a method runs.
 */
import * as t from "@babel/types";
import type { Fn } from "../ir.ts";
import type { Emitter, Rewriting } from "./emitter.ts";
import { emitAsync, wrapper } from "./functions.ts";
import { plainFunction } from "./plain-functions.ts";
import { Rewriter } from "./rewrite.ts";

export function emitClass(module: Emitter, node: t.Class, rewriter: Rewriting): t.Expression {
  const fn = module.fnOf(node);
  const made: t.ClassExpression = {
    ...(node as t.ClassExpression),
    type: "ClassExpression",
    superClass: node.superClass ? rewriter.expression(node.superClass) : null,
    body: { ...node.body, body: node.body.body.map((one) => member(module, one, rewriter)) },
  };
  return bindRecords(module, fn, named(fn, made), rewriter);
}

/** An anonymous class keeps the name that its place gives it (ECMA-262 §8.4.5). */
function named(fn: Fn, made: t.ClassExpression): t.Expression {
  if (made.id || fn.name === "" || fn.name === "default") return made;
  const key = t.stringLiteral(fn.name);
  return t.memberExpression(t.objectExpression([t.objectProperty(key, made)]), t.cloneNode(key), true);
}

/** `(($s) => value)($s)`: what is made keeps these records, whatever the variables hold later. */
export function bindRecords(module: Emitter, fn: Fn, value: t.Expression, rewriter: Rewriting): t.Expression {
  const holders = (module.converted.takes.get(fn) ?? []).map((one) => one.record.holder.out!);
  const own = fn.kind === "class" ? fn.scope.record : null;
  if (holders.length === 0 && own === null) return value;
  const params = holders.map((one) => t.identifier(one));
  let body: t.BlockStatement | t.Expression = value;
  if (own !== null) {
    const self = own.variables.find((one) => one.kind === "self")!;
    const start = new Rewriter(module, rewriter.fn, null).prologue(fn.scope);
    body = t.blockStatement([
      ...start,
      t.returnStatement(t.assignmentExpression("=", rewriter.place(self) as t.LVal, value)),
    ]);
  }
  return t.callExpression(
    t.arrowFunctionExpression(params, body),
    holders.map((one) => t.identifier(one)),
  );
}

function member(
  module: Emitter,
  node: t.ClassBody["body"][number],
  rewriter: Rewriting,
): t.ClassBody["body"][number] {
  const key =
    "computed" in node && node.computed
      ? rewriter.expression(node.key as t.Node)
      : "key" in node
        ? node.key
        : undefined;
  if (t.isClassMethod(node) || t.isClassPrivateMethod(node)) {
    const fn = module.fnOf(node);
    if (fn.isStep) {
      module.diagnostics.error(
        "CF1012",
        node,
        "a class method as a step; make it a function, or a method of an object at the top of the module.",
      );
      return node;
    }
    if (!fn.suspends) {
      const parts = plainFunction(module, fn);
      return { ...node, key, params: parts.params, body: parts.body as t.BlockStatement } as t.ClassMethod;
    }
    const parts = asyncMethod(module, fn);
    return {
      ...node,
      key,
      async: false,
      generator: false,
      params: parts.params,
      body: parts.body,
    } as t.ClassMethod;
  }
  if (t.isStaticBlock(node)) {
    const fn = module.fnOf(node);
    const inner = new Rewriter(module, fn, null);
    return { ...node, body: [...module.prologueOf(fn.scope, inner), ...inner.list(node.body)] };
  }
  if (t.isClassProperty(node) || t.isClassPrivateProperty(node) || t.isClassAccessorProperty(node)) {
    if (!node.value) return { ...node, key } as t.ClassProperty;
    const fn = module.fnOf(node);
    const inner = new Rewriter(module, fn, null);
    let value = inner.expression(node.value);
    const start = module.prologueOf(fn.scope, inner);
    if (start.length > 0)
      value = t.callExpression(
        t.arrowFunctionExpression([], t.blockStatement([...start, t.returnStatement(value)])),
        [],
      );
    return { ...node, key, value } as t.ClassProperty;
  }
  return node;
}

/** The body of an async method: starts a task whose step function stands at module level. */
export function asyncMethod(
  module: Emitter,
  fn: Fn,
): { params: t.FunctionParameter[]; body: t.BlockStatement } {
  if (fn.usesSuper || fn.usesPrivate)
    module.diagnostics.error(
      "CF1012",
      fn.node,
      `${fn.usesSuper ? '"super"' : "a private name"} in an async method; call a synchronous method that uses it.`,
    );
  fn.codeName = module.name(`${fn.path.replace(/[^\w$]+/g, "$")}$code`);
  const emitted = emitAsync(module, fn, fn.codeName);
  module.code(fn, {
    step: emitted.step,
    generator: emitted.generator,
    layout: emitted.layout,
    make: null,
    captures: [],
  });
  return wrapper(module, fn, fn.codeName, emitted, t.nullLiteral());
}
