/**
 * Expressions with suspend points: what stands left of an await is evaluated into temporaries first, if anything could
 * observe the difference; what stands right of it stays where it is (ECMA-262 evaluates left to right, §13).
 *
 * | source | lowered | value |
 * |---|---|---|
 * | `f(a, await b)` | `$f = f; $v = await b` | `$f(a, $v)` |
 * | `o.m(await b)` | `$o = o; $o_m = $o.m; $v = await b` | `$apply($o_m, $o, [$v])` |
 * | `a && await b` | `$and = a; if ($and) { $v = await b; $and = $v }` | `$and` |
 * | `o.x = await b` | `$o = o; $v = await b` | `$o.x = $v` |
 * | `x += await b` | `$x = x; $v = await b` | `x = $x + $v` |
 */
import * as t from "@babel/types";
import { walk } from "../children.ts";
import { identifier } from "../convert.ts";
import type { Stmt, Variable } from "../ir.ts";
import { boundIdentifiers, feedName } from "../names.ts";
import { effect, helper, isConstantLiteral, js, type Lowering } from "./context.ts";
import { lowerElement } from "./jsx.ts";

type Operand = t.Expression | t.SpreadElement | null;

/** What `node` evaluates to, once the statements added to `out` have run; to be evaluated right behind them. */
export function lowerExpression(l: Lowering, node: t.Expression, out: Stmt[]): t.Expression {
  if (!l.has(node)) return node;
  switch (node.type) {
    case "AwaitExpression":
      return l.suspend(node, lowerExpression(l, node.argument, out), out);
    case "YieldExpression":
      return l.yields(l, node, out);
    case "ParenthesizedExpression":
      return lowerExpression(l, node.expression, out);
    case "BinaryExpression": {
      if (t.isPrivateName(node.left)) return { ...node, right: lowerExpression(l, node.right, out) };
      const [left, right] = lowerOperands(l, [node.left, node.right], out);
      return { ...node, left: left as t.Expression, right: right as t.Expression };
    }
    case "LogicalExpression": {
      const result = l.temp(node.operator === "&&" ? "and" : node.operator === "||" ? "or" : "nullish");
      out.push(js(l.set(result, lowerExpression(l, node.left, out))));
      const yes: Stmt[] = [];
      yes.push(js(l.set(result, lowerExpression(l, node.right, yes))));
      out.push({ kind: "if", test: goesOn(node.operator, l.ref(result)), yes, no: [] });
      return l.ref(result);
    }
    case "ConditionalExpression": {
      const test = lowerExpression(l, node.test, out);
      const result = l.temp("choice");
      const yes: Stmt[] = [];
      yes.push(js(l.set(result, lowerExpression(l, node.consequent, yes))));
      const no: Stmt[] = [];
      no.push(js(l.set(result, lowerExpression(l, node.alternate, no))));
      out.push({ kind: "if", test, yes, no });
      return l.ref(result);
    }
    case "SequenceExpression": {
      for (const one of node.expressions.slice(0, -1)) lowerEffect(l, one, out);
      return asValue(l, lowerExpression(l, node.expressions.at(-1)!, out));
    }
    case "UnaryExpression":
      if (node.operator === "delete" && t.isOptionalMemberExpression(node.argument))
        return deleteOfChain(l, node, node.argument, out);
      if (node.operator === "delete" && t.isMemberExpression(node.argument))
        return { ...node, argument: lowerMember(l, node.argument, out, []) };
      if (node.operator === "delete") {
        lowerEffect(l, node.argument, out);
        return t.booleanLiteral(true);
      }
      return { ...node, argument: lowerExpression(l, node.argument, out) };
    case "UpdateExpression":
      return { ...node, argument: lowerMember(l, node.argument as t.MemberExpression, out, []) };
    case "SpreadElement" as never:
      return node;
    case "ArrayExpression":
      return { ...node, elements: lowerOperands(l, node.elements, out) };
    case "ObjectExpression":
      return lowerObject(l, node, out);
    case "TemplateLiteral": {
      const parts = node.expressions as t.Expression[];
      const last = parts.findLastIndex((one) => l.has(one));
      return {
        ...node,
        expressions: parts.map((one, i) => {
          const value = lowerExpression(l, one, out);
          if (i >= last || isConstantLiteral(value)) return value;
          const text = t.templateLiteral([piece(""), piece("", true)], [value]);
          return spill(l, text, "text", out);
        }),
      };
    }
    case "TaggedTemplateExpression": {
      // A call whose first argument is the object of the site.
      const site = { ...node.quasi, expressions: [], extra: { isSite: true } };
      const args = [site, ...(node.quasi.expressions as t.Expression[])];
      return lowerCall(l, at(t.callExpression(node.tag, args), node), out);
    }
    case "MemberExpression":
      return lowerMember(l, node, out, []);
    case "CallExpression":
      return lowerCall(l, node, out);
    case "NewExpression": {
      const [callee, ...args] = lowerOperands(
        l,
        [node.callee as t.Expression, ...(node.arguments as Operand[])],
        out,
      );
      return { ...node, callee: callee as t.Expression, arguments: args as t.Expression[] };
    }
    case "ImportExpression":
      return { ...node, source: lowerExpression(l, node.source, out) };
    case "OptionalMemberExpression":
    case "OptionalCallExpression":
      return lowerChain(l, node, out);
    case "AssignmentExpression":
      return lowerAssignment(l, node, out);
    case "JSXElement":
    case "JSXFragment":
      return lowerElement(node, (operands) => lowerOperands(l, operands, out));
    case "ClassExpression":
      return lowerClass(l, node, out);
    default:
      l.diagnostics.error(
        "CF1012",
        node,
        `an await inside of ${node.type}; move the awaited value to a constant before it.`,
      );
      return node;
  }
}

