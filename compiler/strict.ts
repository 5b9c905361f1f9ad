/** Strict mode code (ECMA-262 §11.2.2): modules, classes, and what stands behind "use strict". */
import * as t from "@babel/types";

export function isStrict(node: t.Node, parent: { readonly strict: boolean } | null): boolean {
  if (parent?.strict || t.isClass(node)) return true;
  if (t.isProgram(node)) return node.sourceType === "module" || hasUseStrict(node);
  return t.isFunction(node) && t.isBlockStatement(node.body) && hasUseStrict(node.body);
}

const hasUseStrict = (node: { readonly directives: t.Directive[] }): boolean =>
  node.directives.some((one) => one.value.value === "use strict");
