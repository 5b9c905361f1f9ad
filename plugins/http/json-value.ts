/**
 * Values as JSON. What JSON has stays as it is; what it lacks becomes an object with one key that begins with `$`:
 *
 * | value                      | in JSON                        |
 * |----------------------------|--------------------------------|
 * | `NaN`, `Infinity`          | `{ "$number": "NaN" }`         |
 * | a bigint                   | `{ "$bigint": "12" }`          |
 * | a Date; an invalid one     | `{ "$date": "…Z" }`; `null`    |
 * | a Map                      | `{ "$map": [[key, value], …] }` |
 * | a Set                      | `{ "$set": [value, …] }`       |
 * | a URL                      | `{ "$url": "https://…" }`      |
 * | a RegExp                   | `{ "$regexp": ["a+", "g"] }`   |
 * | Uint8Array, ArrayBuffer    | `{ "$bytes": "base64" }`       |
 * | an error                   | `{ "$error": { name, message } }` |
 * | an object with one key `$…` | `{ "$plain": { "$…": … } }`   |
 * | functions, symbols, what is too deep or a cycle | `{ "$text": "…" }`, for people only |
 *
 * Properties that are `undefined` are left out, elements are null, and other objects are their own properties or what
 * `toJSON` gives: as `JSON.stringify` has it.
 */
import { fromBase64, toBase64 } from "../../runtime/snapshot/index.ts";
import { Refusal } from "./refusal.ts";

/** Values of an answer are cut below this depth, and after so many of them: one object in many places grows without end. */
const DEEPEST = 200;
const MOST = 250_000;

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What goes into `JSON.stringify`. Undefined stays undefined. */
export function toJson(value: unknown): Json | undefined {
  return new Writer().value(value, 0);
}

class Writer {
  readonly #open = new Set<object>();
  #left = MOST;

  value(value: unknown, depth: number): Json | undefined {
    if (value === undefined) return undefined;
    if (typeof value === "number") return Number.isFinite(value) ? value : { $number: String(value) };
    if (value === null || typeof value === "boolean" || typeof value === "string") return value;
    if (typeof value === "bigint") return { $bigint: String(value) };
    if (typeof value === "symbol") return { $text: String(value) };
    if (typeof value === "function") return { $text: `function ${value.name}` };
    if (this.#open.has(value)) return { $text: "circular" };
    if (depth > DEEPEST || this.#left-- <= 0) return { $text: "…" };
    this.#open.add(value);
    try {
      return this.#object(value, depth + 1);
    } catch {
      // A getter, `toJSON` or a revoked Proxy of the user's.
      return { $text: "not readable" };
    } finally {
      this.#open.delete(value);
    }
  }

  #object(value: object, depth: number): Json | undefined {
    if (Array.isArray(value)) return this.#list(value, depth);
    if (value instanceof Date) return { $date: Number.isNaN(value.getTime()) ? null : value.toISOString() };
    if (value instanceof Map) return { $map: this.#list([...value], depth) };
    if (value instanceof Set) return { $set: this.#list([...value], depth) };
    if (value instanceof URL) return { $url: value.href };
    if (value instanceof RegExp) return { $regexp: [value.source, value.flags] };
    if (value instanceof Uint8Array) return { $bytes: toBase64(value) };
    if (value instanceof ArrayBuffer) return { $bytes: toBase64(new Uint8Array(value)) };
    if (value instanceof Error) return { $error: this.#error(value, depth) };
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === "function") return this.value(toJSON.call(value, ""), depth);
    return escaped(this.#properties(value, depth));
  }

  #list(values: readonly unknown[], depth: number): Json[] {
    return Array.from(values, (one) => this.value(one, depth) ?? null);
  }

  #properties(value: object, depth: number): Record<string, Json> {
    const copy: Record<string, Json> = {};
    for (const key of Object.keys(value)) {
      const one = this.value((value as Record<string, unknown>)[key], depth);
      if (one !== undefined) define(copy, key, one);
    }
    return copy;
  }

  #error(error: Error, depth: number): Record<string, Json> {
    const { name, message } = error;
    return { ...this.#properties(error, depth), name: String(name), message: String(message) };
  }
}

function escaped(object: Record<string, Json>): Json {
  const keys = Object.keys(object);
  return keys.length === 1 && keys[0]!.startsWith("$") ? { $plain: object } : object;
}

/** `__proto__` is a key like any other. */
function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

/** @throws Refusal 400 when a value of a body is nested deeper than `depth` */
export function checkDepth(raw: unknown, depth: number): void {
  if (typeof raw !== "object" || raw === null) return;
  if (depth === 0) throw unreadable("values are nested too deep");
  for (const one of Object.values(raw)) checkDepth(one, depth - 1);
}

/**
 * The value that a body in this form stands for.
 * @param raw checked for its depth
 * @throws Refusal 400 for a form that there is not
 */
export function fromJson(raw: unknown): unknown {
  if (typeof raw !== "object" || raw === null) return raw;
  if (Array.isArray(raw)) return raw.map(fromJson);
  const [key, ...others] = Object.keys(raw);
  if (key?.startsWith("$") && others.length === 0) return tagged(key, (raw as Record<string, unknown>)[key]);
  return plain(raw);
}

function plain(raw: object): object {
  const copy = {};
  for (const [key, one] of Object.entries(raw)) define(copy, key, fromJson(one));
  return copy;
}

function tagged(tag: string, raw: unknown): unknown {
  try {
    const value = read(tag, raw);
    if (value !== undefined) return value;
  } catch (error) {
    if (error instanceof Refusal) throw error;
  }
  throw unreadable(`${JSON.stringify(tag.slice(0, 40))} is not known, or not with this value`);
}

/** Undefined: it stands for nothing. */
function read(tag: string, raw: unknown): unknown {
  switch (tag) {
    case "$number":
      return raw === "NaN" || raw === "Infinity" || raw === "-Infinity" ? Number(raw) : undefined;
    case "$bigint":
      return typeof raw === "string" && /^-?\d{1,10000}$/.test(raw) ? BigInt(raw) : undefined;
    case "$date":
      if (raw === null) return new Date(Number.NaN);
      return typeof raw === "string" && !Number.isNaN(Date.parse(raw)) ? new Date(raw) : undefined;
    case "$map":
      return new Map(pairs(raw));
    case "$set":
      return Array.isArray(raw) ? new Set(raw.map(fromJson)) : undefined;
    case "$url":
      return new URL(text(raw));
    case "$regexp":
      return Array.isArray(raw) ? new RegExp(text(raw[0]), text(raw[1])) : undefined;
    case "$bytes":
      return fromBase64(text(raw));
    case "$error":
      return errorOf(raw);
    case "$plain":
      return typeof raw === "object" && raw !== null && !Array.isArray(raw) ? plain(raw) : undefined;
    default:
      return undefined;
  }
}

function text(raw: unknown): string {
  if (typeof raw === "string") return raw;
  throw unreadable("a text is missing");
}

function pairs(raw: unknown): [unknown, unknown][] {
  if (Array.isArray(raw) && raw.every((pair) => Array.isArray(pair) && pair.length === 2))
    return raw.map(([key, value]) => [fromJson(key), fromJson(value)]);
  throw unreadable("$map takes a list of pairs");
}

function errorOf(raw: unknown): Error {
  const { name = "Error", message = "" } = Object(raw) as { name?: unknown; message?: unknown };
  const error = new Error(text(message));
  if (text(name) !== "Error") error.name = text(name);
  return error;
}

function unreadable(detail: string): Refusal {
  return new Refusal(400, "CF3406", `in the body, ${detail}`);
}
