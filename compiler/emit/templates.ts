/**
 * Tagged templates. What a tag is given is one object for each site, by whose identity libraries know it, so it has to be the same
 * after a restore: the sites of a module become constants with names, and the tag is called.
 *
 *   tag`a${x}\n`   ↦   const $strings = $strings($m, "f.template 7f3a91c2d0", ["a", "\n"], ["a", "\\n"]);   tag($strings, x)
 *
 * The name is that of the function and the hash of the text, as written; sites of equal text in one function are counted.
 */
import * as t from "@babel/types";
import { Hasher } from "../hash.ts";
import type { Fn } from "../ir.ts";
import type { Emitter } from "./emitter.ts";

export class Templates {
  readonly #module: Emitter;
  /** By where they stand: code that is taken apart may have a site twice. */
  readonly #sites = new Map<number, string>();
  readonly #ids = new Map<string, number>();

  constructor(module: Emitter) {
    this.#module = module;
  }

  /** The constant of a site. */
  strings(fn: Fn, quasi: t.TemplateLiteral): t.Identifier {
    const known = quasi.start == null ? undefined : this.#sites.get(quasi.start);
    if (known !== undefined) return t.identifier(known);
    const name = this.#module.name("$template");
    if (quasi.start != null) this.#sites.set(quasi.start, name);
    const raw = quasi.quasis.map(({ value }) => value.raw);
    const cooked = quasi.quasis.map(({ value }) => value.cooked ?? null);
    const args: t.Expression[] = [
      t.identifier("$m"),
      t.stringLiteral(this.#id(fn, raw)),
      t.arrayExpression(cooked.map((text) => (text === null ? nothing() : t.stringLiteral(text)))),
    ];
    if (raw.some((text, i) => text !== cooked[i]))
      args.push(t.arrayExpression(raw.map((text) => t.stringLiteral(text))));
    const value = this.#module.call("$strings", ...args);
    this.#module.codes.push(
      t.variableDeclaration("const", [t.variableDeclarator(t.identifier(name), value)]),
    );
    return t.identifier(name);
  }

  #id(fn: Fn, raw: readonly string[]): string {
    const hash = new Hasher();
    for (const text of raw) hash.text(text);
    const id = `${fn.path === "" ? "" : `${fn.path}.`}template ${hash.digest(10)}`;
    const count = (this.#ids.get(id) ?? 0) + 1;
    this.#ids.set(id, count);
    return count === 1 ? id : `${id} ${count}`;
  }
}

/** Of a part with an escape that means nothing, a tag is given the raw text only. */
function nothing(): t.Expression {
  return t.unaryExpression("void", t.numericLiteral(0));
}
