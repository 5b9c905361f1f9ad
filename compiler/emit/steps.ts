/**
 * Pass 7, the steps: their bodies stay as the author wrote them. Every process that has loaded the module finds each by its id,
 * whatever has run there.
 *
 * | the step stands | it is made |
 * |---|---|
 * | at the top of the module, in any expression or block there | where it stands: `$step(id, name, body)` |
 * | in a class at the top, as a method | where it stands, by the class; `this` of an instance is an argument |
 * | in a function | at the top of the module, once: `$step(id, name, body, hash)`; where it stood its name is read |
 * | the same, with variables of that function | at the top of the module: `$stepOver(id, name, length, ({ n }) => body, hash)`. Where it stood, a closure that hands on what they hold at the call |
 */
import * as t from "@babel/types";
import { childKeys } from "../children.ts";
import { identifier } from "../convert.ts";
import { Hasher } from "../hash.ts";
import type { Fn, FunctionNode, Variable } from "../ir.ts";
import { keyName } from "../key-name.ts";
import type { Emitter } from "./emitter.ts";
import { withoutDirectives } from "./function-expressions.ts";
import { closure, useStrict } from "./functions.ts";
import { Rewriter } from "./rewrite.ts";

/** The steps of one module. */
export class Steps {
  readonly #module: Emitter;
  readonly #moduleId: string;
  /** How many steps have a path, but for ordinals. */
  readonly #namesakes = new Map<string, number>();
  /** The constants that hold those in functions. */
  readonly #hoisted = new Map<Fn, string>();
  readonly ids: string[] = [];

  constructor(module: Emitter, moduleId: string) {
    this.#module = module;
    this.#moduleId = moduleId;
    for (const fn of module.resolved.all) {
      if (!isOutermost(fn)) continue;
      const path = withoutOrdinals(fn.path);
      this.#namesakes.set(path, (this.#namesakes.get(path) ?? 0) + 1);
    }
  }

  /** The step as a value, where it stands in a marked module. */
  value(fn: Fn): t.Expression {
    return this.#uses(fn).length === 0 ? this.#plain(fn) : this.#closure(fn);
  }

  #plain(fn: Fn): t.Expression {
    const args = () => [...this.#names(fn), this.#body(fn), ...this.#hash(fn)];
    if (isAtTop(fn)) return this.#module.call("$step", ...args());
    return this.#hoist(fn, () => this.#module.call("$step", ...args()));
  }

