/**
 * Object literals. Methods and accessors become closures, so that they can be saved; those that use `super` share a scope
 * record that holds the object.
 *
 * | source | emitted |
 * |---|---|
 * | `{ a, get x() { … }, b }` | `$define($define({ a }, "get", "x", f), "all", { b })` |
 * | `{ [k]: () => {} }` | `{ ...$entry(k, f) }` |
 * | `{ m() { super.m() } }` | `(($home) => $home.home = { m: m$code.make($home) })(new $home$Scope())` |
 */
import * as t from "@babel/types";
import { keyName } from "../key-name.ts";
import type { Emitter, Rewriting } from "./emitter.ts";

export function objectExpression(
  module: Emitter,
  node: t.ObjectExpression,
  rewriter: Rewriting,
): t.Expression {
  const value = literal(module, node, rewriter);
  const scope = module.resolved.scopes.get(node);
  if (!scope?.record) return value;
  const [home] = scope.record.variables;
  return t.callExpression(
    t.arrowFunctionExpression(
      [rewriter.holder(scope.record)],
      t.assignmentExpression("=", rewriter.place(home!) as t.LVal, value),
    ),
    [t.newExpression(t.identifier(scope.record.className), [])],
  );
}

function literal(module: Emitter, node: t.ObjectExpression, rewriter: Rewriting): t.Expression {
  let made: t.Expression | null = null;
  let group: (t.ObjectProperty | t.SpreadElement)[] = [];
  const close = (): t.Expression => {
    const properties = t.objectExpression(group);
    group = [];
    if (made === null) return properties;
    return properties.properties.length === 0
      ? made
      : module.call("$define", made, t.stringLiteral("all"), t.nullLiteral(), properties);
  };
  for (const one of node.properties) {
    if (!t.isObjectMethod(one)) {
      group.push(entry(module, one, rewriter));
      continue;
    }
    const key = one.computed ? rewriter.expression(one.key) : (one.key as t.Expression);
    const f = module.closure(module.fnOf(one));
    if (one.kind === "method") {
      const named = !one.computed || keyName(one) !== "";
      group.push(named ? ownProperty(key, f, one.computed) : namedEntry(module, key, f));
      continue;
    }
    const name = one.computed
      ? module.call("$key", key)
      : t.isIdentifier(key)
        ? t.stringLiteral(key.name)
        : key;
    made = module.call("$define", close(), t.stringLiteral(one.kind), name, f);
  }
  return close();
}

type Entry = t.ObjectProperty | t.SpreadElement;

function entry(module: Emitter, node: Entry, rewriter: Rewriting): Entry {
  if (!t.isObjectProperty(node)) return rewriter.any(node) as Entry;
  if (node.computed && keyName(node) === "" && isAnonymousFunction(node.value))
    return namedEntry(module, rewriter.expression(node.key), rewriter.expression(node.value));
  const made = rewriter.any(node) as t.ObjectProperty;
  return node.shorthand ? ownProperty(made.key as t.Expression, made.value as t.Expression, false) : made;
}

/** A property: written out with a value, `{ __proto__ }` and `{ __proto__() {} }` would set the prototype. */
function ownProperty(key: t.Expression, value: t.Expression, computed: boolean): t.ObjectProperty {
  const name = t.isIdentifier(key) ? key.name : t.isStringLiteral(key) ? key.value : "";
  return !computed && name === "__proto__"
    ? t.objectProperty(t.stringLiteral(name), value, true)
    : t.objectProperty(key, value, computed);
}

/** A function that is named when the key is known (ECMA-262 §13.2.5.5). */
function namedEntry(module: Emitter, key: t.Expression, f: t.Expression): t.SpreadElement {
  return t.spreadElement(module.call("$entry", key, f));
}

/** IsAnonymousFunctionDefinition (§8.4.3) */
function isAnonymousFunction(node: t.Node): boolean {
  if (t.isArrowFunctionExpression(node)) return true;
  return (t.isFunctionExpression(node) || t.isClassExpression(node)) && !node.id;
}
