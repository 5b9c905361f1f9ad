/**
 * Lists with `using` declarations in code that is not taken apart:
 *
 * | source | emitted |
 * |---|---|
 * | `using x = e; B` | `const $held = $using(); try { const x = $held.use(e); B } catch ($x) { $held.fail($x) } finally { $held.dispose() }` |
 */
import * as t from "@babel/types";
import { acquire, type UsingDeclaration } from "../using.ts";
import type { Emitter } from "./emitter.ts";

const held = () => t.identifier("$held");
const call = (name: string, ...args: t.Expression[]) =>
  t.callExpression(t.memberExpression(held(), t.identifier(name)), args);
const failing = () =>
  t.catchClause(
    t.identifier("$x"),
    t.blockStatement([t.expressionStatement(call("fail", t.identifier("$x")))]),
  );

/** The declaration as one of constants, still to be rewritten. */
export function acquiring(node: UsingDeclaration): t.VariableDeclaration {
  const declarations = node.declarations.map((one) => ({ ...one, init: acquire(node, held(), one.init!) }));
  return { ...node, kind: "const", declarations };
}

/** `list`, rewritten, with the disposal of what it acquires. */
export function withDisposal(
  module: Emitter,
  { kind }: UsingDeclaration,
  list: t.Statement[],
): t.Statement[] {
  const start = t.variableDeclaration("const", [t.variableDeclarator(held(), module.call("$using"))]);
  const wait = t.expressionStatement(t.awaitExpression(t.memberExpression(held(), t.identifier("value"))));
  const attempt = t.tryStatement(t.blockStatement([wait]), failing());
  const finalizer =
    kind === "using"
      ? [t.expressionStatement(call("dispose"))]
      : [t.whileStatement(call("next"), attempt), t.expressionStatement(call("end"))];
  return [start, t.tryStatement(t.blockStatement(list), failing(), t.blockStatement(finalizer))];
}
