/**
 * Frames at a restore. Under the same code each slot gets its value. Under changed code the schema is per variable: a local
 * may have moved from the frame into a scope record or back, since closures were added or removed; one that is not needed
 * any more is dropped; one that is newly needed blocks the run. A migration of the author's gives all locals by itself; what the
 * compiler keeps for itself (`$of`, the position in a loop) is carried over as ever.
 */
import { type Frame, type RecordSchema, TDZ, type ValueKind } from "../../abi/index.ts";
import { ColdframeError } from "../errors.ts";
import { type Durable, loaded, recordOf } from "../machine/index.ts";
import type { Resolved } from "./align.ts";
import { broken, type In, type Node } from "./kind.ts";
import { type HeapIn, savedVariables } from "./kinds/functions.ts";
import { applied, failed } from "./migrations.ts";
import { needsMigration } from "./points.ts";
import { baseOf, byOrdinal, VariableNames } from "./variable-names.ts";

export function fillFrame(task: Durable, node: Node, resolved: Resolved, input: HeapIn): void {
  const { code, ip, saved } = resolved;
  if (node.length !== saved.length + 2) broken("a frame with too few or too many values");
  task.code = code;
  task.ip = ip;
  // A sync generator keeps its frame, and puts locals into it again later.
  if (saved.length === 0 && resolved.plan.slots.length === 0 && code.kind !== "generator") return;
  const frame: Frame = {};
  task.frame = frame;
  if (resolved.exact) {
    for (let i = 0; i < saved.length; i++) {
      const slot = saved[i]!;
      const value = input.value(node[i + 2]);
      put(frame, slot, slot.startsWith("$completion") ? completionOf(slot, value, resolved) : value);
    }
    return;
  }
  // Records are filled when all nodes have been read; authors' functions see what is complete.
  const fill = () => new Locals(node, resolved, input).fill(frame);
  if (resolved.chain === undefined) input.afterwards(fill);
  else input.migrate(fill);
}

function put(frame: Frame, slot: string, value: unknown): void {
  // A local may have that name, too.
  if (slot === "__proto__") {
    Object.defineProperty(frame, slot, { value, writable: true, enumerable: true, configurable: true });
  } else frame[slot] = value;
}

/**
 * What a `finally` pends, which has to be something that its `try` does. Under the same code it is, but for the names that an earlier
 * compiler had for jumps (`break $loop2`): where only one is of that sort, it is that one.
 * @throws ColdframeError CF2103
 */
function completionOf(slot: string, value: unknown, { code, point, exact }: Resolved): unknown {
  if (value === "normal" || value === "throw" || typeof value !== "string") return value;
  const exits = point.exits?.[slot] ?? [];
  if (exits.includes(value)) return value;
  const [what, where = ""] = value.split(" ");
  const alike = exits.filter((one) => one.split(" ")[0] === what);
  if (exact && alike.length === 1) return alike[0];
  const why = exact
    ? `an earlier version of coldframe saved which one as "${value}", and there are ${alike.length}`
    : 'its "try" has none any more';
  const named = where === "" || /^\d/.test(where) || exact ? "" : ` of "${where}"`;
  throw new ColdframeError(
    "CF2103",
    `migration needed: the run is parked in a "finally" of ${code.id} (${code.file}:${point.line}) that was entered by a "${what}"${named}, and ${why}. Deploy the old build beside this one`,
  );
}

/** A scope record of the old frame, and the variables that were saved of it. */
interface OldRecord {
  readonly record: Record<string, unknown>;
  readonly variables: ReadonlyMap<string, unknown>;
}

/** The locals of a frame that older code saved, wherever they were. */
class Locals {
  private readonly resolved: Resolved;
  private readonly input: HeapIn;
  private readonly slots = new Map<string, unknown>();
  private readonly records = new Map<string, OldRecord>();
  private readonly before: VariableNames;
  private readonly now: VariableNames;
  /** By name, as the author's migrations made them; null: there are none. */
  private given: Readonly<Record<string, unknown>> | null = null;

  constructor(node: Node, resolved: Resolved, input: HeapIn) {
    this.resolved = resolved;
    this.input = input;
    this.before = new VariableNames(resolved.old);
    this.now = new VariableNames(resolved.code.points.slice(1));
    resolved.saved.forEach((slot, i) => {
      const raw = node[i + 2];
      const value = input.value(raw);
      const record = savedRecord(raw, input);
      if (record === undefined) this.slots.set(slot, value);
      else this.records.set(slot, { record: value as never, variables: record });
    });
  }

  fill(frame: Frame): void {
    const { plan, chain, code } = this.resolved;
    this.checkSpills();
    if (chain !== undefined) this.given = applied(chain, this.byName(), `${code.id} at "${chain.at}"`);
    const recordSlots = new Map(plan.records.map(({ slot, variables }) => [slot, variables]));
    for (const slot of plan.slots) {
      const variables = recordSlots.get(slot);
      put(frame, slot, variables === undefined ? this.local(slot) : this.record(slot, variables));
    }
  }