/**
 * What a comma makes of its last operand is a value (ECMA-262 §13.16.1): no reference, which `typeof`, a call and a template with a
 * tag tell from one, and no function to be named.
 */
function asValue(l: Lowering, node: t.Expression): t.Expression {
  const isFree = t.isIdentifier(node) && l.resolved.refs.get(node) === undefined && node.name !== "$v";
  const isReference = isFree || t.isMemberExpression(node) || t.isOptionalMemberExpression(node);
  return isReference || t.isFunction(node) || t.isClass(node)
    ? t.sequenceExpression([t.numericLiteral(0), node])
    : node;
}

/** The same for an expression whose value nobody uses. */
export function lowerEffect(l: Lowering, node: t.Expression, out: Stmt[]): void {
  if (!l.has(node)) {
    out.push(effect(node));
  } else if (node.type === "AwaitExpression") {
    l.suspend(node, lowerExpression(l, node.argument, out), out);
  } else if (node.type === "YieldExpression") {
    l.yields(l, node, out);
  } else if (node.type === "LogicalExpression") {
    const left = lowerExpression(l, node.left, out);
    const yes: Stmt[] = [];
    lowerEffect(l, node.right, yes);
    const test =
      node.operator === "??"
        ? goesOn("??", left)
        : node.operator === "&&"
          ? left
          : t.unaryExpression("!", left);
    out.push({ kind: "if", test, yes, no: [] });
  } else if (node.type === "ConditionalExpression") {
    const test = lowerExpression(l, node.test, out);
    const yes: Stmt[] = [];
    const no: Stmt[] = [];
    lowerEffect(l, node.consequent, yes);
    lowerEffect(l, node.alternate, no);
    out.push({ kind: "if", test, yes, no });
  } else if (node.type === "SequenceExpression") {
    for (const one of node.expressions) lowerEffect(l, one, out);
  } else if (node.type === "UnaryExpression" && node.operator === "void") {
    lowerEffect(l, node.argument, out);
  } else {
    const value = lowerExpression(l, node, out);
    if (!t.isIdentifier(value)) out.push(effect(value));
  }
}

