/** What can never be kept in a marked module, or would change its meaning without a word. */
import * as t from "@babel/types";
import { walk } from "./children.ts";
import type { Diagnostics } from "./diagnostics.ts";
import type { Fn } from "./ir.ts";
import { boundIdentifiers } from "./names.ts";
import { helperNames, reserved } from "./reserved-names.ts";
import type { Resolved } from "./resolve.ts";
import { isUsing } from "./using.ts";

const ours: ReadonlySet<string> = new Set([...reserved, ...helperNames]);
const numbered = /^\$(arg|p)\d+$/;

/**
 * In sloppy functions with plain parameters `arguments[0]` and the first parameter are one variable (ECMA-262 §10.4.4). Where the
 * compiler moves parameters into a frame or record, they are two: that matters if one of them is written.
 */
function refuseMapped(resolved: Resolved, diagnostics: Diagnostics): void {
  for (const fn of resolved.all) {
    if (fn.strict || !fn.implicit.has("arguments") || !t.isFunction(fn.node)) continue;
    const params = fn.node.params.map((one) => resolved.refs.get(one));
    if (!fn.node.params.every((one) => t.isIdentifier(one))) continue;
    if (!fn.suspends && !params.some((one) => one?.captured)) continue;
    let written: t.Node | null = null;
    let whole = 0;
    walk(fn.node, (node) => {
      if (isArguments(node, fn, resolved)) whole++;
      if (t.isMemberExpression(node) && isArguments(node.object, fn, resolved) && isLength(node)) whole--;
      const targets = t.isAssignmentExpression(node)
        ? [node.left]
        : t.isUpdateExpression(node)
          ? [node.argument]
          : t.isForXStatement(node)
            ? [node.left]
            : [];
      for (const target of targets) {
        const isElement = t.isMemberExpression(target) && isArguments(target.object, fn, resolved);
        const isParameter = boundIdentifiers(target).some((id) => params.includes(resolved.refs.get(id)));
        if (isElement || isParameter) written ??= node;
      }
    });
    if (written !== null && whole > 0)
      diagnostics.error(
        "CF1012",
        written,
        'a parameter that "arguments" also holds, in sloppy code; copy it to a variable of its own, or put "use strict" at the top.',
      );
  }
}

const isLength = ({ computed, property }: t.MemberExpression): boolean =>
  !computed && t.isIdentifier(property, { name: "length" });

function isArguments(node: t.Node, fn: Fn, resolved: Resolved): boolean {
  return t.isIdentifier(node) && resolved.refs.get(node) === fn.implicit.get("arguments");
}

export function refuse(file: t.File, resolved: Resolved, diagnostics: Diagnostics): void {
  refuseMapped(resolved, diagnostics);
  const told = new Set<string>();
  const { body } = file.program;
  for (const node of body)
    if (isUsing(node))
      diagnostics.error(
        "CF1012",
        node,
        `"${node.kind}" at the top of a module; open the resource in the function that needs it.`,
      );
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
