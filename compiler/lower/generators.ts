/**
 * `yield` and `yield*` (ECMA-262 §15.5.5).
 *
 * | source | lowered |
 * |---|---|
 * | `yield e` | `$v = yield e`, throws when `throw` was called; `if ($e === 2) return $v` |
 * | `yield* e` | `$d = $delegate(e); $v = undefined; $e = 0; while ($d.resume($v, $e)) $v = pass $d.value; if ($d.returns) return $d.value` |
 * | the same, async | `…; for (;;) { $v = await $d.request($v, $e); if (!$d.accept($v)) break; $v = pass $d.value } …` |
 *
 * `$e` is how the step function was resumed: 0 by `next`, 1 by `throw`, 2 by `return`.
 */
import * as t from "@babel/types";
import type { Stmt } from "../ir.ts";
import { effect, helper, js, type Lowering, method } from "./context.ts";
import { lowerExpression, spill } from "./expressions.ts";
import { jump } from "./jumps.ts";

const sent = () => t.identifier("$v");
const how = () => t.identifier("$e");

/** The value of a `yield` expression: what was sent. */
export function lowerYield(l: Lowering, node: t.YieldExpression, out: Stmt[]): t.Expression {
  if (node.delegate) return lowerDelegate(l, node, out);
  const value = node.argument ? lowerExpression(l, node.argument, out) : t.identifier("undefined");
  l.suspend(node, value, out, "yield");
  returnIf(l, t.binaryExpression("===", how(), t.numericLiteral(2)), sent(), out);
  return sent();
}

function returnIf(l: Lowering, test: t.Expression, value: t.Expression, out: Stmt[]): void {
  out.push({ kind: "if", test, yes: jump(l, { kind: "return" }, value).map(js), no: [] });
}

function lowerDelegate(l: Lowering, node: t.YieldExpression, out: Stmt[]): t.Expression {
  const delegation = l.temp("delegate");
  const { isAsync } = l.fn;
  const start = helper(isAsync ? "$delegateAsync" : "$delegate", lowerExpression(l, node.argument!, out));
  out.push(
    js(l.set(delegation, start)),
    effect(t.assignmentExpression("=", sent(), t.identifier("undefined"))),
    effect(t.assignmentExpression("=", how(), t.numericLiteral(0))),
  );
  const label = l.label("delegate");
  const value = () => t.memberExpression(l.ref(delegation), t.identifier("value"));
  const body: Stmt[] = [];
  let test: t.Expression | null = null;
  if (isAsync) {
    const result = l.suspend(node, method(l.ref(delegation), "request", sent(), how()), body);
    const done = t.unaryExpression("!", method(l.ref(delegation), "accept", result));
    body.push({ kind: "if", test: done, yes: [js(t.breakStatement(t.identifier(label)))], no: [] });
  } else test = method(l.ref(delegation), "resume", sent(), how());
  l.suspend(node, value(), body, "pass");
  out.push({ kind: "loop", label, test, testLast: false, update: null, copies: null, body });
  const returns = t.memberExpression(l.ref(delegation), t.identifier("returns"));
  returnIf(l, returns, value(), out);
  return spill(l, value(), "result", out);
}