/** Operands in order; those before the last suspend point are kept in temporaries where they could change meanwhile. */
export function lowerOperands(l: Lowering, nodes: readonly Operand[], out: Stmt[]): Operand[] {
  const last = nodes.findLastIndex((one) => l.has(one));
  return nodes.map((node, i) => {
    if (node === null || i > last) return node;
    const later = nodes.slice(i + 1);
    if (t.isSpreadElement(node)) {
      const list = lowerExpression(l, node.argument, out);
      if (i === last) return t.spreadElement(list);
      return t.spreadElement(spill(l, t.arrayExpression([t.spreadElement(list)]), "spread", out));
    }
    const value = lowerExpression(l, node, out);
    return i === last ? value : keep(l, value, later, out);
  });
}

/** `value` in a temporary, unless it stays what it is while `later` is evaluated. */
export function keep(
  l: Lowering,
  value: t.Expression,
  later: readonly (t.Node | null)[],
  out: Stmt[],
  name = feedName(value),
): t.Expression {
  return isStable(l, value, later) ? value : spill(l, value, name, out);
}

export function spill(l: Lowering, value: t.Expression, name: string, out: Stmt[]): t.Identifier {
  const variable = l.temp(identifier(name.replace(/[.$]+/g, "_")) || "value");
  variable.spilled = value;
  out.push(js(l.set(variable, value)));
  return l.ref(variable);
}

const standardGlobals = new Set(
  "undefined NaN Infinity console Math JSON Object Array String Number Boolean BigInt Symbol Promise Map Set WeakMap WeakSet Date RegExp Error TypeError RangeError Reflect globalThis structuredClone setTimeout fetch".split(
    " ",
  ),
);

function isStable(l: Lowering, value: t.Expression, later: readonly (t.Node | null)[]): boolean {
  if (t.isTemplateLiteral(value)) return value.expressions.length === 0;
  if (t.isRegExpLiteral(value)) return false;
  if (isConstantLiteral(value) || t.isArrowFunctionExpression(value) || t.isFunctionExpression(value))
    return true;
  if (t.isThisExpression(value) || t.isSuper(value) || t.isImport(value)) return true;
  if (!t.isIdentifier(value)) return false;
  const variable = l.resolved.refs.get(value);
  if (variable === undefined) return value.name !== "$v" && standardGlobals.has(value.name);
  if (l.resolved.tdzChecks.has(value)) return false;
  if (!variable.reassigned) return true;
  if (variable.kind === "temp") return true;
  if (variable.captured || variable.scope.kind === "module") return false;
  return !later.some((one) => one !== null && assigns(l, one, variable));
}

function assigns(l: Lowering, node: t.Node, variable: Variable): boolean {
  let found = false;
  walk(node, (one) => {
    const target = t.isAssignmentExpression(one) ? one.left : t.isUpdateExpression(one) ? one.argument : null;
    if (target !== null)
      for (const id of boundIdentifiers(target)) if (l.resolved.refs.get(id) === variable) found = true;
  });
  return found;
}

function goesOn(operator: string, value: t.Expression): t.Expression {
  if (operator === "&&") return value;
  if (operator === "||") return t.unaryExpression("!", value);
  return t.binaryExpression("==", value, t.nullLiteral());
}

const piece = (text: string, tail = false) => t.templateElement({ raw: text, cooked: text }, tail);

/**
 * A member expression as a reference: base and key evaluated and kept while `later` is evaluated (ECMA-262 §13.3.2).
 */
export function lowerMember<M extends t.MemberExpression | t.OptionalMemberExpression>(
  l: Lowering,
  node: M,
  out: Stmt[],
  later: readonly (t.Node | null)[],
): M {
  const waits = later.some((one) => l.has(one));
  if (t.isSuper(node.object)) {
    if (waits) return superReference(l, node as t.MemberExpression, out) as M;
    return node.computed
      ? { ...node, property: lowerExpression(l, node.property as t.Expression, out) }
      : node;
  }
  if (!node.computed) {
    const object = lowerExpression(l, node.object, out);
    return { ...node, object: waits ? keep(l, object, later, out) : object };
  }
  const operands = lowerOperands(
    l,
    [node.object as t.Expression, node.property as t.Expression],
    out,
  ) as t.Expression[];
  if (!waits) return { ...node, object: operands[0]!, property: operands[1]! };
  const object = keep(l, operands[0]!, [operands[1]!, ...later], out);
  return { ...node, object, property: keep(l, operands[1]!, later, out, "key") };
}

