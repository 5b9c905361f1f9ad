/**
 * What can never be kept in a marked module, or would change its meaning without a word. In a file that no directive marks, only an
 * option does, it is nobody's fault: such a file is left as it is, and warned of.
 */
import * as t from "@babel/types";
import { walk } from "./children.ts";
import type { Diagnostic, Diagnostics } from "./diagnostics.ts";
import type { Resolved } from "./resolve.ts";

export function refuse(
  file: t.File,
  resolved: Resolved,
  diagnostics: Diagnostics,
  severity: Diagnostic["severity"],
): void {
  walk(file, (node) => {
    if (
      t.isCallExpression(node) &&
      t.isIdentifier(node.callee, { name: "eval" }) &&
      resolved.globals.has("eval")
    )
      diagnostics.error(
        "CF1011",
        node,
        "it can name variables that are no longer there; call (0, eval)(text), which cannot.",
        severity,
      );
    if (t.isWithStatement(node))
      diagnostics.error("CF1010", node, "name the object, and read its properties.", severity);
  });
}
