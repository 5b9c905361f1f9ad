/**
 * Generator functions as they are called, and the class of a sync generator's objects.
 *
 * ```
 * class count$Generator {
 *   #t;
 *   constructor($t) { this.#t = $t; }
 *   static of($o) { return #t in $o ? $o.#t : undefined; }
 *   next($v) {
 *     if (!(#t in this && $ready(this.#t))) return $resume(this, $v);
 *     const $t = this.#t;
 *     try { return $next($t, count$step($t, $v, 0)); } catch ($x) { return $fail($t, $x); }
 *   }
 * }
 * function count(to) {
 *   const $t = $generator(count$code, count);
 *   $suspend($t, 1, { to });
 *   return count.prototype === count$Generator.prototype ? new count$Generator($t) : $generated($t, count);
 * }
 * ```
 *
 * `next` is text of its own for each generator because V8 collects type feedback by text: so it inlines the step function into `next`, and
 * `next` into the loop (0.6 of native, against 1.9 with one `next` for all; 20 generators in the process, Node 20).
 */
import * as t from "@babel/types";
import type { Fn, Lowered, Variable } from "../ir.ts";
import { slotName } from "../layout.ts";
import { plainParameters } from "../lower/index.ts";
import type { Emitted, Emitter, Rewriting } from "./emitter.ts";
import { slotProperty } from "./slots.ts";

/** Nothing stands between the call of a generator and its start: its parameters are plain, and no record is made. */
export function startsAtOnce(module: Emitter, lowered: Lowered, rewriter: Rewriting): boolean {
  for (const one of lowered.body) {
    if (one.kind === "suspend") return true;
    if (one.kind !== "enter" || module.prologueOf(one.scope, rewriter).length > 0) return false;
  }
  return false;
}

/**
 * What stands in the place of the author's body: its step function binds the parameters and suspends before the body; where that takes no
 * code, the frame is made here.
 * @param enters enters the run of a closure that native code has called, where binding the parameters may call something
 */
export function generatorBody(
  module: Emitter,
  fn: Fn,
  codeName: string,
  self: t.Expression,
  emitted: Emitted,
  args: t.Expression[],
  enters: t.Statement | null,
): t.BlockStatement {
  const task = t.identifier("$t");
  const begin = module.call(
    emitted.generator === null ? "$generatorAsync" : "$generator",
    t.identifier(codeName),
    self,
  );
  const bind = emitted.started
    ? firstFrame(module, fn, emitted)
    : t.callExpression(t.identifier(emitted.step), args);
  return t.blockStatement([
    ...(enters === null ? [] : [enters]),
    t.variableDeclaration("const", [t.variableDeclarator(task, begin)]),
    t.expressionStatement(bind),
    t.returnStatement(object(module, self, emitted)),
  ]);
}

/** What the call returns: an object of the class, unless the function has another `prototype` than that by now. */
function object(module: Emitter, self: t.Expression, { generator }: Emitted): t.Expression {
  const task = () => t.identifier("$t");
  const made = module.call("$generated", task(), t.cloneNode(self));
  if (generator === null || !t.isIdentifier(self)) return made;
  const prototypeOf = (one: t.Expression) => t.memberExpression(one, t.identifier("prototype"));
  const isOwn = t.binaryExpression(
    "===",
    prototypeOf(t.cloneNode(self)),
    prototypeOf(t.identifier(generator)),
  );
  return t.conditionalExpression(isOwn, t.newExpression(t.identifier(generator), [task()]), made);
}

/** `$suspend($t, 1, { to })` */
function firstFrame(module: Emitter, fn: Fn, { layout: plan, extras }: Emitted): t.Expression {
  const given = new Map<Variable, t.Expression>();
  for (const variable of extras.variables)
    given.set(variable, extras.values[extras.names.indexOf(slotName(variable))]!);
  for (const one of plainParameters(fn)) given.set(module.resolved.refs.get(one)!, t.identifier(one.name));
  const args: t.Expression[] = [t.identifier("$t"), t.numericLiteral(1)];
  const slots = plan.slots.map((one) =>
    slotProperty(
      slotName(one),
      t.cloneNode((plan.slotsAt[1]!.includes(one) && given.get(one)) || t.identifier("undefined")),
    ),
  );
  if (slots.length > 0) args.push(t.objectExpression(slots));
  return module.call("$suspend", ...args);
}

/** Emits the class of a sync generator's objects; returns its name. */
export function generatorClass(module: Emitter, codeName: string, step: string): string {
  const name = module.name(`${codeName.replace(/\$code$/, "")}$Generator`);
  const [o, task, v, x] = ["$o", "$t", "$v", "$x"].map((one) => () => t.identifier(one)) as [
    () => t.Identifier,
    () => t.Identifier,
    () => t.Identifier,
    () => t.Identifier,
  ];
  const field = () => t.privateName(t.identifier("t"));
  const own = () => t.memberExpression(t.thisExpression(), field());
  const isOwn = t.binaryExpression("in", field(), t.thisExpression());
  const ready = t.logicalExpression("&&", isOwn, module.call("$ready", own()));
  const run = t.callExpression(t.identifier(step), [task(), v(), t.numericLiteral(0)]);
  const members: t.ClassBody["body"] = [
    t.classPrivateProperty(field(), null),
    t.classMethod(
      "constructor",
      t.identifier("constructor"),
      [task()],
      t.blockStatement([t.expressionStatement(t.assignmentExpression("=", own(), task()))]),
    ),
    t.classMethod(
      "method",
      t.identifier("of"),
      [o()],
      t.blockStatement([
        t.returnStatement(
          t.conditionalExpression(
            t.binaryExpression("in", field(), o()),
            t.memberExpression(o(), field()),
            t.identifier("undefined"),
          ),
        ),
      ]),
      false,
      true,
    ),
    t.classMethod(
      "method",
      t.identifier("next"),
      [v()],
      t.blockStatement([
        t.ifStatement(
          t.unaryExpression("!", ready),
          t.returnStatement(module.call("$resume", t.thisExpression(), v())),
        ),
        t.variableDeclaration("const", [t.variableDeclarator(task(), own())]),
        t.tryStatement(
          t.blockStatement([t.returnStatement(module.call("$next", task(), run))]),
          t.catchClause(x(), t.blockStatement([t.returnStatement(module.call("$fail", task(), x()))])),
        ),
      ]),
    ),
  ];
  module.codes.push(t.classDeclaration(t.identifier(name), null, t.classBody(members)));
  return name;
}
