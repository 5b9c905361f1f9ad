/**
 * `super` and private names in code that has left its class: step functions, closures, methods of object literals. What
 * stays in a class body uses the engine's own.
 *
 * | source | emitted |
 * |---|---|
 * | `super.x` | `$superGet(home, "x", this)` |
 * | `super.m(a)` | `$apply($superGet(home, "m", this), this, [a], …)` |
 * | `super.x += v` | `$super(home, "x", this).value += v` |
 * | `o.#x`, `#x in o` | `name.get(o)`, `name.has(o)` |
 * | `o.#x = v`, `o.#x += v` | `name.set(o, v)`, `name.at(o).value += v` |
 * | `o.#m(a)` | `name.method(o)(a)` |
 *
 * `name` is the class' own private name, reached through the class (ECMA-262 §6.2.12).
 */
import * as t from "@babel/types";
import type { PrivateMember, PrivateUse, SuperUse, Variable } from "../ir.ts";
import { feedName } from "../names.ts";
import type { Emitter, Rewriting } from "./emitter.ts";

type Member = t.MemberExpression | t.OptionalMemberExpression;

const method = (object: t.Expression, name: string, ...args: t.Expression[]): t.CallExpression =>
  t.callExpression(t.memberExpression(object, t.identifier(name)), args);

function superOf(module: Emitter, node: Member): SuperUse | undefined {
  return module.resolved.supers.get(node.object);
}

function privateOf(module: Emitter, node: Member): PrivateUse | undefined {
  return module.resolved.privates.get(node.property);
}

/** Whether the member is one that cannot stay as it is written. */
export function isMoved(module: Emitter, node: t.Node): node is Member {
  return (
    (t.isMemberExpression(node) || t.isOptionalMemberExpression(node)) &&
    (superOf(module, node) !== undefined || privateOf(module, node) !== undefined)
  );
}

/** The class of a hidden or named inner binding: what the machine knows of it. */
function names(rw: Rewriting, self: Variable): t.Expression {
  const owner = self.scope.fn;
  const value = owner.inPlace
    ? t.identifier(rw.module.classValue(owner))
    : rw.module.call("$classOf", rw.place(self));
  return t.memberExpression(value, t.identifier("names"));
}

/** `$private(name, …)`, within the class: how code outside of it reaches the name. */
export function tellPrivate(module: Emitter, { name, kind, isStatic }: PrivateMember): t.Expression {
  const object = () => t.identifier("o");
  const key = () => t.privateName(t.identifier(name));
  const place = () => t.memberExpression(object(), key());
  const set = t.assignmentExpression("=", place() as unknown as t.LVal, t.identifier("v"));
  return module.call(
    "$private",
    t.stringLiteral(name),
    t.stringLiteral(kind),
    t.booleanLiteral(isStatic),
    t.arrowFunctionExpression([object()], place()),
    t.arrowFunctionExpression([object(), t.identifier("v")], set),
    t.arrowFunctionExpression([object()], t.binaryExpression("in", key(), object())),
  );
}

/** A name of a class that is not made yet, `class { #m; static name = $private("m", …) }.name`: no object has it. */
function unborn(rw: Rewriting, name: string): t.Expression {
  const told = tellPrivate(rw.module, { name, kind: "field", isStatic: false });
  const members = [
    t.classPrivateProperty(t.privateName(t.identifier(name)), null, [], false),
    t.classProperty(t.identifier("name"), told, null, [], false, true),
  ];
  return t.memberExpression(t.classExpression(null, null, t.classBody(members)), t.identifier("name"));
}

export function privateName(rw: Rewriting, use: PrivateUse): t.Expression {
  if (use.self === null) return unborn(rw, use.name);
  return t.memberExpression(names(rw, use.self), t.numericLiteral(use.index), true);
}

export function homeObject(rw: Rewriting, use: SuperUse): t.Expression {
  const home = rw.place(use.home);
  return use.ofPrototype ? t.memberExpression(home, t.identifier("prototype")) : home;
}

function superParts(rw: Rewriting, node: Member, use: SuperUse): t.Expression[] {
  const key = node.computed
    ? rw.expression(node.property)
    : t.stringLiteral((node.property as t.Identifier).name);
  return [homeObject(rw, use), key, rw.receiver(use.receiver)];
}

/** The value of a moved member. */
export function readMoved(rw: Rewriting, node: Member): t.Expression {
  const use = superOf(rw.module, node);
  if (use !== undefined) return rw.module.call("$superGet", ...superParts(rw, node, use));
  const name = privateName(rw, privateOf(rw.module, node)!);
  return method(name, "get", rw.expression(node.object));
}

/** A moved member as the target of an assignment. */
export function moved(rw: Rewriting, node: Member): t.MemberExpression {
  const use = superOf(rw.module, node);
  const reference =
    use !== undefined
      ? rw.module.call(rw.fn.strict ? "$super" : "$superSloppy", ...superParts(rw, node, use))
      : method(privateName(rw, privateOf(rw.module, node)!), "at", rw.expression(node.object));
  return t.memberExpression(reference, t.identifier("value"));
}

