/** Values that JSON can say: what people write on a command line. */
import { ColdframeError } from "../errors.ts";

/** @param path of the value, for the message @throws ColdframeError CF3124 naming the part that JSON cannot say */
export function plainData(value: unknown, path: string, seen: readonly unknown[] = []): void {
  if (value === null || typeof value === "string" || typeof value === "boolean") return;
  if (typeof value === "number" && Number.isFinite(value)) return;
  if (typeof value === "object" && !seen.includes(value)) {
    const within = [...seen, value];
    const prototype: unknown = Object.getPrototypeOf(value);
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) plainData(value[i], `${path}[${i}]`, within);
      return;
    }
    if (prototype === Object.prototype || prototype === null) {
      for (const [key, part] of Object.entries(value)) plainData(part, `${path}.${key}`, within);
      return;
    }
  }
  throw new ColdframeError(
    "CF3124",
    `${path} is ${shown(value)}. Only what JSON can say is possible: texts, numbers, true, false, null, lists and plain objects`,
  );
}

function shown(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return `a ${(Object.getPrototypeOf(value) as object | null)?.constructor?.name ?? "object"}`;
}
