/**
 * Pass 7, first half: code without suspend points of its own. Identifiers become locals or fields of scope records, nested
 * functions become calls of their factories; everything else is copied as the author wrote it.
 */

import * as t from "@babel/types";
import { childKeys } from "../children.ts";
import { hasClassByName, hasInitialisers, isClassInPlace } from "../class-members.ts";
import type { Fn, Record, Scope, Variable } from "../ir.ts";
import { boundIdentifiers, makesClosure } from "../names.ts";
import { helperNames } from "../reserved-names.ts";
import { isUsing, usingOf } from "../using.ts";
import { assignmentTarget, rewriteAssignment, rewriteUpdate } from "./assignments.ts";
import { component } from "./component.ts";
import type { Emitter, Rewriting } from "./emitter.ts";
import { nativeStateCall, nativeStateChain } from "./maker-calls.ts";
import {
  calleeMoved,
  chainMoved,
  deleteMoved,
  hasMoved,
  isMoved,
  privateName,
  readMoved,
} from "./members.ts";
import { assign, fieldKey, labeled, located, nameless } from "./nodes.ts";
import { durableArray, durablePromise, isPromise, suppliedName } from "./platform.ts";
import { acquiring, withDisposal } from "./using.ts";

/** Helpers that the lowering calls by name. */
const loweredHelpers: ReadonlySet<string> = new Set(helperNames);

export class Rewriter implements Rewriting {
  readonly module: Emitter;
  readonly fn: Fn;
  /** Variables that the step function around declares; null: this function is not taken apart. */
  readonly locals: ReadonlySet<Variable> | null;

  constructor(module: Emitter, fn: Fn, locals: ReadonlySet<Variable> | null) {
    this.module = module;
    this.fn = fn;
    this.locals = locals;
  }

  // ---- variables

  /** The place of a variable: a local, or a field of its record. */
  place(variable: Variable): t.Expression {
    const { record } = variable.scope;
    if (isClassInPlace(variable)) {
      const { refs } = this.module.resolved;
      const { fn } = variable.scope;
      const { id } = fn.node as t.Class;
      if (hasClassByName(variable, this.fn, id ? refs.get(id) : undefined))
        return t.identifier(variable.name);
      return t.memberExpression(t.identifier(this.module.classValue(fn)), t.identifier("class"));
    }
    if (variable.captured && record !== null) {
      const field = fieldKey(variable.name);
      const place = t.memberExpression(this.holder(record), field, variable.name === "new.target");
      // Unlike other properties it can be read without calling anything.
      place.extra = { variable: true };
      return place;
    }
    return t.identifier(variable.out ?? variable.name);
  }

  holder(record: Record): t.Identifier {
    return t.identifier(record.holder.out!);
  }

  /** Whether assignments, not declarations, give the variable its value here. */
  isPlaced(variable: Variable): boolean {
    if (isClassInPlace(variable)) return true;
    return (variable.captured && variable.scope.record !== null) || (this.locals?.has(variable) ?? false);
  }

  /** Whether the dead zone of a variable is ours to watch. The platform does it for what it declares but parameters, see `plainFunction`. */
  isChecked(variable: Variable): boolean {
    return this.isPlaced(variable) || variable.kind === "param";
  }

  #identifier(node: t.Identifier): t.Expression {
    const variable = this.module.resolved.refs.get(node);
    if (this.module.resolved.dead.has(node))
      return this.module.call("$tdz", this.module.helper("$TDZ"), t.stringLiteral(node.name));
    if (variable === undefined) {
      if (this.#isTopArguments(node)) return this.module.topArguments(false);
      if (isPromise(this, node))
        return t.memberExpression(this.module.helper("$machine"), t.cloneNode(node, false));
      const supplied = suppliedName(node.name);
      if (supplied !== undefined && this.module.resolved.globals.has(node.name))
        return this.module.helper(supplied);
      return loweredHelpers.has(node.name) && !this.module.resolved.names.has(node.name)
        ? this.module.helper(node.name)
        : t.cloneNode(node, false);
    }
    if (variable.scope.kind === "module") return t.cloneNode(node, false);
    const place = located(this.place(variable), node);
    if (!this.module.resolved.tdzChecks.has(node) || !this.isChecked(variable)) return place;
    return this.module.call("$tdz", place, t.stringLiteral(variable.name));
  }