/** `super[key]` as a reference that is kept: its `this`, its key, then its base (§13.3.7.3). */
function superReference(l: Lowering, node: t.MemberExpression, out: Stmt[]): t.MemberExpression {
  const use = l.resolved.supers.get(node.object)!;
  const home = l.ref(use.home);
  const key = node.computed
    ? lowerExpression(l, node.property as t.Expression, out)
    : t.stringLiteral((node.property as t.Identifier).name);
  const object = use.ofPrototype ? t.memberExpression(home, t.identifier("prototype")) : home;
  const made = helper(l.fn.strict ? "$super" : "$superSloppy", object, key, l.receiver(node.object));
  return t.memberExpression(spill(l, made, "super", out), t.identifier("value"));
}

/** The reference of a target that is assigned later: base and key are evaluated now. */
export function lowerReference(l: Lowering, node: t.MemberExpression, out: Stmt[]): t.MemberExpression {
  if (t.isSuper(node.object)) return superReference(l, node, out);
  const object = keep(l, lowerExpression(l, node.object, out), [node], out);
  if (!node.computed) return { ...node, object };
  return {
    ...node,
    object,
    property: keep(l, lowerExpression(l, node.property as t.Expression, out), [], out, "key"),
  };
}

function lowerCall(l: Lowering, node: t.CallExpression, out: Stmt[]): t.Expression {
  const args = node.arguments as Operand[];
  const argsWait = args.some((one) => l.has(one));
  if (t.isSuper(node.callee) || t.isImport(node.callee))
    return { ...node, arguments: lowerOperands(l, args, out) as t.Expression[] };
  if (t.isOptionalMemberExpression(node.callee)) return callOfChain(l, node, node.callee, out);
  if (!t.isMemberExpression(node.callee)) {
    const [callee, ...rest] = lowerOperands(l, [node.callee as t.Expression, ...args], out);
    return { ...node, callee: callee as t.Expression, arguments: rest as t.Expression[] };
  }
  if (!argsWait) return { ...node, callee: lowerMember(l, node.callee, out, args) };
  if (isStatic(l, node.callee)) return { ...node, arguments: lowerOperands(l, args, out) as t.Expression[] };
  const member = lowerMember(l, node.callee, out, args);
  const f = spill(l, member, feedName(node.callee) || "method", out);
  const receiver = t.isSuper(node.callee.object) ? l.receiver(node.callee.object) : member.object;
  const list = t.arrayExpression(lowerOperands(l, args, out));
  return at(
    helper("$apply", f, receiver, list, t.stringLiteral(feedName(node.callee) || "expression")),
    node,
  );
}

/** `Promise.all`: stays with its call, which tells the machine's from the platform's. */
function isStatic(l: Lowering, { object, computed }: t.MemberExpression): boolean {
  return (
    !computed && t.isIdentifier(object, { name: "Promise" }) && l.resolved.refs.get(object) === undefined
  );
}

function lowerObject(l: Lowering, node: t.ObjectExpression, out: Stmt[]): t.Expression {
  const last = node.properties.findLastIndex((one) => l.has(one));
  const properties = node.properties.map((one, i) => {
    if (i > last) return one;
    const later = node.properties.slice(i + 1);
    if (t.isSpreadElement(one)) {
      const value = lowerExpression(l, one.argument, out);
      return t.spreadElement(
        i === last ? value : spill(l, t.objectExpression([t.spreadElement(value)]), "spread", out),
      );
    }
    let key = one.key as t.Expression;
    if (one.computed && (l.has(one) || i < last) && !isConstantLiteral(key))
      key = spill(l, helper("$key", lowerExpression(l, key, out)), "key", out);
    if (t.isObjectMethod(one)) return moved(l, one, { ...one, key });
    let value = lowerExpression(l, one.value as t.Expression, out);
    if (i < last) {
      if (one.computed && l.resolved.fns.get(one.value)?.nameIsComputed) value = helper("$name", value, key);
      value = keep(l, value, later, out);
    }
    return { ...one, shorthand: false, key, value };
  });
  const copy = { ...node, properties };
  const scope = l.resolved.scopes.get(node);
  if (scope !== undefined) l.resolved.scopes.set(copy, scope);
  return copy;
}

