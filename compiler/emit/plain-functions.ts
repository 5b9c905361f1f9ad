/** Functions that are called as they are, and what every function opens with. */
import * as t from "@babel/types";
import { childKeys } from "../children.ts";
import { hasInitialisers, isDerivedConstructor } from "../class-members.ts";
import type { Fn, FunctionNode, Scope, Variable } from "../ir.ts";
import { plainParameters, type RestParameters, restParameters } from "../lower/index.ts";
import type { Emitter, Rewriting } from "./emitter.ts";
import { assign } from "./nodes.ts";
import { Rewriter } from "./rewrite.ts";

/** The statements that enter a scope; for a function's own also its parameters, `this` and name, where captured. */
export function prologue(module: Emitter, scope: Scope, rewriter: Rewriting): t.Statement[] {
  const list = rewriter.prologue(scope);
  const { fn } = scope;
  if (fn.scope !== scope || scope.record === null) return list;
  const made = list.slice(0, 1);
  const lowered = rewriter.locals !== null;
  const own: t.Statement[] = [];
  for (const variable of scope.record.variables) {
    if (fn.mapped && (variable.kind === "param" || variable.name === "arguments")) continue;
    const place = () => rewriter.place(variable);
    if (variable.kind === "param" && isPlainParameter(fn, variable, module))
      own.push(assign(place(), t.identifier(variable.name), null));
    else if (variable.kind === "self")
      own.push(assign(place(), t.identifier(lowered ? "$self" : variable.name), null));
    else if (variable.kind === "implicit") own.push(...captureImplicit(variable, rewriter, place()));
  }
  return [...made, ...own, ...list.slice(1)];
}

/** Those behind a default or pattern come in `$rest` and are set with it. */
function isPlainParameter(fn: Fn, variable: Variable, module: Emitter): boolean {
  if (!("params" in fn.node)) return false;
  return plainParameters(fn).some((one) => module.resolved.refs.get(one) === variable);
}

function captureImplicit(variable: Variable, rewriter: Rewriting, place: t.Expression): t.Statement[] {
  const { fn } = rewriter;
  if (rewriter.locals !== null)
    return [assign(place, t.identifier(`$${variable.name.replace(".", "_")}`), null)];
  if (variable.name === "this" && isDerivedConstructor(fn)) {
    if (!hasInitialisers(fn)) return [];
    const bound = t.memberExpression(t.identifier(fn.scope.record!.holder.out!), t.identifier("$bound"));
    return [assign(bound, t.arrowFunctionExpression([], t.thisExpression()), null)];
  }
  if (variable.name === "super") return [assign(place, superCall(fn, rewriter), null)];
  if (variable.name === "class") return [assign(place, rewriter.place(fn.parent!.self!), null)];
  const value =
    variable.name === "this"
      ? t.thisExpression()
      : variable.name === "arguments"
        ? t.identifier("arguments")
        : t.metaProperty(t.identifier("new"), t.identifier("target"));
  return [assign(place, value, null)];
}

/** `$superCall((...$args) => (super(...$args), $s.this = this), $s)`: for arrow functions of a derived constructor. */
function superCall(fn: Fn, rewriter: Rewriting): t.Expression {
  const self = fn.implicit.get("this")!;
  const call = t.callExpression(t.super(), [t.spreadElement(t.identifier("$args"))]);
  const kept = t.assignmentExpression("=", rewriter.place(self) as t.LVal, t.thisExpression());
  const native = t.arrowFunctionExpression(
    [t.restElement(t.identifier("$args"))],
    t.sequenceExpression([call, kept]),
  );
  return rewriter.module.call("$superCall", native, t.identifier(fn.scope.record!.holder.out!));
}

/**
 * Parameters and body of a function without suspend points of its own.
 * @param self names the function object, where a call from outside of any run has to enter the run that made it
 * @param guard runs before anything else, the binding of parameters included
 */
