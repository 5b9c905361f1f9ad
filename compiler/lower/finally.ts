/**
 * Pended completions: a `finally` with suspend points, and what else has to happen however a list of statements is left.
 *
 * | source | lowered |
 * |---|---|
 * | `try B finally F` | `$try: try { B; $c = "normal" } catch ($x) { $c = "throw"; $r = $x } F; if ($c === "throw") throw $r; …` |
 */
import * as t from "@babel/types";
import type { Stmt } from "../ir.ts";
import { js, type Lowering } from "./context.ts";
import { jump, leaves } from "./jumps.ts";
import type { Jump, Target } from "./targets.ts";

type Finally = Extract<Target, { kind: "finally" }>;

export function openFinally(l: Lowering): Finally {
  const target: Finally = {
    kind: "finally",
    label: l.label("try"),
    completion: l.temp("completion"),
    value: l.temp("result"),
    exits: new Map<string, Jump>(),
  };
  l.targets.push(target);
  return target;
}

/**
 * The completion of `body` is pended, the finalizer runs outside of the `try`, then the completion goes on.
 * @param caught what happens to an exception at once, where the finalizer throws it again itself
 */
export function closeFinally(
  l: Lowering,
  pended: Finally,
  body: Stmt[],
  out: Stmt[],
  finalizer: (into: Stmt[]) => void,
  caught: ((error: t.Identifier) => t.ExpressionStatement) | null = null,
): void {
  l.targets.pop();
  pended.completion.exits = pended.exits;
  const pends = caught === null || pended.exits.size > 0;
  if (pends && !leaves(body))
    body.push(
      js(l.set(pended.value, t.identifier("undefined"))),
      js(l.set(pended.completion, t.stringLiteral("normal"))),
    );
  const param = l.temp("error");
  const handler = pends ? [l.set(pended.completion, t.stringLiteral("throw"))] : [];
  handler.push(caught === null ? l.set(pended.value, l.ref(param)) : caught(l.ref(param)));
  out.push({
    kind: "try",
    label: pended.label,
    body,
    handler: { kind: "made", param, local: true, body: handler },
  });
  finalizer(out);
  const is = (key: string) => t.binaryExpression("===", l.ref(pended.completion), t.stringLiteral(key));
  if (caught === null) out.push(js(t.ifStatement(is("throw"), t.throwStatement(l.ref(pended.value)))));
  for (const [key, to] of pended.exits) {
    const statements = jump(l, to, to.kind === "return" ? l.ref(pended.value) : null);
    out.push({ kind: "if", test: is(key), yes: statements.map(js), no: [] });
  }
}