/** A copy stands for the same function. */
function moved<N extends t.Node>(l: Lowering, from: N, copy: N): N {
  const fn = l.resolved.fns.get(from);
  if (fn !== undefined) l.resolved.fns.set(copy, fn);
  return copy;
}

/** A class whose heritage or computed keys contain suspend points: both are evaluated in front of it, in their order (§15.7.14). */
export function lowerClass<C extends t.Class>(l: Lowering, node: C, out: Stmt[]): C {
  const members = node.body.body;
  const last = members.findLastIndex((one) => l.has(one));
  const head = l.resolved.scopes.get(node.body);
  if (head?.record && l.has(node)) l.enter(head, out);
  let superClass = node.superClass ?? null;
  if (superClass !== null && l.has(node)) {
    superClass = lowerExpression(l, superClass, out);
    if (last >= 0) superClass = spill(l, superClass, "heritage", out);
  }
  const body = members.map((one, i) => {
    if (i > last || !("computed" in one) || !one.computed) return one;
    const key = lowerExpression(l, one.key as t.Expression, out);
    if (i === last || isConstantLiteral(key)) return moved(l, one, { ...one, key } as typeof one);
    return moved(l, one, { ...one, key: spill(l, helper("$key", key), "key", out) } as typeof one);
  });
  return moved(l, node, { ...node, superClass, body: { ...node.body, body } });
}

function lowerAssignment(l: Lowering, node: t.AssignmentExpression, out: Stmt[]): t.Expression {
  const { left, operator } = node;
  if (t.isObjectPattern(left) || t.isArrayPattern(left)) {
    if (!l.has(left)) return { ...node, right: lowerExpression(l, node.right, out) };
    const value = spill(l, lowerExpression(l, node.right, out), "source", out);
    l.assign(l, left, value, out);
    return value;
  }
  const target = t.isMemberExpression(left) ? lowerMember(l, left, out, [node.right]) : left;
  if (operator === "=") return { ...node, left: target, right: lowerExpression(l, node.right, out) };
  // Read and written at one place: only what is kept over an await may be named twice.
  if (!l.has(node.right)) return { ...node, left: target };
  const old = target as t.Expression;
  if (operator === "&&=" || operator === "||=" || operator === "??=") {
    const result = spill(l, old, feedName(old) || "old", out);
    const yes: Stmt[] = [];
    const value = lowerExpression(l, node.right, yes);
    yes.push(
      js(
        t.expressionStatement(
          t.assignmentExpression(
            "=",
            l.ref(l.resolved.refs.get(result)!),
            at(t.assignmentExpression("=", target, value), node),
          ),
        ),
      ),
    );
    out.push({ kind: "if", test: goesOn(operator.slice(0, -1), result), yes, no: [] });
    return result;
  }
  const before = keep(l, old, [node.right], out, feedName(old) || "old");
  const value = lowerExpression(l, node.right, out);
  const sum = t.binaryExpression(operator.slice(0, -1) as t.BinaryExpression["operator"], before, value);
  return at(t.assignmentExpression("=", target, sum), node);
}

/** `a?.b(await c).d`: one labelled block that is left as soon as the chain ends early. */
function lowerChain(
  l: Lowering,
  node: t.OptionalMemberExpression | t.OptionalCallExpression,
  out: Stmt[],
): t.Expression {
  const result = l.temp("chain");
  const label = l.label("chain");
  const body: Stmt[] = [];
  out.push(js(l.set(result, t.identifier("undefined"))));
  body.push(js(l.set(result, link(l, node, label, body).value)));
  out.push({ kind: "labeled", label, body });
  return l.ref(result);
}

