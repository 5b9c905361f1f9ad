/**
 * Bytes: array buffers, and the views that share them.
 *
 *   ["bytes","AAEC"]              the content of an ArrayBuffer, and the buffer; a third element is the most it can grow to
 *   ["bytes",null]                one whose memory was transferred
 *   ["bytes",8]                   the ArrayBuffer of node 8 itself, where something holds it
 *   ["view","Uint8Array",7,0,3]   a view of node 7: offset in bytes, length in elements; without length it follows a growing buffer
 *
 * Node's `Buffer.from("x")` is a window of a pool of 8 KB that other code writes to. Of a buffer that is reached through
 * `Buffer`s only, just the parts that they show are saved, moved together; views that overlap still do.
 */
import { fromBase64 } from "../base64.ts";
import {
  broken,
  type In,
  integer,
  isIndex,
  type Kind,
  lacking,
  type Node,
  type Out,
  string,
} from "../kind.ts";
import { readLarge } from "../large.ts";
import { writeOwn } from "./own-table.ts";

type View = ArrayBufferView<ArrayBuffer> & { readonly length?: number; readonly BYTES_PER_ELEMENT?: number };
type ViewClass = new (buffer: ArrayBuffer, offset: number, length?: number) => View;

const viewClasses = new Map<string, ViewClass>();
for (const name of [
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "Float16Array",
  "Float32Array",
  "Float64Array",
  "BigInt64Array",
  "BigUint64Array",
  "DataView",
]) {
  const found: unknown = Reflect.get(globalThis, name);
  if (typeof found === "function") viewClasses.set(name, found as ViewClass);
}
/** Node's, and nobody else's. */
const nodeBuffer = Reflect.get(globalThis, "Buffer") as
  | { readonly prototype: object; from(buffer: ArrayBuffer, offset: number, length: number): View }
  | undefined;
const nameOfPrototype = new Map<object, string>();
for (const [name, Class] of viewClasses) nameOfPrototype.set(Class.prototype, name);
if (typeof nodeBuffer === "function")
  nameOfPrototype.set((nodeBuffer as { prototype: object }).prototype, "Buffer");

/**
 * More elements than this are not searched for own properties with text keys: listing the keys takes 0.3 ms for 4,096 elements
 * and 350 ms for a million (Node 20), writing the bytes 0.5 ms. Symbols are found at any size.
 */
const MAX_SEARCHED = 4096;
function isLarge(value: object): boolean {
  return (
    ArrayBuffer.isView(value) &&
    value.byteLength > MAX_SEARCHED &&
    Object.getOwnPropertySymbols(value).length === 0
  );
}

/** Parts of one array buffer that are saved: the whole, or what `Buffer`s show. */
interface Parts {
  whole: boolean;
  readonly shown: [start: number, end: number][];
}

/** One per writer: which parts of which buffers are needed. */
export class Buffers {
  private readonly parts = new Map<ArrayBuffer, Parts>();

  private readonly contents = new Map<ArrayBuffer, Content>();

  content(buffer: ArrayBuffer): Content {
    let content = this.contents.get(buffer);
    if (content === undefined) {
      content = new Content(buffer);
      this.contents.set(buffer, content);
    }
    return content;
  }

  whole(buffer: ArrayBuffer): void {
    this.of(buffer).whole = true;
  }

  show(buffer: ArrayBuffer, start: number, end: number): void {
    this.of(buffer).shown.push([start, end]);
  }

  private of(buffer: ArrayBuffer): Parts {
    let parts = this.parts.get(buffer);
    if (parts === undefined) {
      parts = { whole: false, shown: [] };
      this.parts.set(buffer, parts);
    }
    return parts;
  }

  /** The disjoint parts to save, in order, and where they come to lie. Each begins at a multiple of 8, as views may need. */
  private layout(buffer: ArrayBuffer): { start: number; end: number; at: number }[] {
    const { whole, shown } = this.of(buffer);
    if (whole) return [{ start: 0, end: buffer.byteLength, at: 0 }];
    const merged: { start: number; end: number; at: number }[] = [];
    let at = 0;
    for (const [start, end] of [...shown].sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
      const last = merged.at(-1);
      if (last !== undefined && start < last.end) {
        at += Math.max(0, end - last.end);
        last.end = Math.max(last.end, end);
      } else {
        at = Math.ceil(at / 8) * 8;
        merged.push({ start, end, at });
        at += end - start;
      }
    }
    return merged;
  }

