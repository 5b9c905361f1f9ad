/** What can never be kept in a marked module, or would change its meaning without a word. */
import * as t from "@babel/types";
import type { Diagnostics } from "./diagnostics.ts";
import { helperNames, reserved } from "./reserved-names.ts";
import type { Resolved } from "./resolve.ts";
import { isUsing } from "./using.ts";

const ours: ReadonlySet<string> = new Set([...reserved, ...helperNames]);
const numbered = /^\$(arg|p)\d+$/;

export function refuse(file: t.File, resolved: Resolved, diagnostics: Diagnostics): void {
  const told = new Set<string>();
  const { body } = file.program;
  for (const node of body)
    if (isUsing(node))
      diagnostics.error(
        "CF1012",
        node,
        `"${node.kind}" at the top of a module; open the resource in the function that needs it.`,
      );
  t.traverseFast(file, (node) => {
    if (
      t.isCallExpression(node) &&
      t.isIdentifier(node.callee, { name: "eval" }) &&
      resolved.globals.has("eval")
    )
      diagnostics.error(
        "CF1011",
        node,
        "it can name variables that are no longer there; call (0, eval)(text), which cannot.",
      );
    if (t.isWithStatement(node))
      diagnostics.error("CF1010", node, "name the object, and read its properties.");
    if (!t.isIdentifier(node) || !(ours.has(node.name) || numbered.test(node.name)) || told.has(node.name))
      return;
    if (!resolved.names.has(node.name)) return;
    told.add(node.name);
    diagnostics.error(
      "CF1013",
      node,
      `"${node.name}" is a name that the compiler gives; rename it in this file.`,
    );
  });
}
