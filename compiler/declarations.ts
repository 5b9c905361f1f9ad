/** The first half of pass 2: scopes, and what is declared in them (ECMA-262 §8.2). */
import * as t from "@babel/types";
import { BlockFunctions } from "./block-functions.ts";
import { childKeys } from "./children.ts";
import {
  type Fn,
  newFn,
  newVariable,
  type Scope,
  type ScopeKind,
  type Variable,
  type VariableKind,
} from "./ir.ts";
import { boundIdentifiers } from "./names.ts";

type Fields = { [key: string]: unknown };

export class Declarations {
  readonly refs = new Map<t.Node, Variable>();
  readonly scopes = new Map<t.Node, Scope>();
  readonly fns = new Map<t.Node, Fn>();
  readonly names = new Set<string>();
  readonly all: Fn[] = [];
  readonly blockFunctions = new BlockFunctions(this.names, this.refs);

  fn(kind: Fn["kind"], node: t.Node, parent: Fn | null, name: string, feeds: string, hoisted: boolean): Fn {
    const own = name !== "" ? name : feeds !== "" ? feeds : kind === "class" ? "class" : "anonymous";
    const base = this.object === "" ? own : `${this.object}.${own}`;
    const fn = newFn(kind, node, parent, name, hoisted, this.classHeads > 0);
    if (parent !== null) {
      const prefix = parent.path === "" ? base : `${parent.path}.${base}`;
      let path = prefix;
      for (let n = 2; this.paths.has(path); n++) path = `${prefix}#${n}`;
      this.paths.add(path);
      fn.path = path;
      parent.children.push(fn);
    }
    this.fns.set(node, fn);
    this.all.push(fn);
    return fn;
  }
  readonly paths = new Set<string>();
  /** Loops around, at the top of the module. */
  loops = 0;
  /** Heritages and computed keys of classes around: code in them is strict. */
  classHeads = 0;
  /** The object literal around, as a path of names: its methods are called `res.order`, not `order`. */
  object = "";

  scope(kind: ScopeKind, node: t.Node, parent: Scope | null, fn: Fn): Scope {
    const scope: Scope = { kind, parent, fn, node, variables: new Map(), hoisted: [], record: null };
    this.scopes.set(node, scope);
    return scope;
  }

  declare(
    scope: Scope,
    id: t.Identifier,
    kind: VariableKind,
    initEnd: number,
    init: t.Node | null,
  ): Variable {
    this.names.add(id.name);
    let variable = scope.variables.get(id.name);
    if (variable === undefined || (variable.kind === "self" && kind !== "self")) {
      variable = newVariable(id.name, kind, scope, initEnd, init, id.loc?.start ?? null);
      scope.variables.set(id.name, variable);
    } else if (kind === "function" || kind === "var") variable.reassigned = true;
    this.refs.set(id, variable);
    return variable;
  }

  declarePattern(
    scope: Scope,
    pattern: t.Node,
    kind: VariableKind,
    initEnd: number,
    init: t.Node | null,
  ): void {
    for (const id of boundIdentifiers(pattern)) this.declare(scope, id, kind, initEnd, init);
  }

  /** Lexical declarations of one statement list; `functionTop`: also the `var`s of everything below. */
  declareList(list: readonly t.Node[], scope: Scope, functionTop: boolean): void {
    for (const node of list) this.#declareLexical(node, scope);
    if (!functionTop) return;
    for (const node of list) this.#declareVars(node, scope);
    if (!scope.fn.strict)
      for (const id of this.blockFunctions.find(list, scope)) this.declare(scope, id, "var", 0, null);
  }

  #declareLexical(node: t.Node, scope: Scope): void {
    if (t.isExportNamedDeclaration(node) || t.isExportDefaultDeclaration(node)) {
      if (node.declaration && !t.isExpression(node.declaration))
        this.#declareLexical(node.declaration, scope);
    } else if (t.isLabeledStatement(node)) this.#declareLexical(node.body, scope);
    else if (t.isVariableDeclaration(node) && node.kind !== "var") {
      for (const one of node.declarations) {
        const kind = node.kind === "let" ? "let" : "const";
        this.declarePattern(
          scope,
          one.id,
          kind,
          one.end ?? Number.NaN,
          t.isIdentifier(one.id) ? (one.init ?? null) : null,
        );
      }
    } else if (t.isFunctionDeclaration(node)) {
      this.#declareFunction(node, scope);
    } else if (t.isClassDeclaration(node)) {
      if (node.id) this.declare(scope, node.id, "class", node.end ?? Number.NaN, node);
    } else if (t.isImportDeclaration(node)) {
      for (const one of node.specifiers) this.declare(scope, one.local, "import", 0, null);
    }
  }

  /** Of several functions of one name the last is made (§10.2.11 step 14); blocks of sloppy code may have several, too. */
  #declareFunction(node: t.FunctionDeclaration, scope: Scope): void {
    const name = node.id?.name;
    if (name !== undefined && scope.variables.get(name)?.kind === "function") {
      const earlier = scope.hoisted.findIndex((one) => one.id?.name === name);
      if (earlier >= 0) scope.hoisted.splice(earlier, 1);
    }
    if (node.id) this.declare(scope, node.id, "function", 0, node);
    scope.hoisted.push(node);
  }

  #declareVars(node: t.Node | null | undefined, scope: Scope): void {
    if (!node || t.isFunction(node) || t.isExpression(node) || t.isClass(node)) return;
    if (t.isVariableDeclaration(node)) {
      if (node.kind === "var")
        for (const one of node.declarations) this.declarePattern(scope, one.id, "var", 0, null);
      return;
    }
    for (const key of childKeys(node.type)) {
      const child = (node as unknown as Fields)[key];
      if (Array.isArray(child)) for (const one of child) this.#declareVars(one as t.Node | null, scope);
      else this.#declareVars(child as t.Node | null, scope);
    }
  }
}