  /** `charge$code.make($s)`, whose code calls the step with the variables in `$s`. */
  #closure(fn: Fn): t.Expression {
    const module = this.#module;
    if (fn.codeName === "") {
      const takes = module.converted.takes.get(fn) ?? [];
      const holders = takes.map((one) => t.identifier(one.record.holder.out!));
      const rewriter = new Rewriter(module, fn, null);
      const variables = this.#uses(fn).map((one) => {
        const place = rewriter.place(one);
        const name = t.stringLiteral(one.name);
        return [one, one.needsTdz ? module.call("$tdz", place, name) : place] as const;
      });
      const made = this.#over(fn, variables);
      fn.codeName = module.name(`${identifier(fn.path)}$code`);
      const make = t.arrowFunctionExpression(holders, made);
      const captures = takes.map((one) => one.variables.map(({ name }) => name));
      module.code(fn, { step: null, layout: null, make, captures });
    }
    return closure(module, fn);
  }

  /** Where it stands in a module without workflows: its functions stay as they are. */
  #native(fn: Fn): t.Expression {
    const uses = this.#uses(fn);
    if (uses.length === 0) return this.#plain(fn);
    return this.#over(
      fn,
      uses.map((one) => [one, t.identifier(one.name)]),
    );
  }

  /** The variables that it uses of the functions around it. Its own name means its body. */
  #uses(fn: Fn): Variable[] {
    const { id } = fn.node as t.FunctionDeclaration;
    const self = t.isFunctionDeclaration(fn.node) && id ? this.#module.resolved.refs.get(id) : undefined;
    const uses = [...fn.captures].filter((one) => one !== self || one.reassigned);
    return uses.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** `charge$step(() => ({ card: $s.card }))` */
  #over(fn: Fn, variables: readonly (readonly [Variable, t.Expression])[]): t.Expression {
    const params = (fn.node as FunctionNode).params;
    const needed = params.findIndex((one) => t.isAssignmentPattern(one) || t.isRestElement(one));
    const length = t.numericLiteral(needed < 0 ? params.length : needed);
    const own = t.objectPattern(
      variables.map(([{ name }]) => t.objectProperty(t.identifier(name), t.identifier(name), false, true)),
    );
    const step = this.#hoist(fn, () => {
      const factory = t.arrowFunctionExpression([own], this.#body(fn));
      return this.#module.call("$stepOver", ...this.#names(fn), length, factory, ...this.#hash(fn));
    });
    const values = t.objectExpression(
      variables.map(([{ name }, value]) => t.objectProperty(t.identifier(name), value)),
    );
    return t.callExpression(step, [t.arrowFunctionExpression([], values)]);
  }

  #hoist(fn: Fn, made: () => t.Expression): t.Identifier {
    let name = this.#hoisted.get(fn);
    if (name === undefined) {
      name = this.#module.name(`${identifier(fn.path)}$step`);
      this.#hoisted.set(fn, name);
      const constant = t.variableDeclarator(t.identifier(name), made());
      this.#module.codes.push(t.variableDeclaration("const", [constant]));
    }
    return t.identifier(name);
  }

  #names(fn: Fn): t.Expression[] {
    return [t.stringLiteral(this.#id(fn)), t.stringLiteral(fn.name)];
  }

  /** It is found by its text, too, by what was saved when it was one of several. */
  #hash(fn: Fn): t.Expression[] {
    return isAtTop(fn) || this.#isAmbiguous(fn) ? [] : [t.stringLiteral(digest(fn))];
  }

  #isAmbiguous(fn: Fn): boolean {
    const path = withoutOrdinals(fn.path);
    return this.#namesakes.get(path)! > 1 || /(^|\.)anonymous$/.test(path);
  }

  /**
   * Several steps of one name are told apart by their text, not by their order, which edits change (contract §6). Such of equal text
   * do the same. One that uses variables is not called with what another one of its name has used.
   */
  #id(fn: Fn): string {
    const names = this.#uses(fn).map(({ name }) => name);
    const uses = names.length === 0 ? "" : `{${names.join()}}`;
    const text = this.#isAmbiguous(fn) ? `~${digest(fn)}` : "";
    const id = `${this.#moduleId}#${pathOf(fn)}${uses}${text}`;
    if (!this.ids.includes(id)) this.ids.push(id);
    return id;
  }

  #body(fn: Fn): t.Expression {
    const node = fn.node as FunctionNode;
    let body: t.Expression;
    if (t.isArrowFunctionExpression(node)) body = { ...node, body: withoutDirectives(node.body) };
    else {
      const own = "id" in node ? (node.id ?? null) : null;
      const block = withoutDirectives(node.body) as t.BlockStatement;
      const params = node.params as t.FunctionParameter[];
      body = t.functionExpression(own, params, block, node.generator ?? false, true);
      body.loc = node.loc ?? null;
    }
    if (isAtTop(fn) || !fn.strict || this.#module.resolved.module.strict) return body;
    const strictly = t.blockStatement([t.returnStatement(body)], useStrict());
    return t.callExpression(t.arrowFunctionExpression([], strictly), []);
  }

  /** `$stepMethod(this, "charge", id)` for each method that is a step; `this.prototype` for one of the instances. */
  methods(node: t.Class): t.Statement[] {
    const module = this.#module;
    const made: t.Statement[] = [];
    for (const one of node.body.body) {
      if (!t.isClassMethod(one) && !t.isClassPrivateMethod(one)) continue;
      const fn = module.fnOf(one);
      if (!fn.isStep) continue;
      if (!t.isClassMethod(one) || one.computed || !module.fnOf(node).inPlace) {
        module.diagnostics.error(
          "CF1012",
          one,
          "this method as a step; make it a function, or a method with a plain name of a class at the top of the module.",
        );
        continue;
      }
      const name = t.stringLiteral(keyName(one));
      const self = t.thisExpression();
      const holder = one.static ? self : t.memberExpression(self, t.identifier("prototype"));
      const call = module.call("$stepMethod", holder, name, t.stringLiteral(this.#id(fn)));
      made.push(t.expressionStatement(call));
    }
    return made;
  }

  /** Of a module with steps and no workflow a copy that differs in the steps only. */
  replaced(node: t.Node): t.Node {
    const fn = this.#module.resolved.fns.get(node);
    if (fn !== undefined && isOutermost(fn)) {
      if (t.isObjectMethod(node)) return t.objectProperty(node.key, this.#native(fn), node.computed);
      if (t.isFunctionExpression(node) || t.isArrowFunctionExpression(node)) return this.#native(fn);
      return withoutDirectives(node as t.ClassMethod);
    }
    const copy = { ...node } as unknown as { [key: string]: unknown };
    for (const key of childKeys(node.type)) {
      const child = copy[key];
      if (Array.isArray(child)) copy[key] = this.#list(node, child as (t.Node | null)[]);
      else if (child !== null && child !== undefined) copy[key] = this.replaced(child as t.Node);
    }
    if (t.isClass(node)) {
      const steps = this.methods(node);
      const body = copy["body"] as t.ClassBody;
      if (steps.length > 0) copy["body"] = { ...body, body: [t.staticBlock(steps), ...body.body] };
    }
    return copy as unknown as t.Node;
  }

  /** Declared functions are there from the beginning of their block. */
  #list(around: t.Node, nodes: readonly (t.Node | null)[]): (t.Node | null)[] {
    const declared: t.Statement[] = [];
    const others: (t.Node | null)[] = [];
    for (const node of nodes) {
      const fn = t.isFunctionDeclaration(node) ? this.#module.resolved.fns.get(node) : undefined;
      if (fn !== undefined && isOutermost(fn)) {
        // At the top of a function `var` may declare a name once more, that of a parameter included.
        const isTop = fn.parent !== null && (fn.parent.node as t.Function).body === around;
        const one = t.variableDeclarator((fn.node as t.FunctionDeclaration).id!, this.#native(fn));
        declared.push(t.variableDeclaration(isTop ? "var" : "let", [one]));
      } else others.push(node === null ? null : this.replaced(node));
    }
    return [...declared, ...others];
  }
}

/** A step that stands in no other. */
const isOutermost = (fn: Fn): boolean => fn.isStep && !fn.parent?.isStep;

/** It stands in no function. */
const isAtTop = (fn: Fn): boolean => fn.parent?.kind === "module";

/** `flow.f` for `flow.f#2` */
const withoutOrdinals = (path: string): string => path.replace(/#\d+(?=\.|$)/g, "");

/** `Bank.prototype.charge` for a method of instances: one that was static is called with other arguments. */
function pathOf(fn: Fn): string {
  const path = withoutOrdinals(fn.path);
  return t.isClassMethod(fn.node) && !fn.node.static ? path.replace(/(?=\.[^.]*$)/, ".prototype") : path;
}

const digest = (fn: Fn): string => new Hasher().node(fn.node).digest(7);
