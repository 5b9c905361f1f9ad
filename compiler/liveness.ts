/**
 * Pass 5, liveness: what a function may still use after each of its suspend points. Backward data flow over the lowered
 * statements (Aho, Lam, Sethi, Ullman, §9.2.5), to a fixed point. Captured variables are tracked one by one beside the record
 * that holds them: a record is live while any of its variables may be read, written or captured again.
 */

import * as t from "@babel/types";
import { childKeys } from "./children.ts";
import type { Converted } from "./convert.ts";
import {
  assertNever,
  type Fn,
  type Handler,
  type Lowered,
  type Scope,
  type Stmt,
  type SuspendPoint,
  type Variable,
} from "./ir.ts";
import { boundIdentifiers } from "./names.ts";
import type { Resolved } from "./resolve.ts";

interface Node {
  readonly uses: ReadonlySet<Variable>;
  readonly defs: ReadonlySet<Variable>;
  readonly next: Node[];
  /** Where a throw in this node goes. */
  readonly handler: Node | null;
  readonly point: SuspendPoint | null;
  live: Set<Variable>;
}

const none: ReadonlySet<Variable> = new Set();

export function liveness(fn: Fn, lowered: Lowered, resolved: Resolved, converted: Converted): void {
  new Flow(fn, resolved, converted).run(lowered);
}

class Flow {
  readonly fn: Fn;
  readonly resolved: Resolved;
  readonly converted: Converted;
  readonly nodes: Node[] = [];
  readonly exit: Node;
  readonly breaks = new Map<string, Node>();
  readonly continues = new Map<string, Node>();
  handler: Node | null = null;

  constructor(fn: Fn, resolved: Resolved, converted: Converted) {
    this.fn = fn;
    this.resolved = resolved;
    this.converted = converted;
    this.exit = this.#node(none, none, []);
  }

  run(lowered: Lowered): void {
    this.#list(lowered.body, this.exit);
    for (let changed = true; changed; ) {
      changed = false;
      for (const node of this.nodes) if (this.#update(node)) changed = true;
    }
    for (const node of this.nodes) {
      if (node.point === null) continue;
      for (const next of node.next) for (const one of next.live) node.point.live.add(one);
      if (node.handler !== null) for (const one of node.handler.live) node.point.live.add(one);
    }
  }

  #update(node: Node): boolean {
    const before = node.live.size;
    for (const next of node.next) for (const one of next.live) if (!node.defs.has(one)) node.live.add(one);
    for (const one of node.uses) node.live.add(one);
    if (node.handler !== null) for (const one of node.handler.live) node.live.add(one);
    return node.live.size !== before;
  }

