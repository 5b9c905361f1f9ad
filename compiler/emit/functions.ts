/**
 * Functions of marked code as they are emitted: closures as factories over their scope records, async functions as a wrapper
 * that starts a task and a step function that carries it on.
 */

import * as t from "@babel/types";
import { walk } from "../children.ts";
import { identifier } from "../convert.ts";
import { functionDigest, Hasher } from "../hash.ts";
import type { Fn, FunctionNode, Variable } from "../ir.ts";
import { type Layout, layout, slotName } from "../layout.ts";
import { liveness } from "../liveness.ts";
import { lower, plainParameters, restParameters } from "../lower/index.ts";
import { reserved } from "../reserved-names.ts";
import type { Emitted, Emitter, Extras } from "./emitter.ts";
import { accessorFunction, methodExpression, named } from "./function-expressions.ts";
import { generatorBody, generatorClass, startsAtOnce } from "./generators.ts";
import { argumentsOf, callsSomething, enterRun, plainFunction } from "./plain-functions.ts";
import { Rewriter } from "./rewrite.ts";
import { slotProperty } from "./slots.ts";
import { StepEmitter } from "./step.ts";

// ---- async functions

/** Emits the step function of an async function or generator. */
export function emitAsync(module: Emitter, fn: Fn, codeName: string): Emitted {
  const lowered = lower(fn, module.resolved, module.diagnostics);
  liveness(fn, lowered, module.resolved, module.converted);
  const extras = extrasOf(module, fn);
  const given = new Set<Variable>(extras.variables);
  for (const one of plainParameters(fn)) given.add(module.resolved.refs.get(one)!);
  const plan = layout(fn, lowered, given, module.converted.taken, module.pins);
  const step = module.name(codeName.replace(/\$code(?=(\$\d+)?$)/, "$$step"));
  const locals = new Set<Variable>([...lowered.locals, ...extras.variables]);
  const rewriter = new Rewriter(module, fn, locals);
  const emitter = new StepEmitter(module, rewriter, plan);
  const started = fn.isGenerator && startsAtOnce(module, lowered, rewriter);
  const body = emitter.body(lowered, started);
  const passed = [...extras.names, ...distinctParameters(fn)];
  if (restParameters(fn) !== null) passed.push("$rest");
  const params = started ? [] : passed;
  module.bottom.push(
    stepFunction(
      step,
      params,
      plan,
      [
        ...(started ? passed.filter((one) => mentions(body, one)) : []),
        ...usedLocals(lowered.locals, body, new Set(passed)),
        ...emitter.temps,
      ],
      body,
      fn.isGenerator && !fn.isAsync,
      fn.strict && !module.resolved.module.strict,
    ),
  );
  const generator = fn.isGenerator && !fn.isAsync ? generatorClass(module, codeName, step) : null;
  return { step, layout: plan, extras, started, generator };
}

/** The names of the plain parameters: of those that share one, the last counts. */
function distinctParameters(fn: Fn): string[] {
  return [...new Set(plainParameters(fn).map((one) => one.name))];
}

function mentions(body: t.Statement[], name: string): boolean {
  let found = false;
  for (const one of body)
    walk(one, (node) => {
      if (t.isIdentifier(node, { name })) found = true;
    });
  return found;
}

