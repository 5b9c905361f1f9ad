/** Values of a snapshot as short text for people, read from the nodes. */
import type { ChunkBody } from "./chunk.ts";
import { parse } from "./format.ts";
import { broken, integer, list, type Node } from "./kind.ts";
import { readTree } from "./kinds/data.ts";
import { readLarge } from "./large.ts";
import { splitName, splitPoint } from "./names.ts";
import { encodeValue } from "./values.ts";

const MAX_DEPTH = 3;
const MAX_ITEMS = 10;
const MAX_STRING = 200;

/** A value as locals are shown: what it would be in a snapshot, as one would write it in source, shortened. */
export function preview(value: unknown): string {
  const raw = parse(encodeValue(value));
  if (!Array.isArray(raw) || !Array.isArray(raw[1])) return new Preview([], []).value(raw);
  return new Preview(list(raw[0]), raw[1]).value([0]);
}

export class Preview {
  private readonly names: readonly unknown[];
  private readonly nodes: readonly unknown[];
  private readonly chunks: ReadonlyMap<string, ChunkBody> | undefined;
  /** Large values may be shown in several places. */
  private readonly parsed = new Map<Node, unknown>();

  constructor(names: readonly unknown[], nodes: readonly unknown[], chunks?: ReadonlyMap<string, ChunkBody>) {
    this.chunks = chunks;
    this.names = names;
    this.nodes = nodes;
  }

  /** The text of a value in a node. */
  value(raw: unknown, depth = 0): string {
    if (typeof raw === "string") return quoted(raw);
    if (typeof raw !== "object" || raw === null) return String(raw);
    const [word] = list(raw);
    if (word === undefined) return "undefined";
    if (typeof word !== "number") return word === "tdz" ? "‹not initialised›" : String(word);
    return this.node(this.nodes[integer(word, this.nodes.length)], depth);
  }

  private node(node: unknown, depth: number): string {
    if (typeof node === "string") return quoted(node);
    if (typeof node !== "object" || node === null) return broken("a node that is none");
    // Each way down counts, also one that no sound snapshot has: a class that is its own instance.
    if (depth > MAX_DEPTH + 1) return "…";
    if (!Array.isArray(node)) {
      const entries = Object.keys(node).map((key) => [key, (node as Record<string, unknown>)[key]] as const);
      return this.object("", entries, depth);
    }
    const tag: unknown = node[0];
    if (Array.isArray(tag)) return this.items("[", tag, "]", depth);
    if (typeof tag === "number") return `‹task ${this.name(tag)}›`;
    return this.tagged(String(tag), node, depth);
  }

  private tagged(tag: string, node: Node, depth: number): string {
    switch (tag) {
      case "{}":
        return this.object("", this.entries(node, 1), depth);
      case "new":
        return this.object(`${this.value(node[1], depth + 1)} `, this.entries(node, 2), depth);
      case "class":
        return this.object(`${String(node[1])} `, this.entries(node, 2), depth);
      case "derived":
        return this.object("", this.entries(node, 2), depth);
      case "stack":
      case "async-stack":
        return `‹${tag === "stack" ? "" : "async "}disposable stack${node[1] === null ? ", disposed" : ""}›`;
      case "date":
        return node[1] === null ? "Date(invalid)" : `Date(${new Date(node[1] as number).toISOString()})`;
      case "regexp":
        return `/${String(node[1])}/${String(node[2])}`;
      case "url":
        return `URL(${String(node[1])})`;
      case "error":
        return `${String(node[1])}(${node.length > 4 && node[3] === "message" ? this.value(node[4], depth + 1) : ""})`;
      case "set":
        return this.items("Set(", node.slice(1), ")", depth);
      case "map":
        return this.map(node, depth);
      case "tree":
        return this.plain(
          this.once(node, () => readTree(node, 1)),
          depth,
        );
      case "data":
        return this.plain(node[1], depth);
      case "large":
        return this.large(node, depth);
      case "inside":
        return "‹inside of another local›";
      case "symbol":
        return `Symbol(${String(node[2] ?? "")})`;
      case "boxed":
        return `Object(${this.value(node[1], depth + 1)})`;
      case "ref":
      case "builtin":
      case "resource":
        return String(node[1]);
      case "generator":
        return `‹generator ${this.generator(this.nodes[integer(node[2], this.nodes.length)])}›`;
      case "fn":
        return `‹function ${this.name(node[1])}›`;
      case "made":
        return `‹class ${this.name(node[1])}›`;
      case "member":
        return `‹method ${this.value(node[3], depth + 1)} of ${this.value(node[1], depth + 1)}›`;
      case "fulfilled":
        return `Promise(${this.value(node[1], depth + 1)})`;
      case "rejected":
        return `Promise(rejected ${this.value(node[1], depth + 1)})`;
      case "promise":
      case "native":
        return "Promise(pending)";
      case "bytes":
        return `ArrayBuffer(${bytesIn(node[1])} bytes)`;
      case "view":
        return `${String(node[1])}(${String(node[4] ?? "")})`;
      default:
        return `‹${tag}›`;
    }
  }

