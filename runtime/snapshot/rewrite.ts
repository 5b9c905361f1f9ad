/**
 * Changes of a snapshot as text, without the code that wrote it: what a fork, a rewind and an edit need. All else stays byte for
 * byte: a text that was parsed and written again is not always the same (key order, -0).
 */
import { guarded, seal, unseal } from "./format.ts";
import { integer, list, string } from "./kind.ts";

/** An external wait as a snapshot has it. */
export interface SavedWait {
  readonly id: number;
  readonly kind: "step" | "timer" | "event" | "child" | "lock";
  /** Step id, event key, other run, or key of a lock; of a timer nothing. */
  readonly name: string;
  /** A child that ends with the run. */
  readonly attached: boolean;
  /** Places of the lock; of others 0. */
  readonly max: number;
  /** A place that outlives the run. */
  readonly loose: boolean;
}

const WAITS = ["step", "timer", "event", "child", "lock"];

/** @throws ColdframeError CF2102, CF2103 */
export function savedWaits(text: string): readonly SavedWait[] {
  return guarded(() => list(unseal(text)[2]).flatMap(waitsIn));
}

function waitsIn(node: unknown): SavedWait[] {
  if (!Array.isArray(node) || !WAITS.includes(node[0])) return [];
  const kind = node[0] as SavedWait["kind"];
  const name = kind === "timer" ? "" : string(node[3]);
  const isLock = kind === "lock";
  return [
    {
      ...{ id: integer(node[2], Number.MAX_SAFE_INTEGER), kind, name },
      attached: kind === "child" && node[4] === 1,
      max: isLock ? integer(node[4], Number.MAX_SAFE_INTEGER) : 0,
      loose: isLock && node[5] === 1,
    },
  ];
}

/** The run's id counter. @throws ColdframeError CF2102, CF2103 */
export function nextIdOf(text: string): number {
  return guarded(() => integer(unseal(text)[0], Number.MAX_SAFE_INTEGER));
}

/** The same with another id counter: ids below it are not handed out again. */
export function withNextId(text: string, next: number): string {
  unseal(text);
  return seal(bodyOf(text).replace(/^\d+/, String(next)));
}

/** The same with other text in it. @param rename is given JSON, and gives JSON */
export function withNames(text: string, rename: (body: string) => string): string {
  unseal(text);
  return seal(rename(bodyOf(text)));
}

/** The same with children that do not end with the run. */
export function withChildrenLetGo(text: string): string {
  unseal(text);
  return seal(
    changeNodes(bodyOf(text), (node) =>
      node.startsWith('["child",')
        ? node.replace(/^(\["child",(?:\d+|\[[^\]]*\]),\d+,"(?:[^"\\]|\\.)*"),1(?=[,\]])/, "$1,0")
        : node,
    ),
  );
}

/** Another value of one element of a node. */
export interface Placed {
  readonly node: number;
  readonly element: number;
  /** Plain data: what JSON can say. */
  readonly value: unknown;
}

/** The same with other values. What they replace stays in the text until the run is saved again. */
export function withValues(text: string, placed: readonly Placed[]): string {
  let nodes = list(unseal(text)[2]).length;
  let added = "";
  const raw = (value: unknown): string => {
    const json = JSON.stringify(value);
    if (typeof value !== "object" || value === null) return json;
    added += `,["data",${json}]`;
    return `[${nodes++}]`;
  };
  const values = placed.map((one) => ({ ...one, raw: raw(one.value) }));
  const change = (node: string, index: number): string => {
    const mine = values.filter((one) => one.node === index);
    if (mine.length === 0) return node;
    return changeElements(
      node,
      0,
      (element, at) => mine.find((one) => one.element === at)?.raw ?? element,
      "",
    );
  };
  return seal(changeNodes(bodyOf(text), change, added));
}

/** Behind the header: `next,names,nodes,…]`. */
function bodyOf(text: string): string {
  return text.slice(text.indexOf(",") + 1);
}

function changeNodes(body: string, change: (node: string, index: number) => string, more = ""): string {
  const names = body.indexOf(",") + 1;
  const nodes = endOf(body, names) + 1;
  return changeElements(body, nodes, change, more);
}

/** @param at of the list's bracket @param more behind its last element */
function changeElements(
  text: string,
  at: number,
  change: (element: string, index: number) => string,
  more: string,
): string {
  let out = text.slice(0, at + 1);
  let from = at + 1;
  for (let index = 0; text[from] !== "]"; index++) {
    if (index > 0) out += text[from++]!;
    const end = endOf(text, from);
    out += change(text.slice(from, end), index);
    from = end;
  }
  return out + more + text.slice(from);
}

/** Where the JSON value that begins at `from` ends. The text is JSON. */
function endOf(text: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    const c = text[i]!;
    if (c === '"') {
      for (i++; text[i] !== '"'; i++) if (text[i] === "\\") i++;
    } else if (c === "[" || c === "{") depth++;
    else if (c === "]" || c === "}") {
      if (depth === 0) return i;
      depth--;
    } else if (c === "," && depth === 0) return i;
  }
  return text.length;
}