/** `undo$code` of `order.undo#2`; the module tells namesakes apart. */
export function codeName(fn: Fn): string {
  const path = fn.path.replace(/#\d+$/, "");
  return `${identifier(path.slice(path.lastIndexOf(".") + 1))}$code`;
}

/** Locals that the emitted body mentions. */
function usedLocals(
  locals: ReadonlySet<Variable>,
  body: t.Statement[],
  params: ReadonlySet<string>,
): string[] {
  const mentioned = new Set<string>();
  for (const one of body)
    walk(one, (node) => {
      if (t.isIdentifier(node)) mentioned.add(node.name);
    });
  const names = [...locals].filter((one) => !(one.captured && one.scope.record !== null)).map(slotName);
  // `$x` is the parameter of a handler.
  return [...new Set(names)].filter((name) => mentioned.has(name) && !params.has(name) && name !== "$x");
}

function stepFunction(
  name: string,
  params: readonly string[],
  plan: Layout,
  locals: readonly string[],
  body: t.Statement[],
  marksRunning: boolean,
  strict: boolean,
): t.Statement {
  const list: t.Statement[] = [];
  const resumes = plan.points.length > 1;
  const ip = t.memberExpression(t.identifier("$t"), t.identifier("ip"));
  const declared = locals.map((one) => t.variableDeclarator(t.identifier(one)));
  if (resumes) declared.unshift(t.variableDeclarator(t.identifier("$ip"), ip));
  if (declared.length > 0) list.push(t.variableDeclaration("let", declared));
  // While it runs, a generator says so: see generator.ts of the machine.
  if (marksRunning) list.push(running());
  if (plan.slots.length > 0) {
    const frame = () => t.memberExpression(t.identifier("$t"), t.identifier("frame"));
    const slots = t.objectPattern(plan.slots.map((one) => slotProperty(slotName(one))));
    if (marksRunning)
      list.push(t.variableDeclaration("const", [t.variableDeclarator(t.identifier("$f"), frame())]));
    const load = t.expressionStatement(
      t.assignmentExpression("=", slots, marksRunning ? t.identifier("$f") : frame()),
    );
    const some = !marksRunning && plan.slotsAt.slice(1).some((one) => one.length === 0);
    const test = some ? frame() : t.identifier("$ip");
    list.push(t.ifStatement(test, load));
  }
  list.push(...body);
  const all = ["$t", "$v", "$e", ...params].map((one) => t.identifier(one));
  return t.functionDeclaration(t.identifier(name), all, t.blockStatement(list, strict ? useStrict() : []));
}

function running(): t.Statement {
  const ip = t.memberExpression(t.identifier("$t"), t.identifier("ip"));
  return t.expressionStatement(t.assignmentExpression("=", ip, t.unaryExpression("-", t.numericLiteral(1))));
}
/** For strict functions that are moved to the top of a sloppy file. */
export const useStrict = (): t.Directive[] => [t.directive(t.directiveLiteral("use strict"))];

function extrasOf(module: Emitter, fn: Fn): Extras {
  const extras: Extras = { names: [], values: [], variables: [] };
  const add = (name: string, value: t.Expression, variable: Variable | null) => {
    extras.names.push(name);
    extras.values.push(value);
    if (variable !== null) extras.variables.push(variable);
  };
  for (const take of module.converted.takes.get(fn) ?? [])
    add(take.record.holder.out!, t.identifier(take.record.holder.out!), take.record.holder);
  for (const variable of fn.implicit.values()) {
    const name = `$${variable.name.replace(".", "_")}`;
    const value =
      variable.name === "this"
        ? t.thisExpression()
        : variable.name === "arguments"
          ? t.identifier("arguments")
          : t.identifier("undefined");
    add(name, value, variable);
  }
  for (const variable of fn.scope.variables.values())
    if (variable.kind === "self")
      add(variable.captured ? "$self" : variable.name, t.identifier("$self"), variable);
  return extras;
}

/** The function that a caller sees: starts a task. `self` names the function object, for the hand-over of the top. */
export function wrapper(
  module: Emitter,
  fn: Fn,
  codeName: string,
  emitted: Emitted,
  self: t.Expression,
): { params: t.FunctionParameter[]; body: t.BlockStatement } {
  const { step, extras } = emitted;
  const plain = plainParameters(fn).map((one) => one.name);
  const rest = restParameters(fn);
  // Methods and arrow functions must not have two parameters of one name.
  const params: t.FunctionParameter[] = plain.map((one, i) =>
    t.identifier(plain.includes(one, i + 1) ? `$p${i + 1}` : one),
  );
  const args: t.Expression[] = [
    t.identifier("$t"),
    t.numericLiteral(0),
    t.numericLiteral(0),
    ...extras.values,
  ];
  args.push(...distinctParameters(fn).map((one) => t.identifier(one)));
  if (rest !== null) {
    const placeholders = rest.placeholders.map((one) => t.identifier(one));
    params.push(...placeholders, t.restElement(t.identifier("$rest")));
    args.push(
      placeholders.length === 0
        ? t.identifier("$rest")
        : t.arrayExpression([...placeholders, t.spreadElement(t.identifier("$rest"))]),
    );
  }
  if (fn.isGenerator) {
    const isClosure = t.isIdentifier(self) && fn.parent?.kind !== "module";
    const enters = isClosure && rest !== null ? enterRun(module, fn, self.name, argumentsOf(fn, rest)) : null;
    return { params, body: generatorBody(module, fn, codeName, self, emitted, args, enters) };
  }
  const task = t.variableDeclaration("const", [
    t.variableDeclarator(t.identifier("$t"), module.call("$begin", t.identifier(codeName), self)),
  ]);
  const run = t.expressionStatement(
    module.call("$return", t.identifier("$t"), t.callExpression(t.identifier(step), args)),
  );
  const fail = t.expressionStatement(module.call("$throw", t.identifier("$t"), t.identifier("$x")));
  const attempt = t.tryStatement(
    t.blockStatement([run]),
    t.catchClause(t.identifier("$x"), t.blockStatement([fail])),
  );
  return {
    params,
    body: t.blockStatement([task, attempt, t.returnStatement(module.call("$end", t.identifier("$t")))]),
  };
}

// ---- closures

/**
 * `name$code.make($s)`: a function expression, arrow, method or hoisted declaration. Its code is emitted once, at module level.
 */
export function closure(module: Emitter, fn: Fn): t.Expression {
  const takes = module.converted.takes.get(fn) ?? [];
  if (fn.codeName === "") emitClosure(module, fn);
  const holders = takes.map((one) => t.identifier(one.record.holder.out!));
  const call = t.callExpression(t.memberExpression(t.identifier(fn.codeName), t.identifier("make")), holders);
  call.loc = fn.node.loc ?? null;
  return call;
}

function emitClosure(module: Emitter, fn: Fn): void {
  fn.codeName = module.name(codeName(fn));
  const takes = module.converted.takes.get(fn) ?? [];
  const node = fn.node as FunctionNode;
  const holders = takes.map((one) => one.record.holder.out!);
  let made: t.Expression;
  let inferred: boolean;
  /** Its body mentions the function itself. */
  let mentioned = true;
  let stepName: string | null = null;
  let plan: Layout | null = null;
  let generator: string | null = null;
  const isMethod = t.isObjectMethod(node);
  const keepsName = fn.nameIsKey && isLikeMethod(fn);
  const localName = usableName(module, fn, holders);
  const self = localName ?? "$self";
  if (fn.suspends) {
    const emitted = emitAsync(module, fn, fn.codeName);
    stepName = emitted.step;
    plan = emitted.layout;
    generator = emitted.generator;
    if (emitted.extras.names.includes("$self") || emitted.extras.variables.some((one) => one.kind === "self"))
      emitted.extras.values.splice(
        0,
        emitted.extras.values.length,
        ...emitted.extras.values.map((one) =>
          t.isIdentifier(one, { name: "$self" }) ? t.identifier(self) : one,
        ),
      );
    const parts = wrapper(module, fn, fn.codeName, emitted, t.identifier(self));
    // An arrow or a method: like an async function neither can be called with `new`.
    const isArrow = fn.isArrow && !keepsName;
    made = isArrow
      ? t.arrowFunctionExpression(parts.params, parts.body)
      : methodExpression(fn.name, parts.params, parts.body);
    made = located(made, fn.node);
    inferred = isArrow && localName !== null;
    if (isArrow && localName === null && fn.name !== "") made = named(fn.name, made);
  } else {
    // A function made at module level belongs to no run.
    const enters = fn.parent?.kind !== "module" && callsSomething(node.body);
    const parts = plainFunction(module, fn, enters ? self : null);
    const common = { generator: fn.isGenerator, async: fn.isAsync };
    if (fn.isArrow && !keepsName)
      made = {
        ...t.arrowFunctionExpression(parts.params, parts.body as t.BlockStatement),
        async: fn.isAsync,
      };
    else if (isMethod || keepsName)
      made = methodExpression(fn.name, parts.params, asBlock(parts.body), common);
    else {
      const id =
        t.isFunctionExpression(node) && node.id
          ? t.identifier(node.id.name)
          : t.isFunctionDeclaration(node) && localName !== null
            ? t.identifier(fn.name)
            : null;
      made = t.functionExpression(
        id,
        parts.params,
        parts.body as t.BlockStatement,
        fn.isGenerator,
        fn.isAsync,
      );
    }
    made = located(made, fn.node);
    const isUnnamed = !isMethod && !keepsName && !(t.isFunctionExpression(made) && made.id);
    const needsName = isUnnamed && fn.name !== "";
    const accessor = isMethod && node.kind !== "method";
    if (accessor) made = accessorFunction(made, node.kind as "get" | "set");
    inferred = needsName && localName !== null;
    if (needsName && !inferred) made = named(fn.name, made);
    mentioned = enters;
  }
  const strict = fn.strict && !module.resolved.module.strict;
  const finished = (f: t.Expression) =>
    fn.isGenerator && fn.suspends ? module.call("$generatorFunction", f, t.identifier(fn.codeName)) : f;
  const anonymous = t.isFunction(made) && !("id" in made && made.id);
  // The name of the variable becomes that of the function, but not of what is no function at first sight.
  if (mentioned && !inferred && anonymous) made = t.sequenceExpression([t.numericLiteral(0), made]);
  const params = holders.map((one) => t.identifier(one));
  if (inferred || mentioned) {
    // A parameter that nothing is passed for: as short as a variable can be.
    made = t.assignmentExpression("=", t.identifier(self), made);
    params.push(t.identifier(self));
  }
  const value = finished(made);
  const make = t.arrowFunctionExpression(
    params,
    strict ? t.blockStatement([t.returnStatement(value)], useStrict()) : value,
  );
  module.code(fn, {
    step: stepName,
    generator,
    layout: plan,
    make,
    captures: takes.map((one) => one.variables.map((v) => v.name)),
  });
}

/** Whether a parameter or variable of the function hides its name. */
function declares(module: Emitter, fn: Fn, name: string): boolean {
  for (const scope of [fn.scope, module.resolved.scopes.get((fn.node as FunctionNode).body)]) {
    const variable = scope?.variables.get(name);
    if (variable !== undefined && variable.kind !== "self") return true;
  }
  return false;
}

/** The function's own name, where a constant of that name around it would hide nothing that it uses. */
function usableName(module: Emitter, fn: Fn, holders: readonly string[]): string | null {
  const { name } = fn;
  if (!t.isValidIdentifier(name) || name === "arguments" || name === "eval" || name === "await") return null;
  if (declares(module, fn, name)) return null;
  if (fn.freeNames.has(name) || holders.includes(name) || (reserved as readonly string[]).includes(name))
    return null;
  return module.isModuleName(name) && fn.freeNames.has(name) ? null : name;
}

/**
 * An arrow function that may be made as a method. Its name then outlives a minifier, which calls constants otherwise, but leaves the
 * keys of methods.
 */
function isLikeMethod(fn: Fn): boolean {
  if (!fn.isArrow || fn.name === "__proto__" || fn.freeNames.has("arguments")) return false;
  // That of a function around it is in a record; that of the module is not.
  let around = fn.parent;
  while (around?.kind === "function" && around.isArrow) around = around.parent;
  return !fn.usesThis || (around !== null && around.kind !== "module");
}

const asBlock = (body: t.BlockStatement | t.Expression): t.BlockStatement =>
  t.isBlockStatement(body) ? body : t.blockStatement([t.returnStatement(body)]);

function located<N extends t.Node>(node: N, from: t.Node): N {
  node.loc = from.loc ?? null;
  return node;
}

/** Hash of a function's source: equal for sources that differ in formatting, comments that pin nothing, and types only. */
export function codeHash(fn: Fn, points: Layout["points"]): string {
  const digest = functionDigest(fn.node);
  const pins = points.filter((point) => point?.fingerprint.startsWith("@"));
  if (pins.length === 0) return digest.slice(0, 10);
  const places = pins.map((point) => `${points.indexOf(point)} ${point!.name}`);
  return new Hasher().text(digest).text(places.join()).digest(10);
}
