/**
 * Statements with suspend points. What has none stays as the author wrote it (pass 7 renames it), but for jumps that leave
 * it; the rest keeps its shape and only brings its suspend points to statement level.
 *
 * | source | lowered |
 * |---|---|
 * | `while (await t()) B` | `for (;;) { $v = await t(); if (!$v) break; B }` |
 * | `for (let x of xs) B` | `$it = $iterate(xs); try { for (; $it.next();) { x = $it.value; B } } catch ($x) { $it.abort(); throw $x }` |
 * | `try B catch (e) H`, await in H | `try { B; $caught = false } catch ($x) { $error = $x; $caught = true } if ($caught) { e = $error; H }` |
 * | `try B finally F` | see finally.ts; `using`: using.ts |
 */
import * as t from "@babel/types";
import type { Stmt, Variable } from "../ir.ts";
import { withoutMark } from "../name-clashes.ts";
import { boundIdentifiers, feedName, makesClosure } from "../names.ts";
import { isUsing, usingOf } from "../using.ts";
import { effect, helper, isConstantLiteral, js, type Lowering, method } from "./context.ts";
import { lowerClass, lowerEffect, lowerExpression, spill } from "./expressions.ts";
import { closeFinally, openFinally } from "./finally.ts";
import { jump, leaves, rewriteJumps, targetOf } from "./jumps.ts";
import { assignPattern } from "./patterns.ts";
import type { Target } from "./targets.ts";
import { acquired, lowerUsing } from "./using.ts";

export function lowerList(l: Lowering, list: readonly t.Statement[], out: Stmt[]): void {
  lowerUsing(l, usingOf(list), out, (into) => {
    for (const one of list) lowerStatement(l, one, into, []);
  });
}

/** A block or single statement in the place of a body. */
function lowerBody(l: Lowering, node: t.Statement, step: string): Stmt[] {
  const out: Stmt[] = [];
  l.path.push(step);
  lowerStatement(l, node, out, []);
  l.path.pop();
  return out;
}

function lowerStatement(l: Lowering, node: t.Statement, out: Stmt[], labels: string[]): void {
  l.around.push(node);
  lowerKind(l, node, out, labels);
  l.around.pop();
}

function lowerKind(l: Lowering, node: t.Statement, out: Stmt[], labels: string[]): void {
  if (t.isVariableDeclaration(node)) return lowerDeclaration(l, node, out);
  if (t.isFunctionDeclaration(node)) {
    out.push(...l.resolved.blockFunctions.assignments(node).map(js));
    return;
  }
  if (t.isEmptyStatement(node)) return;
  if (t.isReturnStatement(node) || t.isBreakStatement(node) || t.isContinueStatement(node))
    return lowerJump(l, node, out);
  if (!l.has(node)) {
    out.push(js(rewriteJumps(l, node)));
    return;
  }
  const outer = l.statement;
  lowerSuspending(l, node, out, labels);
  l.statement = outer;
}

function lowerSuspending(l: Lowering, node: t.Statement, out: Stmt[], labels: string[]): void {
  switch (node.type) {
    case "ExpressionStatement":
      l.statement = node;
      return lowerEffect(l, node.expression, out);
    case "ThrowStatement":
      l.statement = node;
      out.push(js(t.throwStatement(lowerExpression(l, node.argument, out))));
      return;
    case "ClassDeclaration":
      l.statement = node;
      out.push(js(lowerClass(l, node, out)));
      return;
    case "BlockStatement":
      l.enter(l.resolved.scopes.get(node), out);
      return lowerList(l, node.body, out);
    case "IfStatement": {
      l.statement = node.test;
      const test = lowerExpression(l, node.test, out);
      const yes = lowerBody(l, node.consequent, "if");
      const no = node.alternate ? lowerBody(l, node.alternate, "else") : [];
      out.push({ kind: "if", test, yes, no });
      return;
    }
    case "LabeledStatement":
      return lowerLabeled(l, node, out, labels);
    case "WhileStatement":
      return lowerLoop(l, { test: node.test, update: null, body: node.body, name: "while" }, out, labels);
    case "DoWhileStatement":
      return lowerDoWhile(l, node, out, labels);
    case "ForStatement":
      return lowerFor(l, node, out, labels);
    case "ForOfStatement":
      return node.await ? lowerForAwait(l, node, out, labels) : lowerForOf(l, node, out, labels);
    case "ForInStatement":
      return lowerForIn(l, node, out, labels);
    case "SwitchStatement":
      return lowerSwitch(l, node, out, labels);
    case "TryStatement":
      return lowerTry(l, node, out);
    default:
      l.diagnostics.error(
        "CF1012",
        node,
        `an await inside of ${node.type}; move it to a statement of its own.`,
      );
  }
}