/** `delete a?.[await b]`: true when the chain ends early. */
function deleteOfChain(
  l: Lowering,
  node: t.UnaryExpression,
  argument: t.OptionalMemberExpression,
  out: Stmt[],
): t.Expression {
  const result = l.temp("deleted");
  const label = l.label("chain");
  const body: Stmt[] = [];
  out.push(js(l.set(result, t.booleanLiteral(true))));
  const member = link(l, argument, label, body).value;
  body.push(js(l.set(result, { ...node, argument: member })));
  out.push({ kind: "labeled", label, body });
  return l.ref(result);
}

/** `(a?.b)(await c)`: the chain ends before the call, which is made in any case, with the receiver of the chain. */
function callOfChain(
  l: Lowering,
  node: t.CallExpression,
  callee: t.OptionalMemberExpression,
  out: Stmt[],
): t.Expression {
  const f = l.temp("chain");
  const receiver = l.temp("receiver");
  const label = l.label("chain");
  const body: Stmt[] = [];
  out.push(js(l.set(f, t.identifier("undefined"))), js(l.set(receiver, t.identifier("undefined"))));
  const end = link(l, callee, label, body);
  body.push(js(l.set(receiver, end.receiver!)), js(l.set(f, end.value)));
  out.push({ kind: "labeled", label, body });
  const args = t.arrayExpression(lowerOperands(l, node.arguments as Operand[], out));
  const text = t.stringLiteral(feedName(callee) || "expression");
  return at(helper("$apply", l.ref(f), l.ref(receiver), args, text), node);
}

interface Link {
  readonly value: t.Expression;
  /** The object that a call of `value` gets as `this`. */
  readonly receiver: t.Expression | null;
}

function link(l: Lowering, node: t.Expression, label: string, out: Stmt[]): Link {
  const check = (value: t.Expression, name: string): t.Expression => {
    const kept =
      t.isIdentifier(value) && l.resolved.refs.get(value)?.kind === "temp"
        ? value
        : spill(l, value, name, out);
    out.push({
      kind: "if",
      test: t.binaryExpression("==", kept, t.nullLiteral()),
      yes: [js(t.breakStatement(t.identifier(label)))],
      no: [],
    });
    return kept;
  };
  if (
    node.type === "OptionalMemberExpression" ||
    (node.type === "MemberExpression" && !t.isSuper(node.object))
  ) {
    let object = link(l, node.object as t.Expression, label, out).value;
    if (node.optional) object = check(object, feedName(object) || "object");
    else if (!(t.isIdentifier(object) && l.resolved.refs.get(object)?.kind === "temp"))
      object = spill(l, object, feedName(object) || "object", out);
    const property = node.computed ? lowerExpression(l, node.property as t.Expression, out) : node.property;
    return { value: t.memberExpression(object, property as t.Expression, node.computed), receiver: object };
  }
  if (
    node.type === "OptionalCallExpression" ||
    (node.type === "CallExpression" && !t.isSuper(node.callee) && !t.isImport(node.callee))
  ) {
    const callee = link(l, node.callee as t.Expression, label, out);
    const name = feedName(node.callee) || "expression";
    let f = spill(l, callee.value, name, out) as t.Expression;
    if (node.optional) f = check(f, name);
    const args = lowerOperands(l, node.arguments as Operand[], out);
    const receiver = callee.receiver ?? t.identifier("undefined");
    return {
      value: helper("$apply", f, receiver, t.arrayExpression(args), t.stringLiteral(name)),
      receiver: null,
    };
  }
  const ofSuper = node.type === "MemberExpression" && t.isSuper(node.object);
  return {
    value: lowerExpression(l, node, out),
    receiver: ofSuper ? l.receiver(node.object) : null,
  };
}

function at<N extends t.Node>(node: N, from: t.Node): N {
  node.loc = from.loc ?? null;
  return node;
}