  /** What a migration gets: the author's locals. Those of which there are several of one name are called `$record.name`. */
  private byName(): Record<string, unknown> {
    const found = new Map<string, unknown>();
    const counts = new Map<string, number>();
    for (const { variables } of this.records.values())
      for (const name of variables.keys()) counts.set(name, (counts.get(name) ?? 0) + 1);
    for (const [slot, value] of this.slots) if (!slot.startsWith("$")) found.set(slot, value);
    for (const [slot, { variables }] of this.records) {
      for (const [name, value] of variables)
        found.set(counts.get(name)! > 1 || this.slots.has(name) ? `${slot}.${name}` : name, value);
    }
    return Object.fromEntries(found);
  }

  /** The value of a local, from its slot or from a record that it has left. */
  private local(name: string): unknown {
    if (name.startsWith("$")) {
      const value = this.slots.get(this.slotOf(name, this.slots) ?? this.lacking(name));
      if (baseOf(name) === "$completion") return completionOf(name, value, this.resolved);
      return value;
    }
    if (this.given !== null) return this.fromMigration(name);
    this.before.check(name, this.now, this.resolved.code);
    if (this.slots.has(name)) return this.checkKind(name, this.slots.get(name));
    const holders = [...this.records.values()].filter(({ variables }) => variables.has(name));
    if (holders.length === 1) return this.checkKind(name, holders[0]!.variables.get(name));
    throw needsMigration(name, this.resolved.code);
  }

  /** A value that the code as it is now would never have there would be taken for another one in silence. */
  private checkKind(name: string, value: unknown): unknown {
    const wrong = this.wrongKind(name, value);
    const { code } = this.resolved;
    if (wrong === null) return value;
    throw new ColdframeError(
      "CF2103",
      `migration needed: "${name}" of ${code.id} (${code.file}:${code.line}) was saved as ${wrong.kind}, and is always ${wrong.kinds} now. Deploy a migration that gives it a new value, or the old build`,
    );
  }

  /** What a value is, and what it would have to be; null: it may be that. */
  private wrongKind(name: string, value: unknown): { readonly kind: string; readonly kinds: string } | null {
    const kinds = this.resolved.code.kinds?.get(name);
    const kind = kindOf(value);
    // What is `undefined` may not have been initialised yet.
    if (kinds === undefined || value === undefined || value === TDZ || kinds.includes(kind)) return null;
    return { kind: article(kind), kinds: kinds.map(article).join(" or ") };
  }

  private fromMigration(name: string): unknown {
    const { code, point } = this.resolved;
    if (Object.hasOwn(this.given!, name)) {
      const value = this.given![name];
      const wrong = this.wrongKind(name, value);
      if (wrong === null) return value;
      throw failed(
        `that of ${code.id} (${code.file}:${code.line}) gave ${wrong.kind} for "${name}", which is always ${wrong.kinds} after "${point.name}"`,
      );
    }
    throw failed(
      `that of ${code.id} (${code.file}:${code.line}) gave no "${name}", which is needed after "${point.name}". It gave ${Object.keys(this.given!).join(", ") || "nothing"}`,
    );
  }

  /**
   * The old slot that means what `name` means now, of those that the compiler has named: `$of`, `$of$2`. Their numbers count all
   * of the function, so an edit elsewhere may change them. What is live at one and the same point, of one name and one sort
   * (records, or what is none), is in the same order as long as it is equally many.
   */
  private slotOf(name: string, saved: ReadonlyMap<string, unknown>): string | undefined {
    const { slots, records } = this.resolved.plan;
    const base = baseOf(name);
    const isRecord = (slot: string) => records.some((record) => record.slot === slot);
    const now = slots.filter((slot) => baseOf(slot) === base && isRecord(slot) === isRecord(name));
    const old = [...saved.keys()].filter((slot) => baseOf(slot) === base);
    if (old.length !== now.length) return undefined;
    return old.sort(byOrdinal)[now.sort(byOrdinal).indexOf(name)];
  }

  /**
   * What of the statement itself was evaluated before the await stands in spills, and has to be found again. The same text may
   * need others, when an operand is now known to keep its value, or to change. A migration may lead to another statement.
   */
  private checkSpills(): void {
    const { plan, chain, code, point } = this.resolved;
    if (chain !== undefined) return;
    const bases = (slots: Iterable<string>) =>
      [...slots]
        .filter((slot) => slot.startsWith("$"))
        .map(baseOf)
        .sort()
        .join();
    const records = plan.records.map(({ slot }) => slot);
    if (bases(this.slots.keys()) === bases(plan.slots.filter((slot) => !records.includes(slot)))) return;
    throw new ColdframeError(
      "CF2103",
      `migration needed: other parts of the statement at "${point.name}" of ${code.id} (${code.file}:${point.line}) are kept over its await than were saved. Deploy the old build beside this one, or map it in a migration`,
    );
  }

