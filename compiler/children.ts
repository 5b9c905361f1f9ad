/**
 * Where the children of a node stand, for the passes behind erasing: plain JavaScript, without the places that @babel/types keeps for
 * types and decorators. Those are most of the keys of most nodes, an identifier has no others, and every pass goes over every node:
 * without them compiling takes a tenth less.
 */
import type * as t from "@babel/types";
import { VISITOR_KEYS } from "@babel/types";

const erased: ReadonlySet<string> = new Set([
  ...["typeAnnotation", "typeParameters", "typeArguments", "returnType", "predicate", "variance"],
  ...["superTypeParameters", "superTypeArguments", "implements", "mixins", "decorators", "assertions"],
]);

const byType: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(VISITOR_KEYS).map(([type, keys]) => [type, keys.filter((key) => !erased.has(key))]),
);
const none: readonly string[] = [];

/** The fields of nodes of a type that hold a node, a list of nodes, or null; in the order of evaluation. */
export function childKeys(type: string): readonly string[] {
  return byType.get(type) ?? none;
}

/** Calls `visit` for `node` and all below it, from top to bottom. */
export function walk(node: t.Node, visit: (node: t.Node) => void): void {
  visit(node);
  const fields = node as unknown as { readonly [key: string]: t.Node | null | undefined };
  const keys = childKeys(node.type);
  for (let i = 0; i < keys.length; i++) {
    const child: unknown = fields[keys[i]!];
    if (child === null || child === undefined) continue;
    if (Array.isArray(child)) {
      for (let k = 0; k < child.length; k++) {
        const one = child[k] as t.Node | null;
        if (one !== null) walk(one, visit);
      }
    } else walk(child as t.Node, visit);
  }
}
