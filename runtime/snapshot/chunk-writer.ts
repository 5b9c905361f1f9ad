/**
 * Large values as chunks that are named by their content, so that a value is written once and not at each park.
 *
 *   ["large","text",1048576,3735928559,"hash","hash"]      a string, as JSON text
 *   ["large","tree",1048576,3735928559,["hash"]]           a tree of plain data, as JSON text
 *   ["bytes",["large","bytes",1048576,3735928559,"hash"]]  the content of an array buffer
 *
 * After the length (in characters or bytes) and the checksum of the whole stand the names of its chunks, in order; when they are many,
 * the names of the chunks that hold these names.
 *
 * Where a chunk ends follows from its last 32 characters (a "gear" hash, as in Xia et al., "FastCDC", 2016). So a change
 * in the middle, also one that makes the value longer or shorter, leaves the chunks before and behind it as they are.
 * Names are SHA-256: nobody can make two contents of one name. The name of text and that of bytes never agree.
 */
import { digest } from "../../abi/index.ts";
import { toBase64 } from "./base64.ts";
import { checksum } from "./checksum.ts";
import {
  type Chunk,
  type ChunkBody,
  type ChunkSet,
  type LargeList,
  type LargeNode,
  NO_CHUNKS,
} from "./chunk.ts";
import { copyOfList, isSameList, LONG_LIST } from "./plain-data.ts";

/** From so many characters or bytes on, a value is cut into chunks. */
export const LARGE = 64 * 1024;
const SHORTEST = 8 * 1024;
const LONGEST = 128 * 1024;
/** Chunks end where the hash has 15 zero bits: 32 K after the shortest, on average. */
const ZEROS = 17;
/** How much before an end decides. */
const WINDOW = 32;
/** More names than this stand in chunks of their own. */
const FEW = 8;
/** Chunks of the last snapshot that begin alike, of which one is looked for. */
const ALIKE = 8;
const START = 24;

