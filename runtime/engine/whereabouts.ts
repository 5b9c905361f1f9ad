/** Where in the author's source a run stands: for logs and facts. */
import { PENDING } from "../machine/index.ts";
import { placeOfPoint } from "../snapshot/index.ts";
import type { Activation } from "./activation.ts";

/** `file:line` of an await at which the run stands; empty when it stands at none. */
export function whereabouts({ waits, run }: Activation): string {
  for (const { at } of waits.values()) if (at !== "") return at;
  const root = run?.root ?? null;
  if (root === null || root.state !== PENDING || root.code === null || root.ip === 0) return "";
  return placeOfPoint(root.code, root.ip);
}
