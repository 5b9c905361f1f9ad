/** What is saved of a frame at one suspend point: its `live` list, taken apart once. */
import type { Code, Point } from "../../abi/index.ts";
import { quote } from "./kind.ts";
import { word } from "./names.ts";
import { markOfFrame } from "./namesakes.ts";

export interface PointPlan {
  /** Entry of the name table, as JSON text: `id hash @point slot…`; with namesakes `id hash ~1/1/1 @point slot…`. */
  readonly name: string;
  /** `file:line` */
  readonly place: string;
  readonly slots: readonly string[];
  /** Scope records in slots, and the variables of them that the frame itself may still use. */
  readonly records: readonly { readonly slot: string; readonly variables: readonly string[] }[];
}

const plans = new WeakMap<Code, (PointPlan | undefined)[]>();

/** The plan of `code.points[ip]`, which must exist. */
export function planOf(code: Code, ip: number): PointPlan {
  let ofCode = plans.get(code);
  if (ofCode === undefined) {
    ofCode = [];
    plans.set(code, ofCode);
  }
  return (ofCode[ip] ??= makePlan(code, code.points[ip]!));
}

/** `file:line` of `code.points[ip]`, which must exist. */
export function placeOfPoint(code: Code, ip: number): string {
  return planOf(code, ip).place;
}

/** Takes `"ip"`, `"$s1"`, `"$s1.undo"` and `"$s1."` apart: the last is a record of which nothing is used. A record whose variables are named is a slot even if it is not named itself. */
export function parseLive(live: readonly string[]): Pick<PointPlan, "slots" | "records"> {
  const slots: string[] = [];
  const records = new Map<string, string[]>();
  for (const entry of live) {
    const dot = entry.indexOf(".");
    const slot = dot < 0 ? entry : entry.slice(0, dot);
    if (!slots.includes(slot)) slots.push(slot);
    if (dot < 0) continue;
    const variables = records.get(slot) ?? [];
    records.set(slot, variables);
    if (dot + 1 < entry.length) variables.push(entry.slice(dot + 1));
  }
  return { slots, records: [...records].map(([slot, variables]) => ({ slot, variables })) };
}

function makePlan(code: Code, point: Point): PointPlan {
  const { slots, records } = parseLive(point.live);
  const place = `${code.file}:${point.line}`;
  const mark = markOfFrame(code, point.fingerprint);
  const words = [code.id, code.hash, ...(mark === undefined ? [] : [mark]), `@${point.name}`, ...slots];
  return { name: quote(words.map(word).join(" ")), place, slots, records };
}