  #node(
    uses: ReadonlySet<Variable>,
    defs: ReadonlySet<Variable>,
    next: Node[],
    point: SuspendPoint | null = null,
  ): Node {
    const node: Node = { uses, defs, next, handler: this.handler, point, live: new Set() };
    this.nodes.push(node);
    return node;
  }

  /** Builds a list backwards; returns its first node. */
  #list(list: readonly Stmt[], next: Node): Node {
    for (let i = list.length - 1; i >= 0; i--) next = this.#stmt(list[i]!, next);
    return next;
  }

  #stmt(stmt: Stmt, next: Node): Node {
    switch (stmt.kind) {
      case "js":
        return this.#js(stmt.node, next);
      case "enter":
        return this.#enter(stmt.scope, next);
      case "suspend":
        return this.#node(this.#uses(stmt.argument), none, [next], stmt.point);
      case "if":
        return this.#node(this.#uses(stmt.test), none, [
          this.#list(stmt.yes, next),
          this.#list(stmt.no, next),
        ]);
      case "labeled":
        this.breaks.set(stmt.label, next);
        return this.#list(stmt.body, next);
      case "loop":
        return this.#loop(stmt, next);
      case "switch": {
        this.breaks.set(stmt.label, next);
        const starts: Node[] = [];
        let following = next;
        for (let i = stmt.cases.length - 1; i >= 0; i--) {
          following = this.#list(stmt.cases[i]!.body, following);
          starts.push(following);
        }
        return this.#node(this.#uses(stmt.discriminant), none, [...starts, next]);
      }
      case "try": {
        if (stmt.label !== null) this.breaks.set(stmt.label, next);
        const outer = this.handler;
        const handler = this.#handler(stmt.handler, next);
        this.handler = handler;
        const start = this.#list(stmt.body, next);
        this.handler = outer;
        return start;
      }
      default:
        return assertNever(stmt);
    }
  }

  #handler(handler: Handler, next: Node): Node {
    if (handler.kind === "written")
      return this.#js(t.blockStatement([t.tryStatement(t.blockStatement([]), handler.clause)]), next);
    const body = this.#list(
      handler.body.map((node) => ({ kind: "js", node })),
      next,
    );
    return this.#node(none, new Set([handler.param]), [body]);
  }

  #loop(stmt: Extract<Stmt, { kind: "loop" }>, next: Node): Node {
    this.breaks.set(stmt.label, next);
    const uses = new Set(stmt.test === null ? none : this.#uses(stmt.test));
    const test = this.#node(uses, none, stmt.test === null ? [] : [next]);
    let again = test;
    if (stmt.update !== null) again = this.#node(this.#uses(stmt.update), none, [again]);
    if (stmt.copies !== null) again = this.#node(new Set([stmt.copies.holder]), none, [again]);
    this.continues.set(stmt.label, again);
    const body = this.#list(stmt.body, again);
    test.next.push(body);
    return stmt.testLast ? body : test;
  }

  #js(node: t.Statement, next: Node): Node {
    const simple = t.isExpressionStatement(node) ? assignment(node.expression) : null;
    if (simple !== null) {
      const uses = new Set(this.#uses(simple.right));
      this.#collectTargets(simple.left, uses);
      const defs = new Set<Variable>();
      for (const id of boundIdentifiers(simple.left)) {
        const variable = this.resolved.refs.get(id);
        // In sloppy code the name of a function expression keeps its value.
        if (variable !== undefined && variable.kind !== "self") {
          defs.add(variable);
          if (this.resolved.tdzChecks.has(id)) uses.add(variable);
          if (variable.captured && variable.scope.record !== null) uses.add(variable.scope.record.holder);
        }
      }
      for (const one of uses) defs.delete(one);
      return this.#node(uses, defs, [next]);
    }
    const out = new Set<Node>();
    this.#exits(node, out);
    if (!neverFallsThrough(node)) out.add(next);
    return this.#node(this.#uses(node), none, [...out]);
  }

  /** Where the jumps inside a statement without suspend points lead. */
  #exits(node: t.Node, out: Set<Node>): void {
    if (t.isFunction(node) || t.isClass(node)) return;
    if (t.isBreakStatement(node) && node.label && this.breaks.has(node.label.name))
      out.add(this.breaks.get(node.label.name)!);
    else if (t.isContinueStatement(node) && node.label && this.continues.has(node.label.name))
      out.add(this.continues.get(node.label.name)!);
    for (const key of childKeys(node.type)) {
      const child = (node as unknown as { [key: string]: unknown })[key];
      if (Array.isArray(child)) for (const one of child) one && this.#exits(one as t.Node, out);
      else if (child !== null && child !== undefined) this.#exits(child as t.Node, out);
    }
  }

  #enter(scope: Scope, next: Node): Node {
    const uses = new Set<Variable>();
    const defs = new Set<Variable>();
    for (const node of scope.hoisted) this.#collect(node, uses);
    if (scope.record !== null) {
      defs.add(scope.record.holder);
      for (const one of scope.record.variables) defs.add(one);
    }
    for (const variable of scope.variables.values())
      if (variable.needsTdz || variable.kind === "function") defs.add(variable);
    for (const one of defs) uses.delete(one);
    return this.#node(uses, defs, [next]);
  }

  #uses(node: t.Node): ReadonlySet<Variable> {
    const uses = new Set<Variable>();
    this.#collect(node, uses);
    return uses;
  }

  #reference(variable: Variable, uses: Set<Variable>): void {
    uses.add(variable);
    if (variable.captured && variable.scope.record !== null) uses.add(variable.scope.record.holder);
  }

  #collect(node: t.Node, uses: Set<Variable>): void {
    if (node.type === "Identifier") {
      const named = this.resolved.refs.get(node);
      if (named !== undefined) this.#reference(named, uses);
      return;
    }
    const fn = this.resolved.fns.get(node);
    if (fn !== undefined && fn !== this.fn) {
      for (const take of this.converted.takes.get(fn) ?? []) {
        uses.add(take.record.holder);
        for (const variable of take.variables) uses.add(variable);
      }
      const declared = t.isClassDeclaration(node) && node.id ? this.resolved.refs.get(node.id) : undefined;
      if (declared?.captured && declared.scope.record !== null) uses.add(declared.scope.record.holder);
      if (t.isClass(node) && node.superClass) this.#collect(node.superClass, uses);
      if (t.isClass(node))
        for (const one of node.body.body)
          if ("computed" in one && one.computed) this.#collect(one.key as t.Node, uses);
      if (t.isObjectMethod(node) && node.computed) this.#collect(node.key, uses);
      return;
    }
    const variable = this.resolved.refs.get(node);
    if (variable !== undefined) return this.#reference(variable, uses);
    const moved = this.resolved.supers.get(node);
    if (moved !== undefined) {
      this.#reference(moved.home, uses);
      this.#reference(moved.receiver, uses);
      return;
    }
    const name = this.resolved.privates.get(node);
    if (name !== undefined) return void (name.self !== null && this.#reference(name.self, uses));
    for (const key of childKeys(node.type)) {
      const child = (node as unknown as { [key: string]: unknown })[key];
      if (Array.isArray(child)) for (const one of child) one && this.#collect(one as t.Node, uses);
      else if (child !== null && child !== undefined) this.#collect(child as t.Node, uses);
    }
  }

  /** What the target of an assignment reads: everything but the identifiers it sets. */
  #collectTargets(pattern: t.Node, uses: Set<Variable>): void {
    if (t.isIdentifier(pattern)) return;
    if (t.isObjectPattern(pattern)) {
      for (const one of pattern.properties) {
        if (t.isRestElement(one)) this.#collectTargets(one.argument, uses);
        else {
          if (one.computed) this.#collect(one.key, uses);
          this.#collectTargets(one.value, uses);
        }
      }
    } else if (t.isArrayPattern(pattern))
      for (const one of pattern.elements) one && this.#collectTargets(one, uses);
    else if (t.isRestElement(pattern)) this.#collectTargets(pattern.argument, uses);
    else if (t.isAssignmentPattern(pattern)) {
      this.#collectTargets(pattern.left, uses);
      this.#collect(pattern.right, uses);
    } else this.#collect(pattern, uses);
  }
}

/** An assignment that certainly happens when its statement completes. */
function assignment(node: t.Expression): t.AssignmentExpression | null {
  return t.isAssignmentExpression(node) && node.operator === "=" ? node : null;
}

function neverFallsThrough(node: t.Statement): boolean {
  if (
    t.isReturnStatement(node) ||
    t.isThrowStatement(node) ||
    t.isContinueStatement(node) ||
    t.isBreakStatement(node)
  )
    return true;
  return t.isBlockStatement(node) && node.body.length > 0 && neverFallsThrough(node.body.at(-1)!);
}
