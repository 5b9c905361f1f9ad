/**
 * Structural hashes of syntax trees: equal for programs that differ in formatting and comments only. They name code, they do
 * not protect it. Two lanes of 32 bits, mixed as in MurmurHash3 (A. Appleby, public domain algorithm).
 */

import type * as t from "@babel/types";
import { VISITOR_KEYS } from "@babel/types";

/** Fields that carry meaning besides the children. */
const attributes = [
  "name",
  "operator",
  "value",
  "pattern",
  "flags",
  "computed",
  "static",
  "async",
  "generator",
  "kind",
  "prefix",
  "optional",
  "delegate",
  "await",
  "shorthand",
  "method",
  "tail",
  "meta",
] as const;

export class Hasher {
  #a = 0x9e3779b9;
  #b = 0x85ebca6b;

  text(value: string): this {
    for (let i = 0; i < value.length; i++) this.#mix(value.charCodeAt(i));
    this.#mix(0x10000 + value.length);
    return this;
  }

  #mix(k: number): void {
    this.#a = Math.imul(this.#a ^ k, 0xcc9e2d51);
    this.#a = (this.#a << 13) | (this.#a >>> 19);
    this.#b = Math.imul(this.#b ^ k, 0x1b873593) + 0xe6546b64;
    this.#b = (this.#b << 15) | (this.#b >>> 17);
  }

  /**
   * Mixes in a syntax tree: node types, attributes and children in order; never positions, comments or types.
   * @param shallow leaves out the bodies of nested functions, which have hashes of their own
   */
  node(root: t.Node | null | undefined, shallow = false): this {
    if (root === null || root === undefined) return this.text("-");
    this.text(root.type);
    if (
      shallow &&
      (root.type === "ArrowFunctionExpression" ||
        root.type === "FunctionExpression" ||
        root.type === "ObjectMethod")
    )
      return this;
    const fields = root as unknown as { [key: string]: unknown };
    for (const key of attributes) {
      const value = fields[key];
      if (typeof value === "string" || typeof value === "number") this.text(`${key}=${value}`);
      else if (value === true) this.text(key);
      else if (value !== null && typeof value === "object" && "cooked" in value)
        this.text(String((value as unknown as { raw: unknown }).raw));
    }
    for (const key of VISITOR_KEYS[root.type] ?? []) {
      const child = fields[key];
      if (Array.isArray(child)) {
        this.text(String(child.length));
        for (const one of child) this.node(one as t.Node | null, shallow);
      } else this.node(child as t.Node | null | undefined, shallow);
    }
    return this;
  }

  /** `length` characters of base 36, at most 12. */
  digest(length: number): string {
    let a = this.#a;
    let b = this.#b;
    a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ b;
    b = Math.imul(b ^ (b >>> 13), 0xc2b2ae35) ^ a;
    a ^= a >>> 15;
    b ^= b >>> 16;
    const text = (a >>> 0).toString(36).padStart(7, "0") + (b >>> 0).toString(36).padStart(7, "0");
    return text.slice(1, 1 + length);
  }
}
