/**
 * Pass 2, resolve: every identifier reference to its variable, every function to its free variables.
 *
 * Scopes follow ECMA-262 §8.2 (declarations hoisted by kind) and §9.1; parameters and body of a function share one scope
 * unless somebody could tell (parameters.ts).
 * Module-level bindings stay bindings of the emitted module: they are resolved, never captured.
 */

import * as t from "@babel/types";
import { blocksForBranches } from "./block-functions.ts";
import { childKeys } from "./children.ts";
import {
  isDerivedConstructor,
  isStaticMember,
  nearestOwner,
  privateMembers,
  usesSuper,
} from "./class-members.ts";
import { mayBeInDeadZone } from "./dead-zone.ts";
import { Declarations } from "./declarations.ts";
import {
  type Fn,
  type FunctionNode,
  newVariable,
  type PrivateMember,
  type PrivateUse,
  type Scope,
  type ScopeKind,
  type SuperUse,
  type Variable,
} from "./ir.ts";
import { keyName } from "./key-name.ts";
import { boundIdentifiers, feedName, givenName, namespaceName, unique } from "./names.ts";
import { declaresName, needsOwnBody, parameterEnds } from "./parameters.ts";
import type { Resolved } from "./resolved.ts";

export type { Resolved } from "./resolved.ts";

export function resolve(file: t.File): Resolved {
  return new Resolver().run(file);
}

type Fields = { [key: string]: unknown };

class Resolver extends Declarations {
  readonly tdzChecks = new Set<t.Node>();
  readonly dead = new Set<t.Node>();
  /** What the heads of loops around this place declare. */
  #deadNames: readonly string[] = [];
  readonly supers = new Map<t.Node, SuperUse>();
  readonly privates = new Map<t.Node, PrivateUse>();
  readonly globals = new Set<string>();
  readonly usedImports = new Set<Variable>();
  hasJsx = false;

  run(file: t.File): Resolved {
    blocksForBranches(file);
    const module = this.fn("module", file.program, null, "", "", false);
    const scope = this.scope("module", file.program, null, module);
    module.scope = scope;
    this.declareList(file.program.body, scope, true);
    for (const node of file.program.body) this.#visit(node, scope);
    // In code that is not taken apart a variable keeps its name, unless a parameter or the function has it.
    for (const one of this.#namesakes) one.out = unique(`${one.name}$2`, this.names, "$");
    this.blockFunctions.rename();
    return {
      module,
      refs: this.refs,
      tdzChecks: this.tdzChecks,
      dead: this.dead,
      supers: this.supers,
      privates: this.privates,
      scopes: this.scopes,
      fns: this.fns,
      globals: this.globals,
      usedImports: this.usedImports,
      hasJsx: this.hasJsx,
      names: this.names,
      all: this.all,
      blockFunctions: this.blockFunctions,
    };
  }

  // ---- references

  #lookup(name: string, scope: Scope): Variable | null {
    return this.#declaring(name, scope)?.variables.get(name) ?? null;
  }

