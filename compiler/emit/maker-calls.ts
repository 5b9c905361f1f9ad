/** `xs.entries()`, `xs[Symbol.iterator]()`, `f.bind(o)` …: calls that may make objects with hidden state; see `$method` of the machine. */
import * as t from "@babel/types";
import { feedName } from "../feed-name.ts";

const makers: ReadonlySet<string> = new Set(["entries", "keys", "values", "matchAll", "bind"]);

/** The key of the method, as an expression; null: the callee is none of these. */
export function makerKey(callee: t.Node): t.Expression | null {
  if (!t.isMemberExpression(callee)) return null;
  const { property } = callee;
  if (!callee.computed)
    return t.isIdentifier(property) && makers.has(property.name) ? t.stringLiteral(property.name) : null;
  return isSymbolIterator(property) ? t.cloneNode(property as t.Expression) : null;
}

function isSymbolIterator(node: t.Node): boolean {
  return (
    t.isMemberExpression(node, { computed: false }) &&
    t.isIdentifier(node.object, { name: "Symbol" }) &&
    t.isIdentifier(node.property, { name: "iterator" })
  );
}

/** The callee as error messages quote it. */
export function makerText(callee: t.MemberExpression): string {
  const { property } = callee;
  if (callee.computed) return `${feedName(callee.object) || "object"}[Symbol.iterator]`;
  return feedName(callee) || `(intermediate value).${(property as t.Identifier).name}`;
}

/** Evaluating it before or after the method is read makes no difference. */
export function hasNoEffect(node: t.Node): boolean {
  if (t.isIdentifier(node) || t.isThisExpression(node) || t.isFunction(node)) return true;
  return t.isLiteral(node) && !t.isTemplateLiteral(node);
}