  bytes(buffer: ArrayBuffer): Uint8Array {
    const layout = this.layout(buffer);
    if (layout.length === 1)
      return new Uint8Array(buffer, layout[0]!.start, layout[0]!.end - layout[0]!.start);
    const last = layout.at(-1);
    const bytes = new Uint8Array(last === undefined ? 0 : last.at + last.end - last.start);
    for (const { start, end, at } of layout) bytes.set(new Uint8Array(buffer, start, end - start), at);
    return bytes;
  }

  offset(buffer: ArrayBuffer, offset: number): number {
    for (const { start, end, at } of this.layout(buffer)) {
      if (offset >= start && offset <= end) return at + offset - start;
    }
    return 0;
  }
}

interface BufferOut extends Out {
  readonly buffers: Buffers;
}

/** Stands for the content of a buffer: views refer to it, so that it is known whether anything holds the buffer itself. */
export class Content {
  readonly buffer: ArrayBuffer;
  constructor(buffer: ArrayBuffer) {
    this.buffer = buffer;
  }
}

export const bytes: Kind = {
  tags: ["bytes"],
  prototypes: [ArrayBuffer.prototype, Content.prototype],
  bare: () => true,
  write(value: ArrayBuffer | Content, out: Out): string {
    const { buffers } = out as BufferOut;
    if (!(value instanceof Content)) {
      byteLength.call(value);
      if (isDetached(value)) {
        writeOwn(value, 0, out, () => false);
        return '["bytes",null]';
      }
      const content = buffers.content(value);
      buffers.whole(value);
      return `["bytes",${out.index(content)}]`;
    }
    const { buffer } = value;
    writeOwn(buffer, 0, out, () => false);
    const most = (buffer as { resizable?: boolean }).resizable
      ? `,${(buffer as unknown as { maxByteLength: number }).maxByteLength}`
      : "";
    return out.later(() => `["bytes",${out.bytes(buffers.bytes(buffer))}${most}]`);
  },
  allocate(node: Node, input: In): unknown {
    if (typeof node[1] === "number") {
      const content = input.nodes[node[1]];
      if (!Array.isArray(content) || typeof content[1] === "number") return broken("bytes that are none");
      return input.node(node[1], ["bytes"]);
    }
    if (node[1] === null) return detached();
    const content = Array.isArray(node[1]) ? largeBytes(node[1], input) : fromBase64(string(node[1]));
    if (node.length < 3) return content.buffer;
    const most = integer(node[2], MAX_BYTES);
    const Resizable = ArrayBuffer as unknown as new (
      length: number,
      options: { maxByteLength: number },
    ) => ArrayBuffer & { readonly resizable?: boolean };
    const buffer = new Resizable(content.length, { maxByteLength: most });
    if (buffer.resizable !== true) lacking("resizable ArrayBuffer");
    new Uint8Array(buffer).set(content);
    return buffer;
  },
};

function largeBytes(node: Node, input: In): Uint8Array<ArrayBuffer> {
  const content = readLarge(node, input.chunks);
  return typeof content === "string"
    ? broken("large bytes that are text")
    : (content as Uint8Array<ArrayBuffer>);
}

/** A growing buffer reserves what it may grow to; more than this is damage, not a wish. */
const MAX_BYTES = 2 ** 33;

