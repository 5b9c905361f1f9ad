/**
 * Structural hashes of syntax trees: equal for programs that differ in formatting and comments only. They name code, they do
 * not protect it. Two lanes of 32 bits, mixed as in MurmurHash3 (A. Appleby, public domain algorithm).
 */

import type * as t from "@babel/types";
import { NODE_FIELDS, VISITOR_KEYS } from "@babel/types";
import { withoutMark } from "./name-clashes.ts";

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

/** What is mixed in of each type of node, once it has been met. */
interface Shape {
  readonly type: number;
  readonly attributes: readonly string[];
  /** Of the attributes. */
  readonly codes: readonly number[];
  readonly children: readonly string[];
}
const shapes = new Map<string, Shape>();

function shapeOf(type: string): Shape {
  let shape = shapes.get(type);
  if (shape === undefined) {
    const fields = NODE_FIELDS[type] ?? {};
    const own = attributes.filter((one) => one in fields);
    shape = {
      type: codeOf(type),
      attributes: own,
      codes: own.map(codeOf),
      children: VISITOR_KEYS[type] ?? [],
    };
    shapes.set(type, shape);
  }
  return shape;
}

/** A word as a number (FNV-1a, G. Fowler, L. C. Noll, K.-P. Vo). */
function codeOf(word: string): number {
  let code = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) code = Math.imul(code ^ word.charCodeAt(i), 0x01000193);
  return code;
}

/** Digests of functions, so that a function in a function is gone through once. */
const digests = new WeakMap<t.Node, string>();

export function functionDigest(fn: t.Node): string {
  let digest = digests.get(fn);
  if (digest === undefined) {
    digest = new Hasher().children(fn).digest(12);
    digests.set(fn, digest);
  }
  return digest;
}

const isFunction = (type: string) =>
  type === "ArrowFunctionExpression" ||
  type === "FunctionExpression" ||
  type === "FunctionDeclaration" ||
  type === "ObjectMethod" ||
  type === "ClassMethod" ||
  type === "ClassPrivateMethod";

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
    if (root === null || root === undefined) {
      this.#mix(0);
      return this;
    }
    const { type } = root;
    if (shallow) {
      if (type !== "ArrowFunctionExpression" && type !== "FunctionExpression" && type !== "ObjectMethod")
        return this.children(root, true);
      this.#mix(shapeOf(type).type);
      return this;
    }
    return isFunction(type) ? this.text(functionDigest(root)) : this.children(root);
  }

  /** The node itself and what it consists of. */
  children(root: t.Node, shallow = false): this {
    const shape = shapeOf(root.type);
    this.#mix(shape.type);
    const fields = root as unknown as { [key: string]: unknown };
    const { attributes, codes } = shape;
    for (let i = 0; i < attributes.length; i++) {
      const value = fields[attributes[i]!];
      const code = codes[i]!;
      if (typeof value === "string" || typeof value === "number") {
        this.#mix(code);
        this.text(withoutMark(String(value)));
      } else if (value === true) this.#mix(code);
      else if (value !== null && typeof value === "object" && "cooked" in value)
        this.text(String((value as unknown as { raw: unknown }).raw));
    }
    for (const key of shape.children) {
      const child = fields[key];
      if (Array.isArray(child)) {
        this.#mix(child.length);
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