  private lacking(name: string): never {
    throw needsMigration(name, this.resolved.code);
  }

  /** A record with the variables that are needed: the old one, given locals that were in the frame, or a new one of those. */
  private record(slot: string, variables: readonly string[]): object {
    if (this.given !== null) return this.recordGiven(slot, variables);
    for (const variable of variables) {
      this.before.check(variable, this.now, this.resolved.code);
      for (const { variables: held } of this.records.values())
        if (held.has(variable)) this.checkKind(variable, held.get(variable));
      if (this.slots.has(variable)) this.checkKind(variable, this.slots.get(variable));
    }
    const old = this.records.get(this.slotOf(slot, this.records) ?? "");
    if (old !== undefined && this.extend(old, variables)) return old.record;
    const holders = [...this.records.values()].filter(
      (other) => recordOf(other.record) !== undefined && variables.every((name) => other.variables.has(name)),
    );
    if (variables.length > 0 && holders.length === 1) return holders[0]!.record;
    // What is nowhere is what a migration has to give, not what it shares a scope with.
    const saved = (name: string) =>
      this.slots.has(name) || [...this.records.values()].some(({ variables: held }) => held.has(name));
    const lacking = variables.find((name) => !saved(name));
    if (lacking !== undefined) throw needsMigration(lacking, this.resolved.code);
    const value = (name: string) => {
      if (this.slots.has(name)) return this.slots.get(name);
      // From a record that no code has any more.
      const lost = [...this.records.values()].filter((other) => other.variables.has(name));
      if (lost.length !== 1 || recordOf(lost[0]!.record) !== undefined || holders.length > 1)
        throw needsMigration(name, this.resolved.code);
      return lost[0]!.variables.get(name);
    };
    return this.make(variables, value);
  }

  private recordGiven(slot: string, variables: readonly string[]): object {
    const fits = ({ record }: OldRecord) => {
      const known = recordOf(record)?.variables;
      return known !== undefined && variables.every((name) => known.includes(name));
    };
    const same = this.records.get(this.slotOf(slot, this.records) ?? "");
    const others = [...this.records.values()].filter(fits);
    const old = same !== undefined && fits(same) ? same : others.length === 1 ? others[0] : undefined;
    if (old === undefined) return this.make(variables, (name) => this.fromMigration(name));
    for (const name of variables) this.input.give(old.record, name, this.fromMigration(name));
    return old.record;
  }

  private make(variables: readonly string[], value: (name: string) => unknown): object {
    const { Record } = this.schema(variables);
    const record = new Record() as Record<string, unknown>;
    for (const variable of variables) record[variable] = value(variable);
    return record;
  }

  /** Moves locals that are captured now into the record. False when it lacks some that were not in the frame. */
  private extend({ record, variables: held }: OldRecord, variables: readonly string[]): boolean {
    const moved = variables.filter((variable) => !held.has(variable));
    const known = recordOf(record)?.variables;
    if (known === undefined) return false;
    if (!variables.every((variable) => known.includes(variable))) return false;
    if (!moved.every((variable) => this.slots.has(variable))) return false;
    for (const variable of moved) this.input.give(record, variable, this.slots.get(variable));
    return true;
  }

  private schema(variables: readonly string[]): RecordSchema {
    const { code } = this.resolved;
    const found: RecordSchema[] = [];
    for (const schema of loaded().records.values()) {
      const own = schema.id.startsWith(`${code.id}.{`) || schema.id.startsWith(`${code.id}.scope`);
      if (own && variables.every((variable) => schema.variables.includes(variable))) found.push(schema);
    }
    if (found.length === 1) return found[0]!;
    throw new ColdframeError(
      "CF2103",
      `migration needed: ${code.id} now keeps ${variables.map((name) => `"${name}"`).join(", ")} for a closure, and it is not clear in which scope`,
    );
  }
}

function kindOf(value: unknown): ValueKind {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value as ValueKind;
  if (Array.isArray(value)) return "array";
  const known = [Date, Map, Set, RegExp].find((one) => value instanceof one);
  return known === undefined ? "object" : (known.name as ValueKind);
}

const article = (kind: ValueKind): string =>
  /^(undefined|null)$/.test(kind) ? kind : `${/^[ao]/.test(kind) ? "an" : "a"} ${kind}`;

/** The variables that were saved of the record to which `raw` refers; undefined when it refers to none. */
function savedRecord(raw: unknown, input: In): ReadonlyMap<string, unknown> | undefined {
  const index = Array.isArray(raw) ? (raw as unknown[])[0] : undefined;
  const node = typeof index === "number" ? (input.nodes[index] as Node) : undefined;
  if (!Array.isArray(node) || node[0] !== "scope") return undefined;
  return new Map(savedVariables(node, input).map((name, i) => [name, input.value((node as Node)[i + 2])]));
}
