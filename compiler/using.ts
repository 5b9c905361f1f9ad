/** `using` and `await using` declarations, for the passes that take them apart: see `runtime/machine/disposal.ts`. */
import * as t from "@babel/types";

export type UsingDeclaration = t.VariableDeclaration & { kind: "using" | "await using" };

export function isUsing(node: t.Node | null | undefined): node is UsingDeclaration {
  return t.isVariableDeclaration(node) && (node.kind === "using" || node.kind === "await using");
}

/** The first declaration of a statement list that disposes of what it declares: one that awaits, if there is any. */
export function usingOf(list: readonly t.Node[]): UsingDeclaration | undefined {
  const found = list.filter(isUsing);
  return found.find((one) => one.kind === "await using") ?? found[0];
}

/** `$held.use(value)` */
export function acquire(
  { kind }: UsingDeclaration,
  held: t.Expression,
  value: t.Expression,
): t.CallExpression {
  const method = t.identifier(kind === "using" ? "use" : "useAsync");
  return t.callExpression(t.memberExpression(held, method), [value]);
}
