/** Components: the names of JSX elements, where they are variables. */
import * as t from "@babel/types";
import type { Emitter, Rewriting } from "./emitter.ts";

/** `Card` in a scope record ↦ `$s.Card` */
export function component(module: Emitter, rewriter: Rewriting, node: t.JSXIdentifier): t.Node {
  const variable = module.resolved.refs.get(node);
  if (variable === undefined || variable.scope.kind === "module") return node;
  const place = rewriter.place(variable);
  if (variable.kind === "implicit" && variable.scope.fn === rewriter.fn && rewriter.locals === null)
    return node;
  if (module.resolved.tdzChecks.has(node))
    module.diagnostics.error(
      "CF1012",
      node,
      `a component in "${node.name}", which may not be initialised yet; declare it before.`,
    );
  if (!t.isMemberExpression(place)) return t.jsxIdentifier((place as t.Identifier).name);
  const holder = t.jsxIdentifier((place.object as t.Identifier).name);
  return t.jsxMemberExpression(holder, t.jsxIdentifier(variable.name));
}