  #declaring(name: string, scope: Scope): Scope | null {
    let s: Scope | null = scope;
    while (s !== null && !s.variables.has(name)) s = s.parent;
    return s;
  }

  #reference(id: t.Identifier | t.JSXIdentifier, scope: Scope): void {
    this.names.add(id.name);
    if (this.#deadNames.includes(id.name)) {
      this.dead.add(id);
      return;
    }
    const declaring = this.#declaring(id.name, scope);
    const variable = declaring?.variables.get(id.name) ?? null;
    if (id.name === "arguments") {
      const owner = nearestOwner(scope.fn);
      const isOwn = variable !== null && nearestOwner(variable.scope.fn) === owner;
      if (owner.kind === "function" && !isOwn) return void this.#implicit(id, "arguments", scope);
    }
    if (declaring === null || variable === null) {
      this.globals.add(id.name);
      this.#free(id.name, scope);
      return;
    }
    if (declaring.kind === "class" && declaring.fn === scope.fn) {
      this.dead.add(id);
      return;
    }
    this.refs.set(id, variable);
    if (variable.kind === "import") this.usedImports.add(variable);
    this.#use(variable, scope);
    if (isHead(declaring) || mayBeInDeadZone(id, variable, scope)) {
      variable.needsTdz = true;
      this.tdzChecks.add(id);
    }
  }

  #use(variable: Variable, scope: Scope): void {
    const owner = variable.scope.fn;
    if (variable.scope.kind === "module") return this.#free(variable.name, scope);
    if (scope.fn === owner) return;
    // Most references go by the name that it has natively.
    if (variable === owner.self && owner.inPlace) return this.#free(variable.name, scope);
    variable.captured = true;
    for (let fn: Fn | null = scope.fn; fn !== null && fn !== owner; fn = fn.parent) fn.captures.add(variable);
  }

  #free(name: string, scope: Scope): void {
    for (let fn: Fn | null = scope.fn; fn !== null; fn = fn.parent) fn.freeNames.add(name);
  }

  /** `this`, `arguments`, `new.target`, `super()` or the class of the nearest function that has its own. */
  #implicit(
    node: t.Node,
    name: "this" | "arguments" | "new.target" | "super" | "class",
    scope: Scope,
  ): Variable | null {
    const owner = nearestOwner(scope.fn);
    if (owner.kind === "module") return null;
    let variable = owner.implicit.get(name);
    if (variable === undefined) {
      variable = newVariable(name, "implicit", owner.scope, 0, null);
      variable.needsTdz = name === "this" && isDerivedConstructor(owner);
      owner.implicit.set(name, variable);
    }
    this.refs.set(node, variable);
    if (scope.fn !== owner) {
      if (variable.needsTdz) this.tdzChecks.add(node);
      variable.captured = true;
      for (let fn: Fn | null = scope.fn; fn !== null && fn !== owner; fn = fn.parent)
        fn.captures.add(variable);
    }
    return variable;
  }

  /** Methods that stay in their class use the engine's own `super`, in all others it is spelt out. */
  #super(node: t.Super, scope: Scope): void {
    const owner = nearestOwner(scope.fn);
    const around = owner.parent;
    if (around === null) return;
    const ofClass = around.kind === "class" && !t.isObjectMethod(owner.node);
    if (ofClass && owner === scope.fn && !owner.suspends) return;
    const home = ofClass ? around.self : owner.scope.parent?.variables.get(HOME);
    const receiver = this.#implicit(node, "this", scope);
    this.refs.delete(node);
    if (!home || receiver === null) return;
    this.#use(home, scope);
    this.supers.set(node, { home, ofPrototype: ofClass && !isStaticMember(owner.node), receiver });
  }

  /** In an arrow function: by way of its constructor, whose record has all that is needed when that has returned. */
  #superCall(node: t.Super, scope: Scope): void {
    const owner = nearestOwner(scope.fn);
    if (scope.fn === owner) return;
    for (const name of ["this", "class", "new.target", "super"] as const) this.#implicit(node, name, scope);
    this.tdzChecks.delete(node);
    this.#use(owner.parent!.self!, owner.scope);
  }

  #private(node: t.PrivateName, scope: Scope): void {
    const { name } = node.id;
    for (let fn: Fn | null = scope.fn; fn !== null; fn = fn.parent) {
      const keyed = this.#keys.findLast(
        ({ around, names }) => around === fn && names.some((one) => one.name === name),
      );
      if (keyed !== undefined) {
        // Keys of a class in place stay where they are.
        if (scope.fn !== fn || !keyed.inPlace) this.privates.set(node, { self: null, index: -1, name });
        return;
      }
      const index = fn.privates.findIndex((one) => one.name === name);
      if (index === -1) continue;
      const self = fn.self!;
      if (scope.fn.parent === fn && !scope.fn.suspends) return;
      this.#use(self, scope);
      this.privates.set(node, { self, index, name });
      return;
    }
  }

  /** Classes whose computed keys are visited, the innermost last. */
  readonly #keys: {
    readonly around: Fn;
    readonly inPlace: boolean;
    readonly names: readonly PrivateMember[];
  }[] = [];

  // ---- the walk

  #visitAll(nodes: readonly (t.Node | null | undefined)[], scope: Scope): void {
    for (const node of nodes) this.#visit(node, scope);
  }

  #children(node: t.Node, scope: Scope): void {
    for (const key of childKeys(node.type)) {
      const child = (node as unknown as Fields)[key];
      if (Array.isArray(child)) this.#visitAll(child as t.Node[], scope);
      else this.#visit(child as t.Node | null, scope);
    }
  }

  #visit(node: t.Node | null | undefined, scope: Scope, name = "", feeds = ""): void {
    if (node === null || node === undefined) return;
    switch (node.type) {
      case "Identifier":
        return this.#reference(node, scope);
      case "JSXIdentifier":
        if (/^[A-Z_$]/.test(node.name)) this.#reference(node, scope);
        return;
      case "JSXElement":
      case "JSXFragment":
        this.hasJsx = true;
        return this.#children(node, scope);
      case "JSXAttribute":
        return this.#visit(node.value, scope);
      case "JSXMemberExpression":
        if (!t.isJSXIdentifier(node.object)) return this.#visit(node.object, scope);
        if (node.object.name !== "this") return this.#reference(node.object, scope);
        scope.fn.usesThis = true;
        this.#implicit(node.object, "this", scope);
        return;
      case "ThisExpression":
        scope.fn.usesThis = true;
        this.#implicit(node, "this", scope);
        return;
      case "MetaProperty":
        if (node.meta.name === "new") this.#implicit(node, "new.target", scope);
        return;
      case "Super":
        return this.#super(node, scope);
      case "PrivateName":
        return this.#private(node, scope);
      case "MemberExpression":
      case "OptionalMemberExpression":
        this.#visit(node.object, scope);
        if (node.computed || t.isPrivateName(node.property)) this.#visit(node.property, scope);
        return;
      case "ObjectExpression": {
        const outer = this.object;
        const own = name !== "" ? name : feeds;
        if (own !== "") this.object = outer === "" ? own : `${outer}.${own}`;
        const inner = this.#homeScope(node, scope);
        for (const one of node.properties) {
          if (!t.isObjectMethod(one)) this.#visit(one, scope);
          else {
            if (one.computed) this.#visit(one.key, scope);
            this.#function(one, inner, keyName(one), "");
            this.#namedByKey(one, one);
          }
        }
        this.object = outer;
        return;
      }
      case "ObjectProperty": {
        if (node.computed) this.#visit(node.key, scope);
        // `__proto__: f` names nothing (§13.2.5.5).
        this.#visit(node.value, scope, isPrototype(node) ? "" : keyName(node), "");
        return this.#namedByKey(node, node.value);
      }
      case "LabeledStatement":
        return this.#visit(node.body, scope);
      case "BreakStatement":
      case "ContinueStatement":
        return;
      case "AwaitExpression":
        return this.#visit(node.argument, scope, "", feeds);
      case "CallExpression":
      case "OptionalCallExpression":
      case "NewExpression": {
        if (t.isSuper(node.callee)) this.#superCall(node.callee, scope);
        else this.#visit(node.callee, scope, "", namespaceName(node));
        const label = feedName(node.callee);
        for (const argument of node.arguments) this.#visit(argument, scope, "", label);
        return;
      }
      case "AssignmentExpression": {
        this.#assigned(node.left, scope);
        this.#visit(node.left, scope);
        return this.#visit(node.right, scope, givenName(node.left), feedName(node.left));
      }
      case "AssignmentPattern":
        this.#visit(node.left, scope);
        return this.#visit(node.right, scope, givenName(node.left));
      case "UpdateExpression":
        this.#assigned(node.argument, scope);
        return this.#visit(node.argument, scope);
      case "VariableDeclaration":
        for (const one of node.declarations) {
          if (node.kind === "var") this.#assignVar(one.id, scope);
          this.#visitPattern(one.id, scope);
          this.#visit(one.init, scope, t.isIdentifier(one.id) ? one.id.name : "");
        }
        return;
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        return this.#function(
          node,
          scope,
          node.type !== "ArrowFunctionExpression" && node.id ? node.id.name : name,
          feeds,
        );
      case "ClassMethod":
      case "ClassPrivateMethod":
        return this.#function(node, scope, keyName(node), "");
      case "ClassDeclaration":
      case "ClassExpression":
        return this.#class(node, scope, node.id ? node.id.name : name, feeds);
      case "BlockStatement":
        return this.#block(node, node.body, scope, "block");
      case "SwitchStatement": {
        this.#visit(node.discriminant, scope);
        const inner = this.#lexicalScope(
          "switch",
          node,
          node.cases.flatMap((one) => one.consequent),
          scope,
        );
        for (const one of node.cases) {
          this.#visit(one.test, inner);
          this.#visitAll(one.consequent, inner);
        }
        return;
      }
      case "ForStatement": {
        const inner = this.#forScope(node, node.init, scope, null);
        this.#visit(node.init, inner);
        for (const part of [node.test, node.update, node.body]) this.#loop(part, inner);
        return;
      }
      case "ForInStatement":
      case "ForOfStatement": {
        const inner = this.#forScope(node, node.left, scope, node.right);
        if (!t.isVariableDeclaration(node.left)) this.#assigned(node.left, inner);
        this.#loop(node.left, inner);
        const outer = this.#deadNames;
        if (inner !== scope) this.#deadNames = [...outer, ...inner.variables.keys()];
        this.#visit(node.right, inner);
        this.#deadNames = outer;
        return this.#loop(node.body, inner);
      }
      case "WhileStatement":
      case "DoWhileStatement":
        this.#loop(node.test, scope);
        return this.#loop(node.body, scope);
      case "CatchClause": {
        const inner = this.scope("catch", node, scope, scope.fn);
        if (node.param) {
          this.declarePattern(inner, node.param, "catch", 0, null);
          this.#visitPattern(node.param, inner);
        }
        return this.#visit(node.body, inner);
      }
      case "ImportDeclaration":
        return;
      case "ExportNamedDeclaration":
        if (node.source) return;
        this.#visit(node.declaration, scope);
        for (const one of node.specifiers) if (t.isExportSpecifier(one)) this.#visit(one.local, scope);
        return;
      case "ExportAllDeclaration":
        return;
      case "ExportDefaultDeclaration":
        return this.#visit(node.declaration, scope, "default");
      default:
        return this.#children(node, scope);
    }
  }

  /** What may be evaluated more than once. */
  #loop(part: t.Node | null | undefined, scope: Scope): void {
    this.loops++;
    this.#visit(part, scope);
    this.loops--;
  }

  /** The identifiers a pattern binds are declared; its defaults and computed keys are references. */
  #visitPattern(pattern: t.Node, scope: Scope): void {
    if (t.isIdentifier(pattern)) return;
    if (t.isObjectPattern(pattern)) {
      for (const one of pattern.properties) {
        if (t.isRestElement(one)) this.#visitPattern(one.argument, scope);
        else {
          if (one.computed) this.#visit(one.key, scope);
          this.#visitPattern(one.value, scope);
        }
      }
    } else if (t.isArrayPattern(pattern))
      for (const one of pattern.elements) one && this.#visitPattern(one, scope);
    else if (t.isRestElement(pattern)) this.#visitPattern(pattern.argument, scope);
    else if (t.isAssignmentPattern(pattern)) {
      this.#visitPattern(pattern.left, scope);
      this.#visit(pattern.right, scope, givenName(pattern.left));
    } else this.#visit(pattern, scope);
  }

  /** `var e = 1` in `catch (e)` declares the one of the function, and assigns to that of the clause (ECMA-262 §B.3.4). */
  #assignVar(pattern: t.Node, scope: Scope): void {
    for (const id of boundIdentifiers(pattern)) {
      const variable = this.#lookup(id.name, scope);
      if (variable !== null && variable.kind === "catch") this.refs.set(id, variable);
    }
  }

  #assigned(target: t.Node, scope: Scope): void {
    for (const id of boundIdentifiers(target)) {
      const variable = this.#lookup(id.name, scope);
      if (variable !== null) variable.reassigned = true;
    }
  }

  #lexicalScope(kind: ScopeKind, node: t.Node, list: readonly t.Node[], parent: Scope): Scope {
    const has = list.some(
      (one) =>
        (t.isVariableDeclaration(one) && one.kind !== "var") ||
        t.isFunctionDeclaration(one) ||
        t.isClassDeclaration(one),
    );
    if (!has) return parent;
    const scope = this.scope(kind, node, parent, parent.fn);
    this.declareList(list, scope, false);
    return scope;
  }

  #block(node: t.Node, body: readonly t.Node[], scope: Scope, kind: ScopeKind): void {
    const inner = this.#lexicalScope(kind, node, body, scope);
    this.#visitAll(body, inner);
  }

  #forScope(node: t.Node, head: t.Node | null | undefined, parent: Scope, right: t.Node | null): Scope {
    if (!head || !t.isVariableDeclaration(head) || head.kind === "var") return parent;
    const scope = this.scope("for", node, parent, parent.fn);
    const kind = head.kind === "let" ? "let" : "const";
    for (const one of head.declarations)
      this.declarePattern(scope, one.id, kind, right?.end ?? one.end ?? Number.NaN, null);
    return scope;
  }

  #function(node: FunctionNode, outer: Scope, name: string, feeds: string): void {
    const fn = this.fn("function", node, outer.fn, name, feeds, t.isFunctionDeclaration(node));
    const scope = this.scope("function", node, outer, fn);
    fn.scope = scope;
    fn.suspends = fn.isAsync || fn.isGenerator;
    const object = this.object;
    this.object = "";
    const deadNames = this.#deadNames;
    if (deadNames.length > 0) this.#deadNames = deadNames.filter((name) => !declaresName(node, name));
    if (t.isFunctionExpression(node) && node.id) this.declare(scope, node.id, "self", 0, null);
    for (const param of node.params)
      for (const [id, end] of parameterEnds(param)) this.declare(scope, id, "param", end, null);
    const inner = needsOwnBody(node) ? this.scope("body", node.body, scope, fn) : scope;
    if (t.isBlockStatement(node.body)) this.declareList(node.body.body, inner, true);
    if (inner !== scope) this.#initialiseBody(inner, scope);
    for (const param of node.params) this.#visitPattern(param, scope);
    if (t.isBlockStatement(node.body)) this.#visitAll(node.body.body, inner);
    else this.#visit(node.body, scope);
    this.#deadNames = deadNames;
    this.object = object;
  }

  /** Variables of the body begin with the values of the parameters of their names (ECMA-262 §10.2.11, step 28). */
  #initialiseBody(body: Scope, parameters: Scope): void {
    for (const variable of body.variables.values()) {
      const same = parameters.variables.get(variable.name);
      if (same === undefined) continue;
      if (variable.kind === "var" && same.kind === "param") variable.startsAs = same;
      this.#namesakes.push(variable);
    }
  }
  readonly #namesakes: Variable[] = [];

  /** An anonymous function or class under a key takes its name from it (ECMA-262 §8.4.5). */
  #namedByKey(node: { readonly key?: t.Node; readonly computed?: boolean | null }, value: t.Node): void {
    const fn = this.fns.get(value);
    if (fn === undefined || ("id" in fn.node && fn.node.id)) return;
    if (node.computed && keyName(node) === "") fn.nameIsComputed = true;
    else fn.nameIsKey = fn.name !== "";
  }

  /** Methods of an object literal that use `super` share a variable that holds the object. */
  #homeScope(node: t.ObjectExpression, outer: Scope): Scope {
    if (!node.properties.some((one) => t.isObjectMethod(one) && usesSuper(one))) return outer;
    const scope = this.scope("object", node, outer, outer.fn);
    scope.variables.set(HOME, newVariable("home", "const", scope, 0, null));
    return scope;
  }

  #class(node: t.Class, outer: Scope, name: string, feeds: string): void {
    const fn = this.fn("class", node, outer.fn, name, feeds, false);
    const object = this.object;
    this.object = "";
    const scope = this.scope("class", node, outer, fn);
    fn.scope = scope;
    fn.inPlace = outer.fn.kind === "module" && this.loops === 0;
    fn.privates = privateMembers(node);
    fn.self = newVariable(node.id?.name ?? "class", "self", scope, 0, null);
    const head = this.scope("class", node.body, outer, outer.fn);
    const named = node.id ?? null;
    // What functions of the head have of the name is a variable around the class, which has to be there before the class is.
    const early = fn.inPlace ? fn.self : newVariable(fn.self.name, "self", head, 0, null);
    if (named !== null) {
      this.names.add(named.name);
      scope.variables.set(named.name, fn.self);
      head.variables.set(named.name, early);
      if (t.isClassExpression(node)) this.refs.set(named, fn.self);
    }
    this.#visitAll(node.decorators ?? [], head);
    this.classHeads++;
    this.#visit(node.superClass, head);
    this.classHeads--;
    for (const member of node.body.body) {
      if ("computed" in member && member.computed) {
        this.#keys.push({ around: outer.fn, inPlace: fn.inPlace, names: fn.privates });
        this.classHeads++;
        this.#visit(member.key as t.Node, head);
        this.classHeads--;
        this.#keys.pop();
      }
      if (t.isClassMethod(member) || t.isClassPrivateMethod(member)) this.#visit(member, scope);
      else if (
        t.isClassProperty(member) ||
        t.isClassPrivateProperty(member) ||
        t.isClassAccessorProperty(member)
      ) {
        if (member.value) {
          this.#initialiser(member, member.value, scope, keyName(member));
          if (!t.isClassPrivateProperty(member)) this.#namedByKey(member, member.value);
        }
      } else if (t.isStaticBlock(member)) this.#initialiser(member, null, scope, "static");
    }
    if (early.captured) fn.captures.add(early);
    this.object = object;
  }

  /** A field initialiser or static block: runs with a `this` of its own, like a method without parameters. */
  #initialiser(member: t.Node, value: t.Node | null, outer: Scope, name: string): void {
    const fn = this.fn("function", member, outer.fn, name, "", false);
    const scope = this.scope("function", member, outer, fn);
    fn.scope = scope;
    if (t.isStaticBlock(member)) {
      this.declareList(member.body, scope, true);
      this.#visitAll(member.body, scope);
    } else this.#visit(value, scope, name);
  }
}

/** The scope of a class's heritage and computed keys, which are evaluated before its name has a value. */
const isHead = (scope: Scope): boolean => scope.kind === "class" && t.isClassBody(scope.node);

const isPrototype = (node: t.ObjectProperty): boolean =>
  !node.computed && !node.shorthand && keyName(node) === "__proto__";

/** The name under which a scope keeps the home object of its methods: no identifier. */
const HOME = "super";
