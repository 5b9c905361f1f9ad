/**
 * Jumps out of statements that are taken apart. Where a jump leaves a `for of` its iterator is closed first; where it
 * crosses a `finally` it becomes a pended completion:
 *
 * | source | lowered, inside of `try { } finally { }` |
 * |---|---|
 * | `return e` | `$c = "return"; $r = e; break $try` |
 * | `break outer` | `$c = "break 2"; break $try` |
 * | `continue` | `$c = "continue 1"; break $try` |
 */

import * as t from "@babel/types";
import { childKeys } from "../children.ts";
import type { Stmt } from "../ir.ts";
import { isConstantLiteral, type Lowering } from "./context.ts";
import type { Jump } from "./targets.ts";

/** The statements that carry out a jump from the current place. `value`: of a return, already free of suspend points. */
export function jump(l: Lowering, to: Jump, value: t.Expression | null): t.Statement[] {
  const out: t.Statement[] = [];
  let kept = value;
  const keep = () => {
    if (kept === null || isConstantLiteral(kept)) return;
    const r = l.temp("return");
    out.push(l.set(r, kept));
    kept = l.ref(r);
  };
  for (let i = l.targets.length - 1; i >= 0; i--) {
    const target = l.targets[i]!;
    if (to.kind !== "return" && target === to.target) break;
    if (target.kind === "close") {
      keep();
      out.push(
        t.expressionStatement(
          t.callExpression(t.memberExpression(l.ref(target.iteration), t.identifier("close")), []),
        ),
      );
    } else if (target.kind === "finally") {
      const key = exitName(l, to, i);
      target.exits.set(key, to);
      out.push(l.set(target.value, (to.kind === "return" ? kept : null) ?? t.identifier("undefined")));
      out.push(l.set(target.completion, t.stringLiteral(key)), t.breakStatement(t.identifier(target.label)));
      return out;
    }
  }
  if (to.kind === "return") out.push(t.returnStatement(kept));
  else if (to.kind === "break") out.push(t.breakStatement(t.identifier(to.target.label)));
  else if (to.target.kind === "loop" && to.target.bodyLabel !== null)
    out.push(t.breakStatement(t.identifier(to.target.bodyLabel)));
  else out.push(t.continueStatement(t.identifier(to.target.label)));
  return out;
}

/**
 * What a completion is called that a `finally` pends, in code to come as in this: `return`, `break out` for a labelled block, else how
 * many loops and switches around the `finally` it leaves, that at which it aims included: `continue 1`.
 * @param at of the `finally` in `l.targets`
 */
function exitName(l: Lowering, to: Jump, at: number): string {
  if (to.kind === "return") return "return";
  const { kind, target } = to;
  if (target.kind === "label") return `${kind} ${target.label}`;
  const crossed = l.targets.slice(l.targets.indexOf(target), at);
  return `${kind} ${crossed.filter((one) => one.kind === "loop" || one.kind === "switch").length}`;
}

/** What a `break` or `continue` of the author aims at among the statements that are taken apart; undefined: none of them. */
export function targetOf(l: Lowering, node: t.BreakStatement | t.ContinueStatement): Jump | undefined {
  const kind = node.type === "BreakStatement" ? "break" : "continue";
  for (let i = l.targets.length - 1; i >= 0; i--) {
    const target = l.targets[i]!;
    if (target.kind === "close" || target.kind === "finally") continue;
    if (node.label) {
      if (target.names.includes(node.label.name)) return { kind, target };
    } else if (target.kind === "loop" || (target.kind === "switch" && kind === "break"))
      return { kind, target };
  }
  return undefined;
}

/** Rewrites the jumps of a statement without suspend points that leave it. */
export function rewriteJumps(l: Lowering, node: t.Statement): t.Statement {
  const crosses = l.targets.some((one) => one.kind === "close" || one.kind === "finally");
  if (l.targets.length === 0) return node;
  return rewrite(l, node, { loops: 0, breakables: 0, labels: [] }, crosses);
}

interface Inner {
  readonly loops: number;
  readonly breakables: number;
  readonly labels: readonly string[];
}

function rewrite<N extends t.Statement>(l: Lowering, node: N, inner: Inner, crosses: boolean): t.Statement {
  switch (node.type) {
    case "ReturnStatement":
      return crosses ? block(jump(l, { kind: "return" }, node.argument ?? null)) : node;
    case "BreakStatement":
    case "ContinueStatement": {
      const own = node.label
        ? inner.labels.includes(node.label.name)
        : (node.type === "BreakStatement" ? inner.breakables : inner.loops) > 0;
      const to = own ? undefined : targetOf(l, node);
      return to === undefined ? node : block(jump(l, to, null));
    }
    case "LabeledStatement":
      return children(l, node, { ...inner, labels: [...inner.labels, node.label.name] }, crosses);
    case "ForStatement":
    case "ForInStatement":
    case "ForOfStatement":
    case "WhileStatement":
    case "DoWhileStatement":
      return children(
        l,
        node,
        { ...inner, loops: inner.loops + 1, breakables: inner.breakables + 1 },
        crosses,
      );
    case "SwitchStatement":
      return children(l, node, { ...inner, breakables: inner.breakables + 1 }, crosses);
    case "BlockStatement":
    case "IfStatement":
    case "TryStatement":
      return children(l, node, inner, crosses);
    default:
      return node;
  }
}

/** Copies `node` where a statement in it changed. */
function children<N extends t.Node>(l: Lowering, node: N, inner: Inner, crosses: boolean): N {
  let copy: { [key: string]: unknown } | null = null;
  const one = (child: t.Node): t.Node => {
    if (t.isSwitchCase(child) || t.isCatchClause(child)) return children(l, child, inner, crosses);
    return t.isStatement(child) ? rewrite(l, child, inner, crosses) : child;
  };
  for (const key of childKeys(node.type)) {
    const child = (node as unknown as { [key: string]: unknown })[key];
    if (child === null || child === undefined) continue;
    const changed = Array.isArray(child)
      ? child.map((x) => (x === null ? x : one(x as t.Node)))
      : one(child as t.Node);
    const same = Array.isArray(child)
      ? child.every((x, i) => x === (changed as unknown[])[i])
      : child === changed;
    if (same) continue;
    copy ??= { ...(node as object) };
    copy[key] = changed;
  }
  if (copy === null) return node;
  const scope = l.resolved.scopes.get(node);
  if (scope !== undefined) l.resolved.scopes.set(copy as unknown as t.Node, scope);
  return copy as unknown as N;
}

function block(statements: t.Statement[]): t.Statement {
  return statements.length === 1 ? statements[0]! : t.blockStatement(statements);
}

/** Control never comes behind the last of these statements. */
export function leaves(list: readonly Stmt[]): boolean {
  const last = list.at(-1);
  if (last?.kind !== "js") return false;
  const { node } = last;
  return (
    t.isReturnStatement(node) ||
    t.isThrowStatement(node) ||
    t.isBreakStatement(node) ||
    t.isContinueStatement(node)
  );
}