/** `o.#x = right`, where nothing else has to happen; null: not a private name. */
export function setMoved(rw: Rewriting, node: Member, right: t.Expression): t.Expression | null {
  const use = privateOf(rw.module, node);
  if (use === undefined) return null;
  return method(privateName(rw, use), "set", rw.expression(node.object), rw.expression(right));
}

/** A moved member as the callee of a call: gets its `this`. */
export function calleeMoved(rw: Rewriting, node: Member): t.Expression {
  const use = superOf(rw.module, node);
  if (use !== undefined) {
    const text = t.stringLiteral(`(intermediate value).${feedName(node) || "expression"}`);
    return rw.module.call("$superMethod", ...superParts(rw, node, use), text);
  }
  const name = privateName(rw, privateOf(rw.module, node)!);
  return method(name, "method", rw.expression(node.object));
}

/** `delete super.x`: evaluates its parts, then throws (ECMA-262 §13.5.1.2). */
export function deleteMoved(rw: Rewriting, node: Member): t.Expression | null {
  const use = superOf(rw.module, node);
  if (use === undefined) return null;
  return method(rw.module.call("$super", ...superParts(rw, node, use)), "delete");
}

/** Whether an optional chain goes through a moved member. */
export function hasMoved(module: Emitter, node: t.Node): boolean {
  const found: boolean = isMoved(module, node);
  if (found) return true;
  if (t.isMemberExpression(node) || t.isOptionalMemberExpression(node)) return hasMoved(module, node.object);
  if (t.isCallExpression(node) || t.isOptionalCallExpression(node)) return hasMoved(module, node.callee);
  return false;
}

/**
 * An optional chain with moved members: each `?.` is a function whose parameter is what stands before it.
 *
 * `a?.#x.b` ↦ `(($1) => $1 == null ? undefined : name.get($1).b)(a)`
 */
export function chainMoved(rw: Rewriting, node: t.Expression): t.Expression {
  let count = 0;
  const optional = (value: t.Expression, rest: (kept: t.Identifier) => t.Expression): t.Expression => {
    const param = t.identifier(`$p${++count}`);
    const test = t.binaryExpression("==", param, t.nullLiteral());
    const body = t.conditionalExpression(test, t.identifier("undefined"), rest(param));
    return t.callExpression(t.arrowFunctionExpression([param], body), [value]);
  };
  const member = (of: Member, object: t.Expression): t.Expression => {
    const use = privateOf(rw.module, of);
    if (use !== undefined) return method(privateName(rw, use), "get", object);
    const property = of.computed ? rw.expression(of.property) : t.cloneNode(of.property, false);
    return t.memberExpression(object, property, of.computed);
  };
  const link = (one: t.Node, rest: (value: t.Expression) => t.Expression): t.Expression => {
    if (t.isOptionalMemberExpression(one) || (t.isMemberExpression(one) && !t.isSuper(one.object))) {
      const of: Member = one;
      return link(of.object, (object) =>
        of.optional ? optional(object, (kept) => rest(member(of, kept))) : rest(member(of, object)),
      );
    }
    if (one.type === "OptionalCallExpression") return call(one, rest);
    return rest(rw.expression(one));
  };
  const call = (one: t.OptionalCallExpression, rest: (value: t.Expression) => t.Expression): t.Expression => {
    const args = () => one.arguments.map((argument) => rw.any(argument) as t.Expression);
    const { callee } = one;
    if (!t.isMemberExpression(callee) && !t.isOptionalMemberExpression(callee))
      return link(callee, (f) =>
        one.optional
          ? optional(f, (kept) => rest(t.callExpression(kept, args())))
          : rest(t.callExpression(f, args())),
      );
    const receiver = `$p${++count}`;
    const invoke = (f: t.Expression): t.Expression => {
      const list = t.arrayExpression(args());
      return rest(
        rw.module.call(
          "$apply",
          f,
          t.identifier(receiver),
          list,
          t.stringLiteral(feedName(callee) || "expression"),
        ),
      );
    };
    const within = (object: t.Expression, read: (object: t.Expression) => t.Expression): t.Expression => {
      const f = read(t.identifier(receiver));
      const body = one.optional ? optional(f, invoke) : invoke(f);
      return t.callExpression(t.arrowFunctionExpression([t.identifier(receiver)], body), [object]);
    };
    const use = superOf(rw.module, callee);
    if (use !== undefined) return within(rw.receiver(use.receiver), () => readMoved(rw, callee));
    return link(callee.object, (object) =>
      callee.optional
        ? optional(object, (kept) => within(kept, (of) => member(callee, of)))
        : within(object, (of) => member(callee, of)),
    );
  };
  return link(node, (value) => value);
}