/** Declarations of a list that is taken apart become assignments to locals of the step function. */
function lowerDeclaration(l: Lowering, node: t.VariableDeclaration, out: Stmt[]): void {
  const outer = l.statement;
  l.statement = node;
  for (const one of node.declarations) {
    if (!one.init) {
      if (node.kind !== "var")
        out.push(effect(t.assignmentExpression("=", one.id as t.LVal, t.identifier("undefined"))));
      continue;
    }
    const value = acquired(l, node, lowerExpression(l, one.init, out));
    if (!l.has(one.id))
      out.push(js(located(t.expressionStatement(initialise(one.id as t.LVal, value)), node)));
    else assignPattern(l, one.id, spill(l, value, "source", out), out, true);
  }
  l.statement = outer;
}

/** An assignment that initialises: to a constant, or out of the temporal dead zone. */
function initialise(target: t.LVal, value: t.Expression): t.AssignmentExpression {
  const node = t.assignmentExpression("=", target, value);
  node.extra = { initialises: true };
  return node;
}

function lowerJump(
  l: Lowering,
  node: t.ReturnStatement | t.BreakStatement | t.ContinueStatement,
  out: Stmt[],
): void {
  if (t.isReturnStatement(node)) {
    const outer = l.statement;
    l.statement = node;
    let value = node.argument ? lowerExpression(l, node.argument, out) : null;
    if (value !== null && l.returnsAwait) value = l.suspend(node, value, out);
    l.statement = outer;
    for (const one of jump(l, { kind: "return" }, value)) out.push(js(located(one, node)));
    return;
  }
  const to = targetOf(l, node);
  if (to === undefined) out.push(js(node));
  else for (const one of jump(l, to, null)) out.push(js(located(one, node)));
}

function lowerLabeled(l: Lowering, node: t.LabeledStatement, out: Stmt[], labels: string[]): void {
  const names = [...labels, node.label.name];
  const { body } = node;
  if (t.isLoop(body) || t.isSwitchStatement(body) || t.isLabeledStatement(body))
    return lowerSuspending(l, body, out, names);
  const label = node.label.name;
  const inner: Stmt[] = [];
  l.targets.push({ kind: "label", label, names });
  lowerStatement(l, body, inner, []);
  l.targets.pop();
  out.push({ kind: "labeled", label, body: inner });
}

interface Loop {
  readonly test: t.Expression | null;
  readonly update: t.Expression | null;
  readonly body: t.Statement;
  readonly name: string;
}

function lowerLoop(l: Lowering, loop: Loop, out: Stmt[], names: string[], scopeOf?: t.Node): void {
  const label = names[0] ?? l.label("loop");
  const updateWaits = l.has(loop.update);
  const bodyLabel = updateWaits ? l.label("body") : null;
  const target: Target = { kind: "loop", label, names, bodyLabel };
  const body: Stmt[] = [];
  let { test } = loop;
  if (l.has(test)) {
    l.statement = test!;
    const value = lowerExpression(l, test!, body);
    body.push({
      kind: "if",
      test: t.unaryExpression("!", value),
      yes: [js(t.breakStatement(t.identifier(label)))],
      no: [],
    });
    test = null;
  }
  l.targets.push(target);
  const inner = lowerBody(l, loop.body, loop.name);
  l.targets.pop();
  const scope = scopeOf === undefined ? undefined : l.resolved.scopes.get(scopeOf);
  const copies = scope?.record?.copied === true ? scope.record : null;
  if (bodyLabel === null) body.push(...inner);
  else {
    body.push({ kind: "labeled", label: bodyLabel, body: inner });
    if (copies !== null) body.push(js(l.set(copies.holder, helper("$copy", l.ref(copies.holder)))));
    l.statement = loop.update!;
    lowerEffect(l, loop.update!, body);
  }
  out.push({
    kind: "loop",
    label,
    test,
    testLast: false,
    update: updateWaits ? null : loop.update,
    copies: updateWaits ? null : copies,
    body,
  });
}