export const view: Kind = {
  tags: ["view"],
  prototypes: [...nameOfPrototype.keys()],
  done: (key) => isIndex(key, Number.MAX_SAFE_INTEGER),
  bare: isLarge,
  write(value: View, out: Out): string {
    const { buffers } = out as BufferOut;
    if (!ArrayBuffer.isView(value)) return out.refuse("an object that only looks like a typed array");
    const { buffer } = value;
    if (Object.prototype.toString.call(buffer) !== "[object ArrayBuffer]") {
      return out.refuse("a view of shared memory");
    }
    if (isDetached(buffer)) return out.refuse("a view of an ArrayBuffer that was transferred");
    if (isOutOfBounds(value)) return out.refuse("a view of what an ArrayBuffer does not hold any more");
    const name = nameOfView(value);
    const length = name === "DataView" || name === "Buffer" ? value.byteLength : lengthOf(value);
    const index = out.index(buffers.content(buffer));
    if (name === "Buffer") {
      buffers.show(buffer, value.byteOffset, value.byteOffset + value.byteLength);
      return out.later(
        () => `["view","Buffer",${index},${buffers.offset(buffer, value.byteOffset)},${length}]`,
      );
    }
    buffers.whole(buffer);
    return `["view","${name}",${index},${value.byteOffset}${follows(value) ? "" : `,${length}`}]`;
  },
  allocate(node: Node, input: In): unknown {
    const buffer = input.node(node[2], ["bytes"]) as ArrayBuffer;
    const name = string(node[1]);
    const offset = integer(node[3], buffer.byteLength + 1);
    const length = node.length > 4 ? integer(node[4], buffer.byteLength + 1) : undefined;
    if (name === "Buffer") {
      if (nodeBuffer === undefined) return lacking("Buffer");
      return nodeBuffer.from(buffer, offset, length ?? 0);
    }
    const Class = viewClasses.get(name);
    if (Class === undefined) return lacking(name);
    return length === undefined ? new Class(buffer, offset) : new Class(buffer, offset, length);
  },
};

/** The class of a view, whatever it inherits from. */
function nameOfView(value: View): string {
  for (let above: unknown = value; above !== null; above = Object.getPrototypeOf(above)) {
    const name = nameOfPrototype.get(above as object);
    if (name !== undefined) return name;
  }
  return (tagOf.call(value) as string | undefined) ?? "DataView";
}

/**
 * Whether the view was made without a length over a buffer that can grow. Nothing tells but a change: the buffer is grown by one
 * element, or where that is not possible made shorter by one, and put back as it was.
 */
function follows(value: View): boolean {
  const buffer = value.buffer as ArrayBuffer & {
    resizable?: boolean;
    maxByteLength: number;
    resize(length: number): void;
  };
  const size = value.BYTES_PER_ELEMENT ?? 1;
  const { byteLength: before } = buffer;
  if (buffer.resizable !== true || value.byteOffset + value.byteLength <= before - size) return false;
  const length = value.byteLength;
  if (before + size <= buffer.maxByteLength) {
    buffer.resize(before + size);
    const grown = value.byteLength > length;
    buffer.resize(before);
    return grown;
  }
  // Without an element, it cannot get one: as one of fixed length it will be the same.
  if (length === 0) return false;
  const kept = new Uint8Array(buffer, before - size).slice();
  buffer.resize(before - size);
  const follows = !isOutOfBounds(value);
  buffer.resize(before);
  new Uint8Array(buffer, before - size).set(kept);
  return follows;
}

const TypedArray: { readonly prototype: object } = Object.getPrototypeOf(Uint8Array);
const inTypedArray = (key: PropertyKey) =>
  Object.getOwnPropertyDescriptor(TypedArray.prototype, key)!.get as () => unknown;
const tagOf = inTypedArray(Symbol.toStringTag);
const elements = inTypedArray("length") as () => number;
const { values } = Uint8Array.prototype;
const lengthOfDataView = Object.getOwnPropertyDescriptor(DataView.prototype, "byteLength")!
  .get as () => number;

const lengthOf = (value: View): number => elements.call(value);

/** Methods of such a view throw. */
function isOutOfBounds(value: View): boolean {
  try {
    if (tagOf.call(value) === undefined) lengthOfDataView.call(value);
    else values.call(value as never);
    return false;
  } catch {
    return true;
  }
}

/** Its memory was transferred to somebody else. */
function isDetached(buffer: ArrayBuffer): boolean {
  const told = (buffer as { readonly detached?: boolean }).detached;
  if (told !== undefined) return told;
  if (byteLength.call(buffer) > 0) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

function detached(): ArrayBuffer {
  const buffer = new ArrayBuffer(0);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}

const byteLength = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "byteLength")!.get as () => number;
