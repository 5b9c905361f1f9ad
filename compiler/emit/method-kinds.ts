/**
 * Async methods and generators of classes are emitted as plain methods; the first static block of the class makes them look like
 * what they are.
 *
 * | source | emitted |
 * |---|---|
 * | `async pages() {}` | `$methodKind(this.prototype, "pages", C_pages$code)` |
 * | `static async [k]() {}` | `$methodKind(this, $computed[0], code)` |
 * | `async #load() {}` | `$privateKind(this, "load", code)` |
 * | `async a() {} [k]() {}` | `"a" !== $computed[0] && $methodKind(…)`: only the last of a name is there |
 * | `*each() {}`, in a class that a factory makes | `$methods[0] = $methodKind(…)` |
 */
import * as t from "@babel/types";
import type { Fn } from "../ir.ts";
import { keyName } from "../key-name.ts";
import type { Emitter } from "./emitter.ts";

type Member = t.ClassBody["body"][number];
type Method = t.ClassMethod | t.ClassPrivateMethod;

const isMethod = (one: Member): one is Method =>
  (t.isClassMethod(one) || t.isClassPrivateMethod(one)) && one.kind !== "constructor";

const suspends = (module: Emitter, one: Method): boolean => {
  const fn = module.fnOf(one);
  return fn.suspends && !fn.isStep;
};

/** @param key a computed key once more */
export function methodKinds(
  module: Emitter,
  owner: Fn,
  node: t.Class,
  key: (one: t.ClassMethod) => t.Expression,
): t.Statement[] {
  const methods = node.body.body.filter(isMethod);
  const value = (one: t.ClassMethod) => (one.computed ? key(one) : t.stringLiteral(keyName(one)));
  return methods.flatMap((one, i): t.Statement[] => {
    if (!suspends(module, one)) return [];
    const code = t.identifier(module.fnOf(one).codeName);
    const place = generatorPlace(module, owner, one);
    const kept = (call: t.Expression) => (place === null ? call : t.assignmentExpression("=", place, call));
    if (t.isClassPrivateMethod(one)) {
      const name = t.stringLiteral(one.key.id.name);
      return [t.expressionStatement(kept(module.call("$privateKind", t.thisExpression(), name, code)))];
    }
    const later = methods.slice(i + 1).filter((two) => mayReplace(two, one));
    if (later.some((two) => isSameName(two, one))) return [];
    const call = kept(module.call("$methodKind", home(one), value(one), code));
    const guarded = later.reduceRight<t.Expression>(
      (rest, two) => t.logicalExpression("&&", t.binaryExpression("!==", value(one), value(two)), rest),
      call,
    );
    return [t.expressionStatement(guarded)];
  });
}

/** The methods of a class in place whose computed keys are asked for again; that of a well-known symbol is as good as new. */
export function keysOfKinds(module: Emitter, node: t.Class): ReadonlySet<Member> {
  const methods = node.body.body.filter(isMethod);
  if (!methods.some((one) => t.isClassMethod(one) && suspends(module, one))) return new Set();
  return new Set(methods.filter((one) => t.isClassMethod(one) && one.computed && !isWellKnown(one.key)));
}

/**
 * `$methods[3]`: where a generator method of a class that is made by a factory finds itself, whose `prototype` its objects inherit from.
 * A class in place is there once, so its code leads to the method; null for it, and for all other members.
 */
export function generatorPlace(module: Emitter, owner: Fn, one: Member): t.MemberExpression | null {
  if (owner.inPlace || !isMethod(one) || !one.generator || module.fnOf(one).isStep) return null;
  const index = (owner.node as t.Class).body.body.indexOf(one);
  return t.memberExpression(t.identifier("$methods"), t.numericLiteral(index), true);
}

const home = (one: t.ClassMethod): t.Expression =>
  one.static ? t.thisExpression() : t.memberExpression(t.thisExpression(), t.identifier("prototype"));

/** Whether a later member may have the key of this one. */
function mayReplace(later: Method, one: t.ClassMethod): later is t.ClassMethod {
  if (!t.isClassMethod(later) || later.static !== one.static) return false;
  if (isSameName(later, one)) return true;
  const isKnown = (two: t.ClassMethod) => !two.computed || isWellKnown(two.key);
  return !(isKnown(later) && isKnown(one));
}

function isSameName(later: t.ClassMethod, one: t.ClassMethod): boolean {
  if (Boolean(later.computed) !== Boolean(one.computed)) return false;
  if (!one.computed) return keyName(later) === keyName(one);
  return isWellKnown(one.key) && isWellKnown(later.key) && t.isNodesEquivalent(one.key, later.key);
}

/** `Symbol.asyncIterator`: evaluating it again gives the same. */
function isWellKnown(key: t.Node): key is t.MemberExpression {
  return t.isMemberExpression(key, { computed: false }) && t.isIdentifier(key.object, { name: "Symbol" });
}