function lowerDoWhile(l: Lowering, node: t.DoWhileStatement, out: Stmt[], names: string[]): void {
  const label = names[0] ?? l.label("loop");
  const waits = l.has(node.test);
  const bodyLabel = waits ? l.label("body") : null;
  l.targets.push({ kind: "loop", label, names, bodyLabel });
  const inner = lowerBody(l, node.body, "do");
  l.targets.pop();
  if (bodyLabel === null) {
    out.push({
      kind: "loop",
      label,
      test: node.test,
      testLast: true,
      update: null,
      copies: null,
      body: inner,
    });
    return;
  }
  const body: Stmt[] = [{ kind: "labeled", label: bodyLabel, body: inner }];
  l.statement = node.test;
  const value = lowerExpression(l, node.test, body);
  body.push({
    kind: "if",
    test: t.unaryExpression("!", value),
    yes: [js(t.breakStatement(t.identifier(label)))],
    no: [],
  });
  out.push({ kind: "loop", label, test: null, testLast: false, update: null, copies: null, body });
}

function lowerFor(l: Lowering, node: t.ForStatement, out: Stmt[], names: string[]): void {
  l.enter(l.resolved.scopes.get(node), out);
  lowerUsing(l, isUsing(node.init) ? node.init : undefined, out, (into) => {
    if (t.isVariableDeclaration(node.init)) lowerDeclaration(l, node.init, into);
    else if (node.init) {
      l.statement = node.init;
      lowerEffect(l, node.init, into);
    }
    const record = l.resolved.scopes.get(node)?.record;
    // Closures of the head see the variables as they were before the first iteration (ECMA-262 §14.7.4.3).
    if (record?.copied && makesClosure(node.init!))
      into.push(js(l.set(record.holder, helper("$copy", l.ref(record.holder)))));
    const { test = null, update = null, body } = node;
    lowerLoop(l, { test, update, body, name: "for" }, into, names, node);
  });
}

/** Binds the value of an iteration to the head of its loop. */
function bindHead(
  l: Lowering,
  node: t.ForOfStatement | t.ForInStatement,
  iteration: Variable,
  out: Stmt[],
): void {
  l.enter(l.resolved.scopes.get(node), out);
  const value = acquired(l, node.left, t.memberExpression(l.ref(iteration), t.identifier("value")));
  const target = t.isVariableDeclaration(node.left) ? node.left.declarations[0]!.id : node.left;
  l.statement = node.left;
  if (!l.has(target))
    out.push(js(located(t.expressionStatement(bind(target as t.LVal, value, node)), node.left)));
  else assignPattern(l, target, spill(l, value, "item", out), out, t.isVariableDeclaration(node.left));
}

/** The head of a loop declares its variables or assigns to what is there. */
function bind(
  target: t.LVal,
  value: t.Expression,
  node: t.ForOfStatement | t.ForInStatement,
): t.AssignmentExpression {
  return t.isVariableDeclaration(node.left)
    ? initialise(target, value)
    : t.assignmentExpression("=", target, value);
}

/** What a loop gives its values to: two loops in each other, with their heads swapped, must not be taken for what they were. */
function headName({ left }: t.ForOfStatement | t.ForInStatement): string {
  const names = t.isVariableDeclaration(left)
    ? boundIdentifiers(left).map(({ name }) => name)
    : [feedName(left)];
  return names.map(withoutMark).join();
}

/** One iteration: the head is bound, the body runs, and what the head holds is disposed of. */
function lowerIteration(
  l: Lowering,
  node: t.ForOfStatement,
  iteration: Variable,
  step: string,
  out: Stmt[],
): void {
  lowerUsing(l, isUsing(node.left) ? node.left : undefined, out, (into) => {
    bindHead(l, node, iteration, into);
    into.push(...lowerBody(l, node.body, step));
  });
}

