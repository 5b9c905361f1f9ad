/** Values without identity, boxed primitives, symbols. */
import { TDZ } from "../../../abi/index.ts";
// Gives `Symbol` what explicit resource management needs of it, where the engine lacks it: before its names are taken.
import "../../machine/index.ts";
import { languageBrand } from "../brand.ts";
import { broken, type In, isIndex, type Kind, lacking, type Node, type Out, quote, string } from "../kind.ts";
import { numberText } from "../number-text.ts";

/** Strings longer than this are nodes, so that equal ones stand once. */
export const LONG = 120;

/** References to the first nodes. */
const references: readonly string[] = Array.from({ length: 256 }, (_, index) => `[${index}]`);

/** The text of a value in a node. */
export function writeValue(value: unknown, out: Out): string {
  const bare = writeBare(value);
  if (bare !== undefined) return bare;
  const index = out.index(value);
  return index < references.length ? references[index]! : `[${index}]`;
}

/** The text of a value without identity; undefined for what gets a node of its own. */
export function writeBare(value: unknown): string | undefined {
  // One after the other: `switch (typeof value)` calls a function of the engine.
  if (typeof value === "string") return value.length > LONG ? undefined : quote(value);
  if (typeof value === "object") return value === null ? "null" : undefined;
  if (typeof value === "number") {
    if (Number.isFinite(value)) return value === 0 && 1 / value < 0 ? '["-0"]' : numberText(value);
    return `["${value}"]`;
  }
  if (value === undefined) return "[]";
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value === "bigint") return `["${value}n"]`;
  return value === TDZ ? '["tdz"]' : undefined;
}

/** Reads what has no identity: the one element of a special value. */
export function readSpecial(word: string): unknown {
  switch (word) {
    case "-0":
      return -0;
    case "NaN":
      return Number.NaN;
    case "Infinity":
      return Number.POSITIVE_INFINITY;
    case "-Infinity":
      return Number.NEGATIVE_INFINITY;
    case "tdz":
      return TDZ;
    default:
      if (/^-?\d+n$/.test(word)) return BigInt(word.slice(0, -1));
      return broken(`the value ${JSON.stringify(word.slice(0, 40))} is unknown`);
  }
}

const wellKnown = new Map<symbol, string>();
for (const name of Object.getOwnPropertyNames(Symbol)) {
  const value: unknown = Reflect.get(Symbol, name);
  if (typeof value === "symbol") wellKnown.set(value, name);
}

export const wellKnownSymbols: readonly symbol[] = [...wellKnown.keys()];

/** Symbols: registered ones by key, well-known ones by name, others by identity within the run. */
export function writeSymbol(symbol: symbol, registered: string | undefined): string {
  const known = wellKnown.get(symbol);
  if (known !== undefined) return `["symbol",1,${quote(known)}]`;
  const key = Symbol.keyFor(symbol);
  if (key !== undefined) return `["symbol",2,${quote(key)}]`;
  if (registered !== undefined) return `["symbol",3,${quote(registered)}]`;
  return symbol.description === undefined ? '["symbol",0]' : `["symbol",0,${quote(symbol.description)}]`;
}

export function readSymbol(node: Node, registered: (identifier: string) => symbol | undefined): symbol {
  switch (node[1]) {
    case 0:
      return Symbol(node.length > 2 ? string(node[2]) : undefined);
    case 1:
      for (const [symbol, name] of wellKnown) if (name === node[2]) return symbol;
      return lacking(`symbol Symbol.${string(node[2])}`);
    case 2:
      return Symbol.for(string(node[2]));
    case 3:
      return registered(string(node[2])) ?? broken(`no symbol is registered as ${String(node[2])}`);
    default:
      return broken("a symbol of an unknown sort");
  }
}

/** `new String("x")` and its like: one element, the primitive. */
export const boxed: Kind = {
  tags: ["boxed"],
  prototypes: [String.prototype, Number.prototype, Boolean.prototype, Symbol.prototype, BigInt.prototype],
  done: (key, value) =>
    languageBrand(value) === String.prototype &&
    (key === "length" || isIndex(key, String.prototype.valueOf.call(value).length)),
  write(value: object, out: Out): string {
    return `["boxed",${out.value(unbox(value))}]`;
  },
  allocate(node: Node, input: In): unknown {
    // A boxed symbol or long string is a node of its own, and these depend on nothing.
    const raw = node[1];
    const primitive =
      Array.isArray(raw) && typeof raw[0] === "number"
        ? input.node(raw[0], ["symbol", "", "large"])
        : input.value(raw);
    if (
      primitive === null ||
      primitive === undefined ||
      typeof primitive === "object" ||
      typeof primitive === "function"
    ) {
      return broken("nothing to box");
    }
    return Object(primitive);
  },
};

function unbox(value: object): unknown {
  switch (languageBrand(value)) {
    case String.prototype:
      return String.prototype.valueOf.call(value);
    case Number.prototype:
      return Number.prototype.valueOf.call(value);
    case Boolean.prototype:
      return Boolean.prototype.valueOf.call(value);
    case Symbol.prototype:
      return Symbol.prototype.valueOf.call(value);
    default:
      return BigInt.prototype.valueOf.call(value);
  }
}
