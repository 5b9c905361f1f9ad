/** What can never be kept in a marked module, or would change its meaning without a word. */
import * as t from "@babel/types";
import { walk } from "./children.ts";
import type { Diagnostics } from "./diagnostics.ts";
import type { Resolved } from "./resolve.ts";

export function refuse(file: t.File, resolved: Resolved, diagnostics: Diagnostics): void {
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
      );
    if (t.isWithStatement(node))
      diagnostics.error("CF1010", node, "name the object, and read its properties.");
  });
}