function lowerForOf(l: Lowering, node: t.ForOfStatement, out: Stmt[], names: string[]): void {
  const iteration = l.temp("of");
  l.statement = node.right;
  out.push(js(l.set(iteration, helper("$iterate", lowerExpression(l, node.right, out)))));
  const label = names[0] ?? l.label("loop");
  const body: Stmt[] = [];
  const target: Target = { kind: "loop", label, names, bodyLabel: null };
  l.targets.push({ kind: "close", iteration });
  // A jump to the loop's own `continue` closes nothing: the loop stands inside of what is closed.
  l.targets.push(target);
  lowerIteration(l, node, iteration, `of ${headName(node)}`, body);
  l.targets.pop();
  l.targets.pop();
  const loop: Stmt = {
    kind: "loop",
    label,
    test: method(l.ref(iteration), "next"),
    testLast: false,
    update: null,
    copies: null,
    body,
  };
  const param = l.temp("error");
  out.push({
    kind: "try",
    label: null,
    body: [loop, effect(method(l.ref(iteration), "close"))],
    handler: {
      kind: "made",
      param,
      local: true,
      body: [t.expressionStatement(method(l.ref(iteration), "abort")), t.throwStatement(l.ref(param))],
    },
  });
}

function lowerForIn(l: Lowering, node: t.ForInStatement, out: Stmt[], names: string[]): void {
  const iteration = l.temp("in");
  const [declared] = t.isVariableDeclaration(node.left) ? node.left.declarations : [];
  // `for (var k = 1 in o)` of sloppy code (§B.3.5)
  if (declared?.init) {
    l.statement = node.left;
    const value = lowerExpression(l, declared.init, out);
    out.push(js(t.expressionStatement(t.assignmentExpression("=", declared.id as t.LVal, value))));
  }
  l.statement = node.right;
  out.push(js(l.set(iteration, helper("$keys", lowerExpression(l, node.right, out)))));
  const label = names[0] ?? l.label("loop");
  const body: Stmt[] = [];
  l.targets.push({ kind: "loop", label, names, bodyLabel: null });
  bindHead(l, node, iteration, body);
  body.push(...lowerBody(l, node.body, `in ${headName(node)}`));
  l.targets.pop();
  out.push({
    kind: "loop",
    label,
    test: method(l.ref(iteration), "next"),
    testLast: false,
    update: null,
    copies: null,
    body,
  });
}

function lowerForAwait(l: Lowering, node: t.ForOfStatement, out: Stmt[], names: string[]): void {
  const iteration = l.temp("of");
  l.statement = node.right;
  out.push(js(l.set(iteration, helper("$iterateAsync", lowerExpression(l, node.right, out)))));
  const label = names[0] ?? l.label("loop");
  const pended = openFinally(l);
  const loopBody: Stmt[] = [];
  l.targets.push({ kind: "loop", label, names, bodyLabel: null });
  l.path.push(`await of ${headName(node)}`);
  l.statement = node.right;
  const result = l.suspend(node, method(l.ref(iteration), "nextAsync", t.identifier("$t")), loopBody);
  loopBody.push({
    kind: "if",
    test: t.unaryExpression("!", method(l.ref(iteration), "step", result)),
    yes: [js(t.breakStatement(t.identifier(label)))],
    no: [],
  });
  lowerIteration(l, node, iteration, "body", loopBody);
  l.path.pop();
  l.targets.pop();
  const body: Stmt[] = [
    { kind: "loop", label, test: null, testLast: false, update: null, copies: null, body: loopBody },
  ];
  closeFinally(l, pended, body, out, (finalizer) => {
    l.statement = node.right;
    const closing = l.temp("closing");
    const thrown = () => t.binaryExpression("===", l.ref(pended.completion), t.stringLiteral("throw"));
    const close = t.conditionalExpression(
      thrown(),
      method(l.ref(iteration), "abortAsync"),
      method(l.ref(iteration), "closeAsync"),
    );
    finalizer.push(js(l.set(closing, close)));
    const body: Stmt[] = [];
    const closed = l.suspend(node, l.ref(closing), body);
    const check = t.expressionStatement(method(l.ref(iteration), "closed", closed));
    body.push(js(t.ifStatement(t.unaryExpression("!", thrown()), check)));
    const param = l.temp("error");
    const rethrow = t.ifStatement(t.unaryExpression("!", thrown()), t.throwStatement(l.ref(param)));
    const yes: Stmt[] = [
      { kind: "try", label: null, body, handler: { kind: "made", param, local: true, body: [rethrow] } },
    ];
    const test = t.binaryExpression("!==", l.ref(closing), t.identifier("undefined"));
    finalizer.push({ kind: "if", test, yes, no: [] });
  });
}

