/**
 * Lists with `using` declarations (explicit resource management proposal, DisposeResources): a pended completion whose
 * finalizer disposes. Exceptions go to the list of resources, which chains what disposers throw to them.
 *
 * | source | lowered |
 * |---|---|
 * | `using x = e; B` | `$held = $using(); $try: try { x = $held.use(e); B } catch ($x) { $held.fail($x) } $held.dispose()` |
 * | `await using x = e; B` | the same with `useAsync`, and `while ($held.next()) try { await $held.value } catch ($x) { $held.fail($x) } $held.end()` |
 */
import * as t from "@babel/types";
import type { Stmt, Variable } from "../ir.ts";
import { acquire, isUsing, type UsingDeclaration } from "../using.ts";
import { effect, helper, js, type Lowering, method } from "./context.ts";
import { closeFinally, openFinally } from "./finally.ts";

/**
 * Lowers `body` so that what it acquires is disposed of behind it.
 * @param declaration undefined: it acquires nothing
 */
export function lowerUsing(
  l: Lowering,
  declaration: UsingDeclaration | undefined,
  out: Stmt[],
  body: (into: Stmt[]) => void,
): void {
  if (declaration === undefined) return body(out);
  const held = l.temp("held");
  out.push(js(l.set(held, helper("$using"))));
  const pended = openFinally(l);
  const outer = l.held;
  l.held = held;
  const inner: Stmt[] = [];
  body(inner);
  l.held = outer;
  const fail = (error: t.Expression) => t.expressionStatement(method(l.ref(held), "fail", error));
  const finalize = (into: Stmt[]) => {
    if (declaration.kind === "using") into.push(effect(method(l.ref(held), "dispose")));
    else disposeAsync(l, held, declaration, fail, into);
  };
  closeFinally(l, pended, inner, out, finalize, fail);
}

function disposeAsync(
  l: Lowering,
  held: Variable,
  declaration: UsingDeclaration,
  fail: (error: t.Expression) => t.ExpressionStatement,
  out: Stmt[],
): void {
  const outer = l.statement;
  l.statement = declaration;
  l.path.push("finally");
  const body: Stmt[] = [];
  l.suspend(declaration, t.memberExpression(l.ref(held), t.identifier("value")), body);
  l.path.pop();
  l.statement = outer;
  const param = l.temp("error");
  out.push({
    kind: "loop",
    label: l.label("dispose"),
    test: method(l.ref(held), "next"),
    testLast: false,
    update: null,
    copies: null,
    body: [
      {
        kind: "try",
        label: null,
        body,
        handler: { kind: "made", param, local: true, body: [fail(l.ref(param))] },
      },
    ],
  });
  out.push(effect(method(l.ref(held), "end")));
}

/** What a declaration or the head of a loop binds: `value`, to be disposed of when the declaration says so. */
export function acquired(l: Lowering, declaration: t.Node, value: t.Expression): t.Expression {
  return isUsing(declaration) ? acquire(declaration, l.ref(l.held!), value) : value;
}
