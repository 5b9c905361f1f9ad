/**
 * The text of CF2101: every value of a snapshot that cannot be saved, with the path to it from a local of the author's,
 * the await at which the run would park, and the ways out. Paths are found afterwards, by looking from each object into
 * the one it was first seen in: a run that can be saved pays nothing for them.
 */
import { Durable, recordOf, stampOf } from "../machine/index.ts";
import type { Writer } from "./writer.ts";

const MAX_LISTED = 20;

/** The text behind the title of CF2101. */
export function refusal(out: Writer): string {
  const lines: string[] = [];
  const seen = new Set<string>();
  for (const { index, what } of out.refusals) {
    const { path, at, parked } = locate(out, index);
    const line = `${path} is ${what}${at === "" ? "" : ` (${at})`}`;
    if (seen.has(line)) continue;
    seen.add(line);
    if (lines.length >= MAX_LISTED * 2) continue;
    lines.push(`  ${line}`);
    if (parked !== "") lines.push(`    ${parked}`);
  }
  const count = seen.size;
  const hidden = count - lines.filter((line) => !line.startsWith("    ")).length;
  const head =
    count === 1
      ? "a value is still needed after an await, but cannot be saved"
      : `${count} values are still needed after an await, but cannot be saved`;
  const subject = out.isOfRun
    ? head
    : count === 1
      ? "a value would be copied here"
      : `${count} values would be copied here`;
  return [
    subject,
    ...lines,
    ...(hidden > 0 ? [`  and ${hidden} more`] : []),
    'Open it inside a step, let go of it before the await, or register it: resource("name", object) for one object, superjson.registerClass(Class) for the objects of a class.',
  ].join("\n");
}

interface Place {
  /** `expandCapacity › opts.retry.socket` */
  readonly path: string;
  /** `flows.ts:12` */
  readonly at: string;
  /** `flows.ts:12:3  await charge  the run parks here` */
  readonly parked: string;
}

/** A slot of the author's, or what the compiler keeps there. */
function nameOfSlot(slot: string | undefined): string {
  if (slot === undefined) return "a value";
  return /^\$held(\$\d+)?$/.test(slot) ? "using" : slot;
}

/** Climbs from an object to the frame that holds it. */
function locate(out: Writer, index: number): Place {
  const { heap, parents } = out;
  let path = "";
  let local = "";
  let owner = "";
  let child = index;
  let parent = parents[child]!;
  while (parent >= 0) {
    const holder = heap[parent];
    const record = typeof holder === "object" && holder !== null ? recordOf(holder) : undefined;
    if (holder instanceof Durable) {
      if (holder.code !== null && holder.frame !== null) {
        if (local === "") local = nameOfSlot(keyOf(holder.frame, heap[child]));
        if (owner === "") owner = shortName(holder.code.id);
        const { code, ip } = holder;
        const point = code.points[ip];
        const line = point?.line ?? code.line;
        const column = point === undefined ? "" : `:${point.column + 1}`;
        return {
          path: `${owner} › ${local}${path}`,
          at: `${code.file}:${line}`,
          parked:
            point === undefined
              ? ""
              : `${code.file}:${line}${column}    await ${point.name}    the run parks here`,
        };
      }
      if (local === "") path = `‹promise›${path}`;
    } else if (record !== undefined) {
      if (local === "") {
        local = keyOf(holder as object, heap[child]) ?? "a variable";
        owner = shortName(record.id.replace(/\.(scope|\{[^}]*\})(#\d+)?$/, ""));
      }
    } else if (local === "") path = `${step(holder, heap[child])}${path}`;
    child = parent;
    parent = parents[child]!;
  }
  if (local !== "") return { path: `${owner} › ${local}${path}`, at: "", parked: "" };
  return { path: path === "" ? "the value itself" : `value${path}`, at: "", parked: "" };
}

/** `upgradeGame.dbBranch` of `shop/flows.ts#upgradeGame.dbBranch` */
function shortName(id: string): string {
  return id.slice(id.lastIndexOf("#") + 1);
}

/** How one leads to the other: `.retry`, `[3]`, a key of a map. Reads data properties only. */
function step(holder: unknown, child: unknown): string {
  if (holder instanceof Map) {
    for (const [key, value] of Map.prototype.entries.call(holder)) {
      if (value === child) return `.get(${text(key)})`;
      if (key === child) return ".keys()";
    }
  }
  if (holder instanceof Set) return ".values()";
  if (typeof holder === "function" && stampOf(holder) !== undefined) return "‹closure›";
  if ((typeof holder === "object" && holder !== null) || typeof holder === "function") {
    const key = keyOf(holder, child);
    if (key !== undefined) {
      if (Array.isArray(holder)) return `[${key}]`;
      return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
    }
  }
  return "‹inside›";
}

function text(key: unknown): string {
  return typeof key === "string"
    ? JSON.stringify(key)
    : typeof key === "object" || typeof key === "function"
      ? "…"
      : String(key);
}

function keyOf(holder: object, child: unknown): string | undefined {
  for (const key of Reflect.ownKeys(holder)) {
    const found = Object.getOwnPropertyDescriptor(holder, key)!;
    if (found.value === child || (child !== undefined && (found.get === child || found.set === child)))
      return String(key);
  }
  return undefined;
}
