/**
 * The text of CF2101: every value of a snapshot that cannot be saved, with the path to it from a local of the author's,
 * the await at which the run would park, and the ways out. Paths are found afterwards, by looking from each object into
 * the one it was first seen in: a run that can be saved pays nothing for them.
 */
import type { Code } from "../../abi/index.ts";
import { codeOf, Durable, recordOf, stampOf } from "../machine/index.ts";
import type { Writer } from "./writer.ts";

const MAX_LISTED = 20;

/** What to do about a value of a run. */
const LIVE = "Open it inside a step, let go of it before the await";
/** And about one that is handed over. */
const COPIED =
  "Hand over data that is taken out of it, as await response.json() gives, call closures where they were made";
const REGISTERED =
  'resource("name", object) for one object; for the objects of a class: mark its module or include its package, superjson.registerClass(Class), or static [Symbol.for("coldframe.save")].';

/**
 * The text behind the title of CF2101.
 * @param what what was to be written, unless it is a run: `the result of step "charge"`
 */
export function refusal(out: Writer, what = "the value"): string {
  const lines: string[] = [];
  const seen = new Set<string>();
  for (const { index, what: kind } of out.refusals) {
    const { path, at, notes } = locate(out, index, what);
    const line = `${path} is ${kind}${at === "" ? "" : ` (${at})`}`;
    if (seen.has(line)) continue;
    seen.add(line);
    if (seen.size > MAX_LISTED) continue;
    lines.push(`  ${line}`);
    for (const note of notes) lines.push(`    ${note}`);
  }
  const count = seen.size;
  const hidden = count - MAX_LISTED;
  const head =
    count === 1
      ? "a value is still needed after an await, but cannot be saved"
      : `${count} values are still needed after an await, but cannot be saved`;
  const subject = out.isOfRun
    ? head
    : count === 1
      ? `${what} would be copied here`
      : `${what} would be copied here, with ${count} such values`;
  return [
    subject,
    ...lines,
    ...(hidden > 0 ? [`  and ${hidden} more`] : []),
    `${out.isOfRun ? LIVE : COPIED}, or register it: ${REGISTERED}`,
  ].join("\n");
}

interface Place {
  /** `expandCapacity › opts.retry.socket` */
  readonly path: string;
  /** `flows.ts:12` */
  readonly at: string;
  /** `flows.ts:12:3    await charge    the run parks here` */
  readonly notes: readonly string[];
}

/** A slot of the author's, or what the compiler keeps there. */
function nameOfSlot(slot: string | undefined): string {
  if (slot === undefined) return "a value";
  return /^\$held(\$\d+)?$/.test(slot) ? "using" : slot;
}

/** Where the variable `name` of a function was declared: `flows.ts:12:3`; undefined when nobody knows. */
function declaration(code: Code | undefined, name: string): string | undefined {
  const place = code?.declared?.get(name);
  return place === undefined ? undefined : `${code!.file}:${place}`;
}

/** Climbs from an object to the frame that holds it. */
export function locate(out: Writer, index: number, what: string): Place {
  const { heap, parents } = out;
  let path = "";
  let local = "";
  let owner = "";
  let declared: string | undefined;
  let child = index;
  let parent = parents[child]!;
  while (parent >= 0) {
    const holder = heap[parent];
    const record = typeof holder === "object" && holder !== null ? recordOf(holder) : undefined;
    if (holder instanceof Durable) {
      if (holder.code !== null && holder.frame !== null) {
        if (local === "") {
          const slot = keyOf(holder.frame, heap[child]);
          local = nameOfSlot(slot);
          declared = slot === undefined ? undefined : declaration(holder.code, slot);
        }
        if (owner === "") owner = shortName(holder.code.id);
        const { code, ip } = holder;
        const point = code.points[ip];
        const line = point?.line ?? code.line;
        const column = point === undefined ? "" : `:${point.column + 1}`;
        const notes: string[] = [];
        if (declared !== undefined) notes.push(`${declared}    ${local}    is declared here`);
        if (point !== undefined)
          notes.push(`${code.file}:${line}${column}    await ${point.name}    the run parks here`);
        const at = declared === undefined ? `${code.file}:${line}` : declared.replace(/:\d+$/, "");
        return { path: `${owner} › ${local}${path}`, at, notes };
      }
      if (local === "") path = `‹promise›${path}`;
    } else if (record !== undefined) {
      if (local === "") {
        local = keyOf(holder as object, heap[child]) ?? "a variable";
        const id = record.id.replace(/\.(scope|\{[^}]*\})(#\d+)?$/, "");
        owner = shortName(id);
        declared = declaration(codeOf(id), local);
      }
    } else if (local === "") path = `${step(holder, heap[child])}${path}`;
    child = parent;
    parent = parents[child]!;
  }
  const at = declared?.replace(/:\d+$/, "") ?? "";
  if (local !== "") return { path: `${owner} › ${local}${path}`, at, notes: [] };
  const itself = what === "the value" ? "the value itself" : what;
  return { path: path === "" ? itself : `${what.replace(/^the value$/, "value")}${path}`, at, notes: [] };
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