  /** `arguments` outside of any function that has its own, in a step function, which has. */
  #isTopArguments(node: t.Node): boolean {
    const isFree = t.isIdentifier(node, { name: "arguments" }) && !this.module.resolved.refs.has(node);
    return isFree && this.locals !== null;
  }

  // ---- expressions

  expression<N extends t.Node>(node: N): t.Expression {
    return this.any(node) as t.Expression;
  }

  /** A copy of any expression, pattern or class member. */
  any(node: t.Node): t.Node {
    switch (node.type) {
      case "Identifier":
        return this.#identifier(node);
      case "JSXIdentifier":
        return component(this.module, this, node);
      case "ThisExpression":
      case "MetaProperty":
        return this.#implicit(node);
      case "ArrowFunctionExpression":
      case "FunctionExpression":
        return this.module.closure(this.module.fnOf(node));
      case "ClassExpression":
        return this.module.classExpression(node, this);
      case "ObjectExpression":
        return this.module.objectExpression(node, this);
      case "PrivateName":
      case "Super":
        return node;
      case "BinaryExpression": {
        const use = this.module.resolved.privates.get(node.left);
        if (use === undefined) return this.copy(node);
        const has = t.memberExpression(privateName(this, use), t.identifier("has"));
        return t.callExpression(has, [this.expression(node.right)]);
      }
      case "UnaryExpression": {
        const { argument } = node;
        // Sloppy code: a variable cannot be deleted, but the field of a record could.
        if (node.operator === "delete" && t.isIdentifier(argument) && this.#isOwn(argument))
          return t.booleanLiteral(false);
        if (node.operator === "typeof" && this.#isTopArguments(argument))
          return { ...node, argument: this.module.topArguments(true) };
        const gone = node.operator === "delete" && isMoved(this.module, argument);
        return (gone ? deleteMoved(this, argument) : null) ?? this.copy(node);
      }
      case "MemberExpression":
      case "OptionalMemberExpression": {
        if (node.type === "OptionalMemberExpression" && hasMoved(this.module, node))
          return chainMoved(this, node);
        if (isMoved(this.module, node as t.Node)) return located(readMoved(this, node), node);
        const chained = t.isOptionalMemberExpression(node) ? nativeStateChain(this.module, this, node) : null;
        if (chained !== null) return chained;
        if (t.isIdentifier(node.property, { name: "prototype" })) {
          const durable = durablePromise(this, node);
          if (durable !== null) return durable;
        }
        const object = this.any(node.object) as t.Expression;
        const property = node.computed ? this.expression(node.property) : t.cloneNode(node.property, false);
        return { ...node, object, property } as t.Node;
      }
      case "CallExpression":
      case "OptionalCallExpression": {
        if (node.type === "OptionalCallExpression" && hasMoved(this.module, node))
          return chainMoved(this, node);
        const made = nativeStateCall(this.module, this, node);
        if (made !== null) return made;
        return this.#superCall({
          ...node,
          callee: this.#callee(node.callee),
          arguments: node.arguments.map((one) => this.any(one)),
        } as t.CallExpression);
      }
      case "NewExpression":
        return durablePromise(this, node) ?? this.copy(node);
      case "TaggedTemplateExpression":
        return located(
          t.callExpression(this.#callee(node.tag) as t.Expression, [
            this.module.strings(this.fn, node.quasi),
            ...node.quasi.expressions.map((one) => this.expression(one)),
          ]),
          node,
        );
      case "TemplateLiteral":
        return node.extra?.["isSite"] ? this.module.strings(this.fn, node) : this.copy(node);
      case "ObjectProperty":
        return {
          ...node,
          shorthand: false,
          key: node.computed ? this.any(node.key) : t.cloneNode(node.key, false),
          value: this.any(node.value),
        } as t.Node;
      case "AssignmentExpression":
        return rewriteAssignment(this, node);
      case "UpdateExpression":
        return rewriteUpdate(this, node);
      default:
        return this.copy(node);
    }
  }

  #isOwn(node: t.Identifier): boolean {
    return (this.module.resolved.refs.get(node)?.scope.kind ?? "module") !== "module";
  }

  copy(node: t.Node): t.Node {
    const copy = { ...node } as unknown as { [key: string]: unknown };
    for (const key of childKeys(node.type)) {
      const child = copy[key];
      if (Array.isArray(child))
        copy[key] = child.map((one) => (one === null ? null : this.any(one as t.Node)));
      else if (child !== null && child !== undefined) copy[key] = this.any(child as t.Node);
    }
    return copy as unknown as t.Node;
  }

  #implicit(node: t.ThisExpression | t.MetaProperty): t.Expression {
    const variable = this.module.resolved.refs.get(node);
    if (variable === undefined) {
      const outside = t.isThisExpression(node) && this.fn.kind !== "module";
      return outside ? this.module.topThis() : t.cloneNode(node, false);
    }
    if (variable.scope.fn === this.fn && this.locals === null) return t.cloneNode(node, false);
    const place = located(this.place(variable), node);
    return this.module.resolved.tdzChecks.has(node) ? this.#bound(variable, place) : place;
  }

  receiver(variable: Variable): t.Expression {
    if (variable.scope.fn === this.fn && this.locals === null) return t.thisExpression();
    const place = this.place(variable);
    return variable.needsTdz && variable.scope.fn !== this.fn ? this.#bound(variable, place) : place;
  }

  /** `$receiver($s.this, $s.$bound)`: `this` may be bound while `super()` is not done. */
  #bound(variable: Variable, place: t.Expression): t.Expression {
    const { fn, record } = variable.scope;
    if (!hasInitialisers(fn)) return this.module.call("$receiver", place);
    const bound = t.memberExpression(this.holder(record!), t.identifier("$bound"));
    return this.module.call("$receiver", place, bound);
  }

  /** A function in a variable is called without `this`, also where the variable became a field. */
  #callee(node: t.Node): t.Node {
    if (isMoved(this.module, node)) return calleeMoved(this, node);
    const call = t.isSuper(node) ? this.module.resolved.refs.get(node) : undefined;
    if (call !== undefined) return t.sequenceExpression([t.numericLiteral(0), this.place(call)]);
    const callee = durablePromise(this, node) ?? durableArray(this, node) ?? this.any(node);
    if (t.isIdentifier(node) && t.isMemberExpression(callee))
      return t.sequenceExpression([t.numericLiteral(0), callee]);
    return callee;
  }

  /** `this` of a derived constructor exists behind `super()`: where arrows use it, it is recorded then. */
  #superCall(node: t.CallExpression): t.Node {
    const variable = t.isSuper(node.callee) ? this.fn.implicit.get("this") : undefined;
    if (variable === undefined || !variable.captured || this.fn.isArrow) return node;
    return t.sequenceExpression([
      node,
      t.assignmentExpression("=", this.place(variable) as t.LVal, t.thisExpression()),
    ]);
  }

  /** An assignment pattern of the author. */
  target(node: t.Node): t.Node {
    return assignmentTarget(this, node) ?? this.#patternChildren(node, (one) => this.target(one));
  }

  /** A pattern that initialises: its identifiers are places. */
  pattern(node: t.Node): t.Node {
    if (t.isIdentifier(node)) {
      const variable = this.module.resolved.refs.get(node);
      return variable === undefined || variable.scope.kind === "module"
        ? t.cloneNode(node, false)
        : located(this.place(variable), node);
    }
    return this.#patternChildren(node, (one) => this.pattern(one));
  }

  #patternChildren(node: t.Node, inner: (node: t.Node) => t.Node): t.Node {
    if (t.isObjectPattern(node))
      return {
        ...node,
        properties: node.properties.map((one) =>
          t.isRestElement(one)
            ? { ...one, argument: inner(one.argument) }
            : {
                ...one,
                shorthand: false,
                key: one.computed ? this.any(one.key) : t.cloneNode(one.key, false),
                value: inner(one.value),
              },
        ),
      } as t.Node;
    if (t.isArrayPattern(node))
      return { ...node, elements: node.elements.map((one) => one && inner(one)) } as t.Node;
    if (t.isRestElement(node)) return { ...node, argument: inner(node.argument) } as t.Node;
    if (t.isAssignmentPattern(node))
      return {
        ...node,
        left: inner(node.left),
        right: nameless(node.left, this.expression(node.right)),
      } as t.Node;
    return this.any(node);
  }

  // ---- statements

  list(nodes: readonly t.Statement[]): t.Statement[] {
    const list = () => nodes.flatMap((one) => this.statement(one));
    const using = usingOf(nodes);
    return using === undefined ? list() : withDisposal(this.module, using, list());
  }

  block(node: t.BlockStatement): t.BlockStatement {
    const scope = this.module.resolved.scopes.get(node);
    return { ...node, body: [...this.prologue(scope), ...this.list(node.body)] };
  }

  #body(node: t.Statement): t.Statement {
    const list = this.statement(node);
    return list.length === 1 ? list[0]! : t.blockStatement(list);
  }

  statement(node: t.Statement, labels: readonly string[] = []): t.Statement[] {
    switch (node.type) {
      case "BlockStatement":
        return [this.block(node)];
      case "VariableDeclaration":
        return this.declaration(node);
      case "FunctionDeclaration":
        return this.list(this.module.resolved.blockFunctions.assignments(node));
      case "EmptyStatement":
        return [];
      case "ClassDeclaration": {
        const variable = this.module.resolved.refs.get(node.id!)!;
        const value = this.module.classExpression(node, this);
        if (this.isPlaced(variable)) return [assign(this.place(variable), value, node)];
        return [
          t.variableDeclaration("let", [
            t.variableDeclarator(t.identifier(variable.out ?? variable.name), value),
          ]),
        ];
      }
      case "IfStatement":
        return [
          {
            ...node,
            test: this.expression(node.test),
            consequent: this.#body(node.consequent),
            alternate: node.alternate ? this.#body(node.alternate) : null,
          },
        ];
      case "LabeledStatement": {
        const list = this.statement(node.body, [...labels, node.label.name]);
        if (t.isLoop(node.body) || t.isLabeledStatement(node.body)) return list;
        return [{ ...node, body: list.length === 1 ? list[0]! : t.blockStatement(list) }];
      }
      case "ForStatement":
        return this.#for(node, labels);
      case "ForInStatement":
      case "ForOfStatement":
        return this.#forEach(node, labels);
      case "WhileStatement":
      case "DoWhileStatement":
        return [labeled({ ...node, test: this.expression(node.test), body: this.#body(node.body) }, labels)];
      case "SwitchStatement": {
        const start = this.prologue(this.module.resolved.scopes.get(node));
        const cases = node.cases.map((one) => ({
          ...one,
          test: one.test ? this.expression(one.test) : null,
          consequent: this.list(one.consequent),
        }));
        const statement: t.SwitchStatement = {
          ...node,
          discriminant: this.expression(node.discriminant),
          cases,
        };
        return start.length === 0 ? [statement] : [t.blockStatement([...start, statement])];
      }
      case "TryStatement":
        return [
          {
            ...node,
            block: this.block(node.block),
            handler: node.handler ? this.clause(node.handler) : null,
            finalizer: node.finalizer ? this.block(node.finalizer) : null,
          },
        ];
      case "ReturnStatement":
      case "ThrowStatement":
        return [{ ...node, argument: node.argument ? this.expression(node.argument) : null } as t.Statement];
      case "ExpressionStatement": {
        const expression = this.expression(node.expression);
        return [{ ...node, expression }];
      }
      case "BreakStatement":
      case "ContinueStatement":
      case "DebuggerStatement":
        return [node];
      default:
        return [this.copy(node) as t.Statement];
    }
  }

  clause(node: t.CatchClause): t.CatchClause {
    const scope = this.module.resolved.scopes.get(node);
    if (!node.param) return { ...node, body: this.block(node.body) };
    const placed = this.#anyPlaced(node.param);
    if (!placed) {
      const body = this.block(node.body);
      return {
        ...node,
        param: this.pattern(node.param) as t.Identifier,
        body: { ...body, body: [...this.prologue(scope), ...body.body] },
      };
    }
    const param = t.identifier("$x");
    const body = this.block(node.body);
    const bind = this.#declareAll(node.param, "let", param, node);
    return { ...node, param, body: { ...body, body: [...this.prologue(scope), ...bind, ...body.body] } };
  }

  #anyPlaced(pattern: t.Node): boolean {
    return boundIdentifiers(pattern).some((id) => {
      const variable = this.module.resolved.refs.get(id);
      return variable !== undefined && this.isPlaced(variable);
    });
  }

  /** Sets every variable of a pattern, declaring those that are no places. */
  #declareAll(
    pattern: t.Node,
    kind: "let" | "const" | "var",
    value: t.Expression,
    at: t.Node,
  ): t.Statement[] {
    const own = boundIdentifiers(pattern).filter((id) => {
      const variable = this.module.resolved.refs.get(id);
      return variable === undefined || !this.isPlaced(variable);
    });
    const out: t.Statement[] = [];
    if (own.length > 0)
      out.push(
        t.variableDeclaration(
          kind === "const" ? "let" : kind,
          own.map((id) => t.variableDeclarator(this.pattern(id) as t.Identifier)),
        ),
      );
    out.push(assign(this.pattern(pattern) as t.LVal, value, at));
    return out;
  }

  declaration(node: t.VariableDeclaration): t.Statement[] {
    const out: t.Statement[] = [];
    if (isUsing(node)) return this.declaration(acquiring(node));
    for (const one of node.declarations) {
      const init = one.init ? this.expression(one.init) : null;
      if (!this.#anyPlaced(one.id)) {
        const declarator = { ...one, id: this.pattern(one.id) as t.Identifier, init };
        out.push({ ...node, declarations: [declarator] });
      } else if (init !== null) {
        if (node.kind === "var") out.push(...this.#hidden(one.id));
        out.push(...this.#declareAll(one.id, node.kind as "let", init, node));
      } else if (node.kind !== "var")
        out.push(assign(this.pattern(one.id) as t.LVal, t.identifier("undefined"), node));
    }
    return out;
  }

  /** `var e = 1` in `catch (e)`: the assignment is to the other one, the declaration remains. */
  #hidden(pattern: t.Node): t.Statement[] {
    const ids = boundIdentifiers(pattern).filter((id) => this.module.resolved.refs.get(id)?.kind === "catch");
    if (ids.length === 0 || this.locals !== null) return [];
    const declarators = ids.map((id) => t.variableDeclarator(t.identifier(id.name)));
    return [t.variableDeclaration("var", declarators)];
  }

  #for(node: t.ForStatement, labels: readonly string[]): t.Statement[] {
    const scope = this.module.resolved.scopes.get(node);
    if (isUsing(node.init)) {
      const loop = { ...node, init: acquiring(node.init) };
      if (scope !== undefined) this.module.resolved.scopes.set(loop, scope);
      return [t.blockStatement(withDisposal(this.module, node.init, this.#for(loop, labels)))];
    }
    const update = node.update ? this.expression(node.update) : null;
    const test = node.test ? this.expression(node.test) : null;
    const head = node.init;
    const body = this.#body(node.body);
    if (!t.isVariableDeclaration(head) || !this.#anyPlaced(head)) {
      const init = head
        ? t.isVariableDeclaration(head)
          ? this.#nativeHead(head)
          : this.expression(head)
        : null;
      return [labeled({ ...node, init, test, update, body } as t.ForStatement, labels)];
    }
    const start = [...this.prologue(scope, "let"), ...this.declaration(head)];
    const record = scope?.record;
    if (record?.copied && makesClosure(head)) {
      const copy = this.module.call("$copy", this.holder(record));
      start.push(assign(this.holder(record), copy, null));
    }
    let next = update;
    if (record?.copied) {
      const copy = t.assignmentExpression(
        "=",
        this.holder(record),
        this.module.call("$copy", this.holder(record)),
      );
      next = update === null ? copy : t.sequenceExpression([copy, update]);
    }
    return [t.blockStatement([...start, labeled({ ...node, init: null, test, update: next, body }, labels)])];
  }

  #nativeHead(head: t.VariableDeclaration): t.VariableDeclaration {
    return {
      ...head,
      declarations: head.declarations.map((one) => ({
        ...one,
        id: this.pattern(one.id) as t.Identifier,
        init: one.init ? this.expression(one.init) : null,
      })),
    };
  }

  #forEach(node: t.ForInStatement | t.ForOfStatement, labels: readonly string[]): t.Statement[] {
    const scope = this.module.resolved.scopes.get(node);
    const right = this.expression(node.right);
    if (!t.isVariableDeclaration(node.left)) {
      const left = this.target(node.left) as t.LVal;
      return [labeled({ ...node, left, right, body: this.#body(node.body) }, labels)];
    }
    const pattern = node.left.declarations[0]!.id;
    if (isUsing(node.left)) {
      const head = t.variableDeclarator(pattern, t.identifier("$item"));
      const declaration = t.variableDeclaration(node.left.kind, [head]);
      const list = [...this.prologue(scope), ...this.declaration(declaration), this.#body(node.body)];
      const left = t.variableDeclaration("const", [t.variableDeclarator(t.identifier("$item"))]);
      const body = t.blockStatement(withDisposal(this.module, node.left, list));
      return [labeled({ ...node, left, right, body }, labels)];
    }
    if (!this.#anyPlaced(pattern))
      return [
        labeled({ ...node, left: this.#nativeHead(node.left), right, body: this.#body(node.body) }, labels),
      ];
    const item = t.identifier("$item");
    const left = t.variableDeclaration("const", [t.variableDeclarator(item)]);
    const body = this.#body(node.body);
    const list = [
      ...this.prologue(scope),
      ...this.#declareAll(pattern, node.left.kind as "let", t.identifier("$item"), node.left),
      body,
    ];
    return [labeled({ ...node, left, right, body: t.blockStatement(list) }, labels)];
  }

  /** What happens when a scope is entered: its record is made, then its functions. */
  prologue(scope: Scope | undefined, kind: "const" | "let" = "const"): t.Statement[] {
    if (scope === undefined) return [];
    const out: t.Statement[] = [];
    const { record } = scope;
    if (record !== null) {
      const name = t.identifier(record.className);
      const made =
        scope.fn.mapped && scope === scope.fn.scope
          ? this.module.call("$link", name, t.identifier(this.locals === null ? "arguments" : "$arguments"))
          : t.newExpression(name, []);
      if (this.locals?.has(record.holder)) out.push(assign(this.holder(record), made, null));
      else out.push(t.variableDeclaration(kind, [t.variableDeclarator(this.holder(record), made)]));
    }
    for (const variable of scope.variables.values())
      if (variable.needsTdz && this.locals?.has(variable))
        out.push(assign(this.place(variable), this.module.helper("$TDZ"), null));
    for (const node of scope.hoisted) {
      const variable = this.module.resolved.refs.get(node.id!)!;
      const value = this.module.closure(this.module.fnOf(node));
      const isDeclared = this.isPlaced(variable) || variable.kind === "param";
      if (isDeclared) out.push(assign(this.place(variable), value, node));
      else {
        const name = t.identifier(variable.out ?? variable.name);
        // At the top of a function `var` may declare the name once more.
        const isTop = scope.kind === "function" || scope.kind === "body";
        const word = isTop && variable.reassigned ? "var" : "let";
        out.push(t.variableDeclaration(word, [t.variableDeclarator(name, value)]));
      }
    }
    return out;
  }
}
