/**
 * Pass 6, layout: names that survive edits. Slots carry the author's variable names, suspend points the name of what is
 * awaited and a fingerprint of their statement and the statements around it (contract §6).
 */
import * as t from "@babel/types";
import type { ManifestPoint } from "../abi/index.ts";
import { unique } from "./convert.ts";
import { Hasher } from "./hash.ts";
import type { Fn, FunctionNode, Lowered, SuspendPoint, Variable } from "./ir.ts";
import { withoutMark } from "./name-clashes.ts";
import { feedName } from "./names.ts";
import type { Pins } from "./pins.ts";
import { tellApart } from "./twins.ts";

export interface Layout {
  /** All slots, in order of first use. */
  readonly slots: readonly Variable[];
  /** The points of the code, index `ip`; null for the entry. */
  readonly points: readonly (ManifestPoint | null)[];
  readonly slotsAt: readonly (readonly Variable[])[];
}

/**
 * @param given variables that come as parameters of the step function
 * @param pins names that the author gives to points
 * @param taken what no variable of any function may be called
 */
export function layout(
  fn: Fn,
  lowered: Lowered,
  given: ReadonlySet<Variable>,
  taken: ReadonlySet<string>,
  pins: Pins,
): Layout {
  nameVariables(fn, lowered, taken);
  namePoints(lowered.points, pins.of(lowered.points));
  const own = (one: Variable) => lowered.locals.has(one) || given.has(one);
  const slots: Variable[] = [];
  const points: (ManifestPoint | null)[] = [null];
  const slotsAt: Variable[][] = [[]];
  for (const point of lowered.points) {
    const held = [...point.live].filter((one) =>
      one.captured && one.scope.record !== null ? false : own(one),
    );
    const fields = [...point.live].filter(
      (one) => one.captured && one.scope.record !== null && own(one.scope.record.holder),
    );
    for (const { scope } of fields) if (!held.includes(scope.record!.holder)) held.push(scope.record!.holder);
    held.sort((a, b) => (slotName(a) < slotName(b) ? -1 : 1));
    for (const one of held) if (!slots.includes(one)) slots.push(one);
    slotsAt[point.ip] = held;
    const names = held.flatMap((slot) => {
      const own = fields.filter((one) => one.scope.record!.holder === slot);
      // That it is a record has to be known, even when nothing of it is used here.
      if (own.length === 0) return slot.record === null ? [] : [`${slotName(slot)}.`];
      return own.map((one) => `${slotName(slot)}.${one.name}`).sort();
    });
    const start = point.node.loc?.start;
    const exits = held.flatMap((one) =>
      one.exits === undefined || one.exits.size === 0
        ? []
        : [[slotName(one), [...one.exits.keys()]] as const],
    );
    points[point.ip] = {
      name: point.name,
      fingerprint: point.fingerprint,
      line: start?.line ?? 0,
      column: start?.column ?? 0,
      live: [...held.map(slotName), ...names],
      ...(exits.length === 0 ? {} : { exits: Object.fromEntries(exits) }),
      ...(/(^|\/)(catch|finally)(\/|$)/.test(point.path) ? { handler: true as const } : {}),
    };
  }
  return { slots, points, slotsAt };
}

export const slotName = (variable: Variable): string => variable.out ?? variable.name;

function nameVariables(fn: Fn, lowered: Lowered, everywhere: ReadonlySet<string>): void {
  // Slots are called as the author called the variable, whatever a clash of names makes of it meanwhile.
  const here = new Set([...fn.freeNames].map(withoutMark));
  for (const param of (fn.node as FunctionNode).params)
    if (t.isIdentifier(param)) here.add(withoutMark(param.name));
  const taken = {
    has: (name: string) => here.has(withoutMark(name)) || everywhere.has(name),
    add: (name: string) => here.add(withoutMark(name)),
  };
  for (const variable of lowered.locals) {
    if (variable.record !== null) continue;
    if (variable.kind === "param") variable.out = variable.name;
    else if (variable.kind === "implicit")
      variable.out = unique(`$${variable.name.replace(".", "_")}`, taken, "$");
    else variable.out = unique(variable.name, taken, "$");
  }
}

/** What is awaited or yielded, in the author's words. */
function pointName(node: t.Node): string {
  if (t.isFunction(node)) return "start";
  if (t.isAwaitExpression(node)) return feedName(node.argument) || "await";
  if (t.isForOfStatement(node)) return `of ${feedName(node.right)}`;
  if (t.isReturnStatement(node)) return "return";
  if (t.isVariableDeclaration(node)) return "dispose";
  if (!t.isYieldExpression(node)) return "await";
  const what = node.argument ? feedName(node.argument) : "";
  return `yield${node.delegate ? "*" : ""}${what === "" ? "" : ` ${what}`}`;
}

function namePoints(points: readonly SuspendPoint[], pinned: ReadonlyMap<SuspendPoint, string>): void {
  const names = new Set(pinned.values());
  for (const point of points) {
    const { node } = point;
    const pin = pinned.get(point);
    if (pin !== undefined) {
      point.name = pin;
      point.fingerprint = `@${pin}`;
      continue;
    }
    point.name = unique(pointName(node), names, "#");
    const hash = new Hasher().text(point.path);
    point.fingerprint = (t.isFunction(node) ? hash : hash.node(point.statement, true)).digest(7);
  }
  tellApart(points);
}