export function plainFunction(
  module: Emitter,
  fn: Fn,
  self: string | null = null,
  guard: readonly t.Statement[] = [],
): { params: t.FunctionParameter[]; body: t.BlockStatement | t.Expression } {
  const node = fn.node as FunctionNode;
  const rewriter = new Rewriter(module, fn, null);
  const start: t.Statement[] = [];
  let params: t.FunctionParameter[];
  const ownBody = module.resolved.scopes.get(node.body)?.kind === "body";
  const passes = self !== null && fn.isArrow && fn.scope.record === null && !ownBody;
  const again = passes ? passedOn(node) : null;
  // A call that enters a run is made again there: what it got is not taken apart before.
  const calledAgain = self !== null && (fn.isArrow || !node.params.every(isTakenAsIs));
  const byPosition = fn.scope.record === null && guard.length === 0 && !calledAgain;
  const rest = byPosition || again !== null ? null : restParameters(fn);
  if (again !== null) {
    params = again.params.map((one) => parameter(module, one, rewriter));
    for (const [pattern, name] of again.patterns) {
      const declarator = t.variableDeclarator(rewriter.pattern(pattern) as t.LVal, t.identifier(name));
      start.push(t.variableDeclaration("let", [declarator]));
    }
  } else if (rest === null) params = node.params.map((one) => parameter(module, one, rewriter));
  else {
    // A setter has one parameter, and none of the rest.
    const isSetter = "kind" in node && node.kind === "set";
    const names = isSetter ? ["$p1"] : rest.placeholders;
    const given = [
      ...names.map((name) => t.identifier(name)),
      ...(isSetter ? [] : [t.spreadElement(t.identifier("$rest"))]),
    ];
    params = [
      ...plainParameters(fn).map((one) => t.identifier(one.name)),
      ...names.map((name) => t.identifier(name)),
      ...(isSetter ? [] : [t.restElement(t.identifier("$rest"))]),
    ];
    const own = new Set<Variable>();
    for (const id of rest.bound) {
      const variable = module.resolved.refs.get(id);
      if (variable?.kind === "param" && !variable.captured) own.add(variable);
    }
    if (own.size > 0)
      start.push(
        t.variableDeclaration(
          "let",
          [...own].map((one) =>
            t.variableDeclarator(t.identifier(one.name), one.needsTdz ? module.helper("$TDZ") : null),
          ),
        ),
      );
    start.push(assign(rewriter.pattern(rest.pattern) as t.LVal, t.arrayExpression(given), null));
  }
  const first = prologue(module, fn.scope, rewriter);
  const functions = fn.scope.hoisted.length;
  const entry = [
    ...guard,
    ...blockVariables(module, fn),
    ...(self === null ? [] : [enterRun(module, fn, self, again?.args ?? argumentsOf(fn, rest))]),
    ...first.slice(0, first.length - functions),
    ...start,
    ...first.slice(first.length - functions),
    ...bodyPrologue(module, node, rewriter),
  ];
  if (!t.isBlockStatement(node.body)) {
    const value = rewriter.expression(node.body);
    const [check] = entry;
    if (entry.length === 1 && self !== null) return { params, body: entered(check as t.IfStatement, value) };
    return {
      params,
      body: entry.length === 0 ? value : t.blockStatement([...entry, t.returnStatement(value)]),
    };
  }
  const body: t.BlockStatement = {
    ...node.body,
    directives: node.body.directives.filter((one) => !/^use (workflow|step)$/.test(one.value.value)),
  };
  return { params, body: { ...body, body: [...entry, ...rewriter.list(node.body.body)] } };
}

/** Binding it does nothing that could be seen. */
const isTakenAsIs = (param: t.Node): boolean =>
  t.isIdentifier(param) || (t.isRestElement(param) && t.isIdentifier(param.argument));

/** Variables that functions in blocks assign, where nothing else declares them. */
function blockVariables(module: Emitter, fn: Fn): t.Statement[] {
  const body = module.resolved.scopes.get((fn.node as FunctionNode).body);
  const scope = body?.kind === "body" ? body : fn.scope;
  const names = module.resolved.blockFunctions.namesIn(scope).filter((name) => {
    const variable = scope.variables.get(name)!;
    return !variable.captured || scope.record === null;
  });
  if (names.length === 0) return [];
  return [
    t.variableDeclaration(
      "var",
      names.map((one) => t.variableDeclarator(t.identifier(one))),
    ),
  ];
}

/** Enters the environment of the body, where it has one of its own. */
function bodyPrologue(module: Emitter, node: FunctionNode, rewriter: Rewriting): t.Statement[] {
  const scope = module.resolved.scopes.get(node.body);
  if (scope?.kind !== "body") return [];
  const copies: t.Statement[] = [];
  for (const variable of scope.variables.values()) {
    const { startsAs } = variable;
    if (startsAs === undefined) continue;
    const value = rewriter.place(startsAs);
    const place = rewriter.place(variable);
    if (t.isIdentifier(place)) {
      const declarator = t.variableDeclarator(place, value);
      copies.push(t.variableDeclaration("var", [declarator]));
    } else copies.push(assign(place, value, null));
  }
  return [...rewriter.prologue(scope), ...copies];
}

