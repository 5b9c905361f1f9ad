/**
 * The text that compiled code registers a function with (docs/abi.md §6); `runtime/machine/descriptor.ts` takes it apart.
 *
 * ```
 * upgradeGame.dbBranch airs2u07vz async 8 undo,ip
 * 7:19 4k1sof1 reserve $of $order.cart,card held
 * 15:36! ci32an1 release $completion>return,break%201 error
 * =held:5:8:array error:14:11
 * ```
 */
import * as t from "@babel/types";
import type { ManifestCode, ManifestPoint } from "../../abi/index.ts";

/** @param path of the function in its module */
export function descriptor(path: string, code: ManifestCode): t.Expression {
  const captures = code.captures.map((record) => (record.length === 0 ? "-" : list(record)));
  const head = [word(path), code.hash, code.kind, code.line, ...captures].join(" ");
  const points = code.points.slice(1).map((one) => pointText(one!));
  const declared = code.declared.map(([name, line, column, ...kinds]) =>
    [word(name), line, column, ...kinds].join(":"),
  );
  if (declared.length > 0) points.push(`=${declared.join(" ")}`);
  if (points.length === 0) return t.stringLiteral(head);
  const raw = [head, ...points].join("\n");
  return t.templateLiteral([t.templateElement({ raw, cooked: raw }, true)], []);
}

function pointText({ name, fingerprint, line, column, live, handler, exits }: ManifestPoint): string {
  const place = `${line}:${column}${handler ? "!" : ""}`;
  const slots = live.filter((one) => !one.includes("."));
  const words = slots.map((slot) => {
    const fields = live.filter((one) => one.startsWith(`${slot}.`));
    const names = list(fields.map((one) => one.slice(slot.length + 1)));
    if (exits?.[slot] !== undefined) return `${word(slot)}>${list(exits[slot])}`;
    return fields.length === 0 ? word(slot) : `${word(slot)}.${names}`;
  });
  return [place, fingerprint, word(name), ...words].join(" ");
}

/** Names with commas between them. */
const list = (names: readonly string[]): string =>
  names.map((one) => word(one).replaceAll(",", "%2c")).join();

/** Blanks, ends of line, and what a template would take for its own are escaped as in a URL. */
function word(text: string): string {
  if (!/[%\s`\\{]/.test(text)) return text;
  return text.replace(/[%\s`\\]|\$(?=\{)/g, (one) => {
    const code = one.charCodeAt(0);
    return code < 0x80 ? `%${code.toString(16).padStart(2, "0")}` : one;
  });
}