  /** By its size when its chunks are not at hand. */
  private large(node: Node, depth: number): string {
    if (this.chunks === undefined)
      return `‹${node[1] === "text" ? "text" : "data"} of ${String(node[2])} characters›`;
    const read = (): unknown => {
      const value: unknown = parse(readLarge(node, this.chunks) as string);
      return node[1] === "tree" ? readTree(list(value), 0) : node[1] === "data" ? list(value)[0] : value;
    };
    return this.plain(this.once(node, read), depth);
  }

  private once(node: Node, read: () => unknown): unknown {
    let value = this.parsed.get(node);
    if (value === undefined) {
      value = read();
      this.parsed.set(node, value);
    }
    return value;
  }

  /** Plain data as it stands in the text. */
  private plain(raw: unknown, depth: number): string {
    if (typeof raw === "string") return quoted(raw);
    if (typeof raw === "bigint") return `${raw}n`;
    if (typeof raw !== "object" || raw === null) return Object.is(raw, -0) ? "-0" : String(raw);
    const isList = Array.isArray(raw);
    const keys = Object.keys(raw);
    if (depth >= MAX_DEPTH && keys.length > 0) return isList ? "[…]" : "{…}";
    const shown = keys.slice(0, MAX_ITEMS).map((key) => {
      const text = this.plain((raw as Record<string, unknown>)[key], depth + 1);
      return isList ? text : `${key}: ${text}`;
    });
    const more = keys.length - MAX_ITEMS;
    if (isList) return `[${shown.join(", ")}${more > 0 ? `, … ${more} more` : ""}]`;
    return keys.length === 0 ? "{}" : `{ ${shown.join(", ")}${more > 0 ? ", …" : ""} }`;
  }

  private name(index: unknown): string {
    const [id] = splitName(this.names[integer(index, this.names.length)]);
    return id ?? "";
  }

  /** `shop/flows.ts#pages at yield page` */
  private generator(task: unknown): string {
    if (!Array.isArray(task) || typeof task[0] !== "number") return "that has ended";
    const { id, point } = splitPoint(this.names[integer(task[0], this.names.length)]);
    return `${id} at ${point}`;
  }

  private entries(node: Node, shape: number): (readonly [string, unknown])[] {
    const keys = list(this.names[integer(node[shape], this.names.length)]);
    return keys.map((key, i) => [String(key), node[shape + 1 + i]] as const);
  }

  private object(prefix: string, entries: readonly (readonly [string, unknown])[], depth: number): string {
    if (entries.length === 0) return `${prefix}{}`;
    if (depth >= MAX_DEPTH) return `${prefix}{…}`;
    const shown = entries.slice(0, MAX_ITEMS).map(([key, raw]) => `${key}: ${this.value(raw, depth + 1)}`);
    return `${prefix}{ ${shown.join(", ")}${entries.length > MAX_ITEMS ? ", …" : ""} }`;
  }

  private items(open: string, items: readonly unknown[], close: string, depth: number): string {
    if (depth >= MAX_DEPTH && items.length > 0) return `${open}…${close}`;
    const shown = items.slice(0, MAX_ITEMS).map((raw) => this.value(raw, depth + 1));
    return `${open}${shown.join(", ")}${items.length > MAX_ITEMS ? `, … ${items.length - MAX_ITEMS} more` : ""}${close}`;
  }

  private map(node: Node, depth: number): string {
    if (depth >= MAX_DEPTH && node.length > 1) return "Map(…)";
    const shown: string[] = [];
    for (let i = 1; i < node.length && shown.length < MAX_ITEMS; i += 2) {
      shown.push(`${this.value(node[i], depth + 1)} => ${this.value(node[i + 1], depth + 1)}`);
    }
    return `Map(${shown.join(", ")}${node.length - 1 > MAX_ITEMS * 2 ? ", …" : ""})`;
  }
}

function bytesIn(raw: unknown): number {
  return Array.isArray(raw) ? Number(raw[2]) : Math.floor((String(raw).length * 3) / 4);
}

function quoted(text: string): string {
  return JSON.stringify(text.length > MAX_STRING ? `${text.slice(0, MAX_STRING)}…` : text);
}