const gear = /* @__PURE__ */ Int32Array.from({ length: 256 }, (_, i) => {
  // The finaliser of MurmurHash3: any fixed table without pattern would do.
  let h = Math.imul(i + 1, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
});

const encoder = /* @__PURE__ */ new TextEncoder();
const decoder = /* @__PURE__ */ new TextDecoder("utf-8", { ignoreBOM: true });

export class ChunkWriter {
  readonly bodies = new Map<string, ChunkBody>();
  readonly #strings = new Map<string, LargeNode>();
  readonly #lists = new Map<readonly unknown[], LargeList>();
  readonly #before: ChunkSet;
  /** Chunks of the last snapshot by how they begin. */
  #known: Map<string, string[]> | null = null;

  /** @param before what the last snapshot of this run referred to */
  constructor(before: ChunkSet) {
    this.#before = before;
  }

  /** What has been written so far. */
  get set(): ChunkSet {
    if (this.bodies.size === 0) return NO_CHUNKS;
    return { bodies: this.bodies, strings: this.#strings, lists: this.#lists };
  }

  /** The node of a long string. */
  string(value: string): string {
    let node = this.#before.strings.get(value);
    if (node === undefined) {
      const hashes: string[] = [];
      node = { text: this.#node("text", JSON.stringify(value), hashes), hashes };
    } else this.#keep(node);
    this.#strings.set(value, node);
    return node.text;
  }

  /** The node of a tree of plain data. */
  tree(root: object, json: string): string {
    const hashes: string[] = [];
    const text = this.#node("tree", json, hashes);
    const copy = Array.isArray(root) && root.length > LONG_LIST ? copyOfList(root) : undefined;
    if (copy !== undefined) this.#lists.set(root as unknown[], { node: { text, hashes }, copy });
    return text;
  }

  /** The node of a long array of primitives, if it is as it was in the last snapshot. */
  list(array: readonly unknown[], isProxy: ((object: object) => boolean) | undefined): string | undefined {
    const known = this.#before.lists.get(array);
    if (known === undefined || !isSameList(array, known.copy, isProxy)) return undefined;
    this.#keep(known.node);
    this.#lists.set(array, known);
    return known.node.text;
  }

  #keep({ hashes }: LargeNode): void {
    for (const hash of hashes) this.bodies.set(hash, this.#before.bodies.get(hash)!);
  }

  /** What stands for the bytes in their node. */
  bytes(bytes: Uint8Array): string {
    return this.#node("bytes", bytes, []);
  }

  #node(kind: string, whole: ChunkBody, used: string[]): string {
    const names = this.#cut(whole);
    used.push(...names);
    let text = names.map((name) => `"${name}"`).join();
    if (names.length > FEW) {
      const index = this.#cut(names.join(""));
      used.push(...index);
      text = `[${index.map((name) => `"${name}"`).join()}]`;
    }
    return `["large","${kind}",${whole.length},${checksum(whole)},${text}]`;
  }

  /** The names of the chunks of `whole`, in order. */
  #cut(whole: ChunkBody): string[] {
    const names: string[] = [];
    for (let at = 0; at < whole.length; ) {
      const known = this.#find(whole, at);
      const chunk = known ?? named(piece(whole, at, endOf(whole, at)));
      this.bodies.set(chunk.hash, chunk.body);
      names.push(chunk.hash);
      at += chunk.body.length;
    }
    return names;
  }

  /** The chunk of the last snapshot that stands here again. */
  #find(whole: ChunkBody, at: number): Chunk | undefined {
    if (this.#before.bodies.size === 0) return undefined;
    this.#known ??= byStart(this.#before.bodies);
    for (const hash of this.#known.get(startOf(whole, at)) ?? []) {
      const body = this.#before.bodies.get(hash)!;
      const next = at + body.length;
      if ((next === whole.length || isEnd(body)) && standsAt(body, whole, at)) return { hash, body };
    }
    return undefined;
  }
}

function byStart(bodies: ReadonlyMap<string, ChunkBody>): Map<string, string[]> {
  const known = new Map<string, string[]>();
  for (const [hash, body] of bodies) {
    const start = startOf(body, 0);
    const alike = known.get(start);
    if (alike === undefined) known.set(start, [hash]);
    else if (alike.length < ALIKE) alike.push(hash);
  }
  return known;
}

function startOf(whole: ChunkBody, at: number): string {
  if (typeof whole === "string") return whole.slice(at, at + START);
  return `bytes ${String.fromCharCode(...whole.subarray(at, at + START))}`;
}

function standsAt(body: ChunkBody, whole: ChunkBody, at: number): boolean {
  if (typeof whole === "string") return typeof body === "string" && whole.startsWith(body, at);
  if (typeof body === "string" || at + body.length > whole.length) return false;
  const one = new DataView(body.buffer, body.byteOffset, body.length);
  const other = new DataView(whole.buffer, whole.byteOffset + at, body.length);
  let i = 0;
  for (; i + 4 <= body.length; i += 4) if (one.getInt32(i) !== other.getInt32(i)) return false;
  for (; i < body.length; i++) if (body[i] !== whole[at + i]) return false;
  return true;
}

/** Where the chunk that begins at `at` ends. */
function endOf(whole: ChunkBody, at: number): number {
  const last = Math.min(whole.length, at + LONGEST);
  let hash = 0;
  let i = at + SHORTEST - WINDOW;
  if (typeof whole === "string") {
    for (; i < last; i++) {
      const unit = whole.charCodeAt(i);
      hash = ((hash << 1) + gear[unit & 255]!) | 0;
      // Never inside of a surrogate pair: a half would be lost in UTF-8.
      if (hash >>> ZEROS === 0 && i >= at + SHORTEST - 1 && !isHigh(unit)) return i + 1;
    }
    return last < whole.length && isHigh(whole.charCodeAt(last - 1)) ? last + 1 : last;
  }
  for (; i < last; i++) {
    hash = ((hash << 1) + gear[whole[i]!]!) | 0;
    if (hash >>> ZEROS === 0 && i >= at + SHORTEST - 1) return i + 1;
  }
  return last;
}

/** Whether a chunk ends there whatever follows it. */
function isEnd(body: ChunkBody): boolean {
  if (body.length < SHORTEST) return false;
  if (typeof body === "string" && isHigh(body.charCodeAt(body.length - 1))) return false;
  if (body.length >= LONGEST) return true;
  let hash = 0;
  for (let i = body.length - WINDOW; i < body.length; i++) {
    const unit = typeof body === "string" ? body.charCodeAt(i) & 255 : body[i]!;
    hash = ((hash << 1) + gear[unit]!) | 0;
  }
  return hash >>> ZEROS === 0;
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** A part, without keeping the whole alive. */
function piece(whole: ChunkBody, from: number, to: number): ChunkBody {
  return typeof whole === "string" ? whole.slice(from, to) : whole.slice(from, to);
}

function named(body: ChunkBody): Chunk {
  const bytes = new Uint8Array(1 + (typeof body === "string" ? 3 * body.length : body.length));
  if (typeof body !== "string") {
    bytes.set(body, 1);
    return { hash: nameOf(bytes), body };
  }
  bytes[0] = 1;
  const { written } = encoder.encodeInto(body, bytes.subarray(1));
  const used = bytes.subarray(0, written + 1);
  // A slice of a string is a view in some engines: it would keep the whole of which it was cut.
  return { hash: nameOf(used), body: decoder.decode(used.subarray(1)) };
}

function nameOf(bytes: Uint8Array): string {
  return toBase64(digest(bytes)).slice(0, 43).replaceAll("+", "-").replaceAll("/", "_");
}
