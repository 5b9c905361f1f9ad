/** What the lowering of one function carries along: its points, temporaries, jump targets and where it is. */

import * as t from "@babel/types";
import { childKeys } from "../children.ts";
import type { Diagnostics } from "../diagnostics.ts";
import type { Fn, Lowered, Scope, Stmt, SuspendKind, SuspendPoint, Variable } from "../ir.ts";
import type { Resolved } from "../resolve.ts";
import type { Target } from "./targets.ts";

export class Lowering implements Lowered {
  readonly body: Stmt[] = [];
  readonly points: SuspendPoint[] = [];
  readonly locals = new Set<Variable>();
  readonly fn: Fn;
  readonly resolved: Resolved;
  readonly diagnostics: Diagnostics;
  /** Innermost last. */
  readonly targets: Target[] = [];
  /** Kinds of the statements around the current one, for fingerprints. */
  readonly path: string[] = [];
  /** Those statements, the current one included. */
  readonly around: t.Statement[] = [];
  statement: t.Node;
  /** The body of an async generator. */
  readonly returnsAwait: boolean;
  /** The resources of the innermost list with `using` declarations. */
  held: Variable | null = null;
  #labels = 0;
  readonly #has = new Map<t.Node, boolean>();

  /** Destructuring with suspend points, for expressions that contain one. */
  readonly assign: (l: Lowering, pattern: t.Node, value: t.Expression, out: Stmt[]) => void;

  /** `yield`, for expressions that contain one. */
  readonly yields: (l: Lowering, node: t.YieldExpression, out: Stmt[]) => t.Expression;

  constructor(
    fn: Fn,
    resolved: Resolved,
    diagnostics: Diagnostics,
    { assign, yields }: Pick<Lowering, "assign" | "yields">,
  ) {
    this.assign = assign;
    this.yields = yields;
    this.fn = fn;
    this.resolved = resolved;
    this.diagnostics = diagnostics;
    this.statement = fn.node;
    this.returnsAwait = fn.isAsync && fn.isGenerator;
  }

  /** Whether evaluating `node` may suspend this function; nested functions do not count. */
  has(node: t.Node | null | undefined): boolean {
    if (node === null || node === undefined || childKeys(node.type).length === 0) return false;
    const known = this.#has.get(node);
    if (known !== undefined) return known;
    const found = this.#search(node);
    this.#has.set(node, found);
    return found;
  }

  #search(node: t.Node): boolean {
    switch (node.type) {
      case "AwaitExpression":
      case "YieldExpression":
        return true;
      case "VariableDeclaration":
        if (node.kind === "await using") return true;
        break;
      case "ForOfStatement":
        if (node.await) return true;
        break;
      case "ReturnStatement":
        // An async generator awaits what it returns.
        if (node.argument && this.returnsAwait) return true;
        break;
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
      case "ClassPrivateMethod":
      case "ClassPrivateProperty":
      case "StaticBlock":
        return false;
      case "ObjectMethod":
      case "ClassMethod":
      case "ClassProperty":
      case "ClassAccessorProperty":
        return node.computed === true && this.has(node.key);
    }
    for (const key of childKeys(node.type)) {
      const child = (node as unknown as { [key: string]: unknown })[key];
      if (Array.isArray(child)) {
        for (const one of child) if (this.has(one as t.Node | null)) return true;
      } else if (this.has(child as t.Node | null)) return true;
    }
    return false;
  }

  /** A fresh variable of the step function, named after what it keeps. */
  temp(name: string): Variable {
    const variable: Variable = {
      name: `$${name}`,
      kind: "temp",
      scope: this.fn.scope,
      captured: false,
      reassigned: true,
      needsTdz: false,
      initEnd: 0,
      init: null,
      at: null,
      out: null,
      record: null,
    };
    this.locals.add(variable);
    return variable;
  }

  ref(variable: Variable): t.Identifier {
    const id = t.identifier(variable.name);
    this.resolved.refs.set(id, variable);
    return id;
  }

  set(variable: Variable, value: t.Expression): t.ExpressionStatement {
    return t.expressionStatement(t.assignmentExpression("=", this.ref(variable), value));
  }

  /** `this`, as the method around `super` has it. */
  receiver(node: t.Node): t.ThisExpression {
    const receiver = t.thisExpression();
    const use = this.resolved.supers.get(node);
    if (use !== undefined) {
      this.resolved.refs.set(receiver, use.receiver);
      if (use.receiver.needsTdz && use.receiver.scope.fn !== this.fn) this.resolved.tdzChecks.add(receiver);
    }
    return receiver;
  }

  label(name: string): string {
    this.#labels++;
    return this.#labels === 1 ? `$${name}` : `$${name}${this.#labels}`;
  }

  /** `$v = await argument`; the value stands in `$v` until the next suspend point. */
  suspend(node: t.Node, argument: t.Expression, out: Stmt[], how: SuspendKind = "await"): t.Identifier {
    const point: SuspendPoint = {
      ip: this.points.length + 1,
      node,
      statement: this.statement,
      path: this.path.join("/"),
      around: [...this.around],
      name: "",
      fingerprint: "",
      live: new Set(),
    };
    this.points.push(point);
    out.push({ kind: "suspend", how, point, argument });
    return t.identifier("$v");
  }

  /** Variables of a scope whose statements are taken apart become locals of the step function. */
  enter(scope: Scope | undefined, out: Stmt[]): void {
    if (scope === undefined) return;
    for (const variable of scope.variables.values()) if (!variable.captured) this.locals.add(variable);
    if (scope.record !== null) this.locals.add(scope.record.holder);
    const starts = [...scope.variables.values()].some((one) => one.needsTdz);
    if (scope.record !== null || scope.hoisted.length > 0 || starts) out.push({ kind: "enter", scope });
  }
}

export const js = (node: t.Statement): Stmt => ({ kind: "js", node });
export const effect = (expression: t.Expression): Stmt => js(t.expressionStatement(expression));
/** A call of a helper of the machine. */
export const helper = (name: string, ...args: t.Expression[]): t.CallExpression =>
  t.callExpression(t.identifier(name), args);
export const method = (object: t.Expression, name: string, ...args: t.Expression[]): t.CallExpression =>
  t.callExpression(t.memberExpression(object, t.identifier(name)), args);

/** Evaluating it has no effect and always gives the same value. */
export const isConstantLiteral = (node: t.Node): boolean =>
  t.isLiteral(node) && !t.isTemplateLiteral(node) && !t.isRegExpLiteral(node);
