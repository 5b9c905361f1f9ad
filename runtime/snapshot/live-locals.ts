/** The live locals of a suspended call, as values. `describe` has them as text, for people and without the code. */
import type { Frame } from "../../abi/index.ts";
import { $TDZ, type Durable } from "../machine/index.ts";
import { planOf } from "./point-plan.ts";

/** A call that waits, with its live locals. */
export interface LiveFrame<T = Readonly<Record<string, unknown>>> {
  /** `module#function`. */
  readonly code: string;
  /** Path in its package. */
  readonly file: string;
  readonly line: number;
  /** Name of the suspend point: what is awaited. */
  readonly point: string;
  /** By the author's name; variables that are not read any more are missing. Of two of one name, the second is `name$2`. */
  readonly locals: T;
}

/** Null when `task` has not been suspended. */
export function liveFrameOf({ code, ip, frame }: Durable): LiveFrame | null {
  const point = code?.points[ip];
  if (code === null || point === undefined || ip === 0 || frame === null) return null;
  const { id, file } = code;
  return { code: id, file, line: point.line, point: point.name, locals: localsIn(frame, planOf(code, ip)) };
}

function localsIn(frame: Frame, { slots, records }: ReturnType<typeof planOf>): Record<string, unknown> {
  const locals: Record<string, unknown> = {};
  const add = (name: string, value: unknown) => {
    if (name.startsWith("$") || value === $TDZ) return;
    Object.defineProperty(locals, name, { value, enumerable: true, writable: true, configurable: true });
  };
  for (const slot of slots) add(slot, Reflect.get(frame, slot));
  for (const { slot, variables } of records) {
    const record: unknown = Reflect.get(frame, slot);
    if (typeof record !== "object" || record === null) continue;
    for (const variable of variables) add(variable, Reflect.get(record, variable));
  }
  return locals;
}
