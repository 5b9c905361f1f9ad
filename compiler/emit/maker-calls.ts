/** `xs.entries()`, `xs[Symbol.iterator]()`, `f.bind(o)` …: calls that may make objects with hidden state; see `$method` of the machine. */
import * as t from "@babel/types";
import { feedName } from "../names.ts";
import type { Emitter, Rewriting } from "./emitter.ts";

const nativeStateMakers: ReadonlySet<string> = new Set([
  ...["entries", "keys", "values", "matchAll", "bind"],
  ...["addEventListener", "removeEventListener"],
]);
/** Static methods of built-in classes. */
const staticMakers: { readonly [name: string]: string } = {
  any: "AbortSignal",
  timeout: "AbortSignal",
  from: "Iterator",
};

/** Evaluating it before or after the method is read makes no difference. */
function hasNoEffect(node: t.Node): boolean {
  if (t.isIdentifier(node) || t.isThisExpression(node) || t.isFunction(node)) return true;
  return t.isLiteral(node) && !t.isTemplateLiteral(node);
}

/** Calls of methods that make objects with state that cannot be read: the machine makes savable ones. Null: no such call. */
export function nativeStateCall(
  module: Emitter,
  rewriter: Rewriting,
  node: t.CallExpression | t.OptionalCallExpression,
): t.Expression | null {
  if (rewriter.fn.kind === "module") return null;
  if (t.isOptionalCallExpression(node)) return nativeStateChain(module, rewriter, node);
  if (!makesNativeState(module, node)) return null;
  const callee = node.callee as t.MemberExpression;
  return makingCall(module, rewriter, node, callee, rewriter.expression(callee.object));
}

/** The same for an optional chain that ends here. */
export function nativeStateChain(module: Emitter, rewriter: Rewriting, node: Chain): t.Expression | null {
  return rewriter.fn.kind !== "module" && chainHas(module, node) ? chain(module, rewriter, node) : null;
}

/** Whether the method of a call may be one that makes such an object. */
function makesNativeState(
  module: Emitter,
  { callee, arguments: args }: t.CallExpression | t.OptionalCallExpression,
): boolean {
  if (!t.isMemberExpression(callee) && !t.isOptionalMemberExpression(callee)) return false;
  const { object, property } = callee;
  if (t.isSuper(object)) return false;
  // Those whose key is known when it runs take no arguments: `xs[Symbol.iterator]()`, `xs[mode]()`.
  if (callee.computed) return args.length === 0 && !t.isLiteral(property) && !t.isUpdateExpression(property);
  if (!t.isIdentifier(property)) return false;
  if (Object.hasOwn(staticMakers, property.name)) {
    const name = staticMakers[property.name]!;
    return t.isIdentifier(object, { name }) && module.resolved.globals.has(name);
  }
  if (!nativeStateMakers.has(property.name)) return false;
  return !(t.isIdentifier(object, { name: "Object" }) && module.resolved.globals.has("Object"));
}

/** The callee as error messages quote it. */
function makerText(callee: t.MemberExpression | t.OptionalMemberExpression): string {
  const { property } = callee;
  if (!callee.computed) return feedName(callee) || `(intermediate value).${(property as t.Identifier).name}`;
  const key = t.isMemberExpression(property)
    ? feedName(property)
    : t.isIdentifier(property)
      ? property.name
      : "…";
  return `${feedName(callee.object) || "object"}[${key}]`;
}

function makingCall(
  module: Emitter,
  rewriter: Rewriting,
  node: t.CallExpression | t.OptionalCallExpression,
  callee: t.MemberExpression | t.OptionalMemberExpression,
  object: t.Expression,
): t.Expression {
  const text = t.stringLiteral(makerText(callee));
  const name = callee.computed
    ? rewriter.expression(callee.property)
    : t.stringLiteral((callee.property as t.Identifier).name);
  const args = t.arrayExpression(node.arguments.map((one) => rewriter.any(one) as t.Expression));
  const made = node.arguments.every(hasNoEffect)
    ? module.call("$method", object, name, args, text)
    : t.callExpression(module.call("$callee", object, name, text), [args]);
  made.loc = node.loc ?? null;
  return made;
}

type Chain = t.OptionalCallExpression | t.OptionalMemberExpression;
const isLink = (node: t.Node): node is Chain =>
  t.isOptionalCallExpression(node) || t.isOptionalMemberExpression(node);

/** Whether a link of an optional chain is such a call, and only its objects are optional, not its methods. */
function chainHas(module: Emitter, node: Chain): boolean {
  let found = false;
  let link: t.Node = node;
  while (isLink(link)) {
    if (t.isOptionalCallExpression(link)) {
      if (link.optional) return false;
      if (makesNativeState(module, link)) found = true;
      link = link.callee;
    } else link = link.object;
  }
  return found;
}

/** `a?.b.entries()` ↦ `$chain(a, ($x) => $method($x.b, "entries", [], …))` */
function chain(module: Emitter, rewriter: Rewriting, node: Chain): t.Expression {
  const link = (one: t.Expression, rest: (value: t.Expression) => t.Expression): t.Expression => {
    if (!isLink(one)) return rest(rewriter.expression(one));
    if (t.isOptionalMemberExpression(one)) return member(one, (object) => rest(read(one, object)));
    const { callee } = one;
    if (!t.isOptionalMemberExpression(callee)) return link(callee, (f) => rest(call(one, f)));
    return member(callee, (object) =>
      rest(
        makesNativeState(module, one)
          ? makingCall(module, rewriter, one, callee, object)
          : call(one, read(callee, object)),
      ),
    );
  };
  const member = (one: t.OptionalMemberExpression, rest: (object: t.Expression) => t.Expression) =>
    link(one.object, (object) =>
      one.optional
        ? module.call(
            "$chain",
            object,
            t.arrowFunctionExpression([t.identifier("$x")], rest(t.identifier("$x"))),
          )
        : rest(object),
    );
  const read = ({ property, computed }: t.OptionalMemberExpression, object: t.Expression) =>
    t.memberExpression(
      object,
      computed ? rewriter.expression(property) : t.cloneNode(property, false),
      computed,
    );
  const call = (one: t.OptionalCallExpression, f: t.Expression) =>
    t.callExpression(f, one.arguments.map((arg) => rewriter.any(arg)) as t.Expression[]);
  const made = link(node, (value) => value);
  made.loc = node.loc ?? null;
  return made;
}