/** `$machine.run ? value : $enter(…)` */
function entered({ test, consequent }: t.IfStatement, value: t.Expression): t.Expression {
  const { argument } = test as t.UnaryExpression;
  return t.conditionalExpression(argument, value, (consequent as t.ReturnStatement).argument!);
}

/** `if (!$machine.run) return $enter(self, this, arguments)` */
export function enterRun(
  module: Emitter,
  fn: Fn,
  self: string,
  given: (t.Expression | t.SpreadElement)[],
): t.Statement {
  const run = t.memberExpression(module.helper("$machine"), t.identifier("run"));
  const args: t.Expression[] = [t.identifier(self)];
  if (!fn.isArrow) args.push(t.thisExpression(), t.identifier("arguments"));
  else if (given.length > 0) args.push(t.nullLiteral(), t.arrayExpression(given));
  const call = module.call("$enter", ...args);
  return t.ifStatement(t.unaryExpression("!", run), t.returnStatement(call));
}

export function argumentsOf(fn: Fn, rest: RestParameters | null): (t.Expression | t.SpreadElement)[] {
  const given: (t.Expression | t.SpreadElement)[] = plainParameters(fn).map((one) => t.identifier(one.name));
  if (rest !== null)
    given.push(...rest.placeholders.map((one) => t.identifier(one)), t.spreadElement(t.identifier("$rest")));
  return given;
}

interface PassedOn {
  readonly params: t.FunctionParameter[];
  /** What each parameter got, for a call with the same arguments. */
  readonly args: (t.Expression | t.SpreadElement)[];
  /** Patterns that are taken apart behind the parameters, and the names of those. */
  readonly patterns: readonly (readonly [t.Node, string])[];
}

/**
 * The parameters of an arrow function that has to call itself again with what it got. Null when binding one may do more than
 * read properties: then they come as one list.
 */
function passedOn(node: FunctionNode): PassedOn | null {
  const params: t.FunctionParameter[] = [];
  const args: (t.Expression | t.SpreadElement)[] = [];
  const patterns: [t.Node, string][] = [];
  for (const [i, one] of node.params.entries()) {
    if (t.isIdentifier(one)) {
      params.push(one);
      args.push(t.identifier(one.name));
    } else if (t.isRestElement(one) && t.isIdentifier(one.argument)) {
      params.push(one);
      args.push(t.spreadElement(t.identifier(one.argument.name)));
    } else if ((t.isObjectPattern(one) || t.isArrayPattern(one)) && onlyReads(one)) {
      const name = `$p${i + 1}`;
      params.push(t.identifier(name));
      args.push(t.identifier(name));
      patterns.push([one, name]);
    } else return null;
  }
  return { params, args, patterns };
}

/** No defaults and no computed keys. */
function onlyReads(pattern: t.Node | null): boolean {
  if (pattern === null || t.isIdentifier(pattern)) return true;
  if (t.isRestElement(pattern)) return onlyReads(pattern.argument);
  if (t.isArrayPattern(pattern)) return pattern.elements.every(onlyReads);
  if (!t.isObjectPattern(pattern)) return false;
  return pattern.properties.every((one) =>
    t.isRestElement(one) ? onlyReads(one.argument) : !one.computed && onlyReads(one.value),
  );
}

/** Whether a function calls anything itself: only then does it matter in which run it is called. */
export function callsSomething(node: t.Node): boolean {
  if (
    t.isCallExpression(node) ||
    t.isOptionalCallExpression(node) ||
    t.isNewExpression(node) ||
    t.isTaggedTemplateExpression(node)
  )
    return true;
  for (const key of childKeys(node.type)) {
    const child = (node as unknown as { [key: string]: unknown })[key];
    for (const one of Array.isArray(child) ? child : [child])
      if (one !== null && one !== undefined && !t.isFunction(one as t.Node) && callsSomething(one as t.Node))
        return true;
  }
  return false;
}

/** A parameter keeps its name, captured or not: the prologue copies it to the record. */
function parameter(_module: Emitter, node: t.Node, rewriter: Rewriting): t.FunctionParameter {
  if (t.isIdentifier(node)) return t.cloneNode(node, false);
  return rewriter.pattern(node) as t.FunctionParameter;
}
