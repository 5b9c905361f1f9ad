/** JSON of any value for machines: what JSON lacks becomes what comes nearest, so that the output can always be parsed. */
import { inspect } from "node:util";

export function asJson(value: unknown): string {
  return JSON.stringify(plain(value, new Set()), null, 2);
}

/** The same on one line, as logs have it. */
export function asJsonLine(value: unknown): string {
  return JSON.stringify(plain(value, new Set()));
}

/** @param open objects on the way from the root to here: meeting one again is a cycle */
function plain(value: unknown, open: Set<object>): unknown {
  if (typeof value === "bigint" || typeof value === "symbol" || typeof value === "function")
    return String(value);
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (typeof (value as { toJSON?: unknown }).toJSON === "function")
    return JSON.parse(JSON.stringify(value) ?? "null");
  if (open.has(value)) return "[circular]";
  open.add(value);
  const copy = contents(value, open);
  open.delete(value);
  return copy;
}

function contents(value: object, open: Set<object>): unknown {
  if (Array.isArray(value) || value instanceof Set) return Array.from(value, (one) => plain(one, open));
  if (value instanceof Map) return Array.from(value, (pair) => pair.map((one) => plain(one, open)));
  if (ArrayBuffer.isView(value) || value instanceof RegExp) return inspect(value);
  const own = Object.entries(value).map(([key, one]) => [key, plain(one, open)] as const);
  if (!(value instanceof Error)) return Object.fromEntries(own);
  const { name, message, stack, cause } = value;
  return {
    ...{ name, message, stack },
    ...(cause === undefined ? {} : { cause: plain(cause, open) }),
    ...Object.fromEntries(own),
  };
}
