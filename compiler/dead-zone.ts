/** Temporal dead zones (ECMA-262 §9.1.1.1.6): which references may come before the initialisation of their variable. */
import type * as t from "@babel/types";
import type { Scope, Variable } from "./ir.ts";

/** Whether `id`, a reference in `scope`, may be evaluated before `variable` is initialised. By position: may say yes too often. */
export function mayBeInDeadZone(id: t.Node, variable: Variable, scope: Scope): boolean {
  const { kind } = variable;
  if (kind !== "let" && kind !== "const" && kind !== "class" && kind !== "param") return false;
  const owner = variable.scope.fn;
  if (variable.scope.kind === "module") return false;
  if (scope.fn === owner) {
    if (variable.scope.kind === "switch") return true;
    return !((id.start ?? Number.NaN) >= variable.initEnd);
  }
  let child = scope.fn;
  let insideInit = child.node === variable.init;
  while (child.parent !== owner && child.parent !== null) {
    child = child.parent;
    if (child.node === variable.init) insideInit = true;
  }
  if (insideInit) return false;
  if (variable.scope.kind === "switch") return true;
  const created =
    child.hoisted && kind !== "param"
      ? (child.scope.parent?.node.start ?? Number.NaN)
      : (child.node.start ?? Number.NaN);
  return !(created >= variable.initEnd);
}