function lowerSwitch(l: Lowering, node: t.SwitchStatement, out: Stmt[], names: string[]): void {
  l.statement = node.discriminant;
  let discriminant = lowerExpression(l, node.discriminant, out);
  const label = names[0] ?? l.label("switch");
  l.enter(l.resolved.scopes.get(node), out);
  const written = node.cases.flatMap(({ test }) => (test ? [test] : []));
  // A case is resumed by its value: of two with one value the second would never be found.
  const literal =
    written.every(isConstantLiteral) && new Set(written.map(constantOf)).size === written.length;
  let tests: (t.Expression | null)[] = node.cases.map((one) => one.test ?? null);
  if (!literal) {
    const value = spill(l, discriminant, "switch", out);
    const chosen = l.temp("case");
    const fallback = node.cases.findIndex((one) => !one.test);
    const choose = l.label("case");
    const body: Stmt[] = [];
    node.cases.forEach((one, i) => {
      if (!one.test) return;
      l.statement = one.test;
      const test = lowerExpression(l, one.test, body);
      const yes = [js(l.set(chosen, t.numericLiteral(i))), js(t.breakStatement(t.identifier(choose)))];
      body.push({
        kind: "if",
        test: t.binaryExpression("===", l.ref(l.resolved.refs.get(value)!), test),
        yes,
        no: [],
      });
    });
    body.push(
      js(l.set(chosen, fallback === -1 ? t.numericLiteral(node.cases.length) : t.numericLiteral(fallback))),
    );
    out.push({ kind: "labeled", label: choose, body });
    discriminant = l.ref(chosen);
    tests = node.cases.map((_, i) => t.numericLiteral(i));
  }
  l.targets.push({ kind: "switch", label, names });
  const cases = node.cases.map((one, i) => {
    const body: Stmt[] = [];
    l.path.push(`case ${one.test && t.isStringLiteral(one.test) ? one.test.value : i}`);
    lowerList(l, one.consequent, body);
    l.path.pop();
    return { test: tests[i]!, body };
  });
  l.targets.pop();
  out.push({ kind: "switch", label, discriminant, cases });
}

function constantOf(node: t.Expression): unknown {
  if (t.isBigIntLiteral(node)) return BigInt(node.value);
  return t.isNullLiteral(node) ? null : (node as t.StringLiteral | t.NumericLiteral | t.BooleanLiteral).value;
}

// ---- try

function lowerTry(l: Lowering, node: t.TryStatement, out: Stmt[]): void {
  if (node.finalizer) {
    const pended = openFinally(l);
    const body: Stmt[] = [];
    if (node.handler) lowerCatch(l, node.block, node.handler, body);
    else body.push(...lowerBody(l, node.block, "try"));
    closeFinally(l, pended, body, out, (finalizer) =>
      finalizer.push(...lowerBody(l, node.finalizer!, "finally")),
    );
  } else lowerCatch(l, node.block, node.handler!, out);
}

function lowerCatch(l: Lowering, block: t.BlockStatement, handler: t.CatchClause, out: Stmt[]): void {
  if (!l.has(handler)) {
    const clause = { ...handler, body: rewriteJumps(l, handler.body) as t.BlockStatement };
    const scope = l.resolved.scopes.get(handler);
    if (scope !== undefined) l.resolved.scopes.set(clause, scope);
    out.push({
      kind: "try",
      label: null,
      body: lowerBody(l, block, "try"),
      handler: { kind: "written", clause },
    });
    return;
  }
  const param = l.temp("error");
  const caught = l.temp("caught");
  const body = lowerBody(l, block, "try");
  if (!leaves(body)) body.push(js(l.set(caught, t.booleanLiteral(false))));
  const recovery: Stmt[] = [];
  l.path.push("catch");
  l.enter(l.resolved.scopes.get(handler), recovery);
  if (handler.param) {
    if (l.has(handler.param)) assignPattern(l, handler.param, l.ref(param), recovery, true);
    else recovery.push(js(t.expressionStatement(initialise(handler.param as t.LVal, l.ref(param)))));
  }
  lowerStatement(l, handler.body, recovery, []);
  l.path.pop();
  out.push({
    kind: "try",
    label: null,
    body,
    handler: { kind: "made", param, local: false, body: [l.set(caught, t.booleanLiteral(true))] },
  });
  out.push({ kind: "if", test: l.ref(caught), yes: recovery, no: [] });
}

function located<N extends t.Node>(node: N, from: t.Node): N {
  node.loc = from.loc ?? null;
  return node;
}
