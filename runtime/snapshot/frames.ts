/**
 * Frames at a restore. Under the same code each slot gets its value. Under changed code the schema is per variable: a local
 * may have moved from the frame into a scope record or back, since closures were added or removed; one that is not needed
 * any more is dropped; one that is newly needed blocks the run.
 */
import type { Frame, RecordSchema } from "../../abi/index.ts";
import { ColdframeError } from "../errors.ts";
import { type Durable, recordOf, registry } from "../machine/index.ts";
import type { Resolved } from "./align.ts";
import { broken, type In, type Node } from "./kind.ts";
import { savedVariables } from "./kinds/functions.ts";
import { needsMigration } from "./points.ts";
import { VariableNames } from "./variable-names.ts";

export function fillFrame(task: Durable, node: Node, resolved: Resolved, input: In): void {
  const { code, ip, saved } = resolved;
  if (node.length !== saved.length + 2) broken("a frame with too few or too many values");
  task.code = code;
  task.ip = ip;
  // A sync generator keeps its frame, and puts locals into it again later.
  if (saved.length === 0 && resolved.plan.slots.length === 0 && code.kind !== "generator") return;
  const frame: Frame = {};
  task.frame = frame;
  if (resolved.exact) {
    for (let i = 0; i < saved.length; i++) put(frame, saved[i]!, input.value(node[i + 2]));
    return;
  }
  // Records are filled when all nodes have been read.
  input.afterwards(() => new Migration(node, resolved, input).fill(frame));
}

function put(frame: Frame, slot: string, value: unknown): void {
  // A local may have that name, too.
  if (slot === "__proto__") {
    Object.defineProperty(frame, slot, { value, writable: true, enumerable: true, configurable: true });
  } else frame[slot] = value;
}

/** A saved local, wherever it was. */
interface Local {
  readonly value: unknown;
}

/** A scope record of the old frame. */
interface OldRecord {
  readonly record: Record<string, unknown>;
  readonly variables: readonly string[];
}

class Migration {
  private readonly resolved: Resolved;
  private readonly slots = new Map<string, Local>();
  private readonly records = new Map<string, OldRecord>();
  private readonly before: VariableNames;
  private readonly now: VariableNames;

  constructor(node: Node, resolved: Resolved, input: In) {
    this.resolved = resolved;
    this.before = new VariableNames(resolved.old);
    this.now = new VariableNames(resolved.code.points.slice(1));
    resolved.saved.forEach((slot, i) => {
      const raw = node[i + 2];
      const value = input.value(raw);
      const index = Array.isArray(raw) && typeof raw[0] === "number" ? raw[0] : undefined;
      const target = index === undefined ? undefined : (input.nodes[index] as Node);
      if (Array.isArray(target) && target[0] === "scope") {
        this.records.set(slot, { record: value as never, variables: savedVariables(target, input) });
      } else this.slots.set(slot, { value });
    });
  }

  fill(frame: Frame): void {
    const { plan } = this.resolved;
    const recordSlots = new Map(plan.records.map(({ slot, variables }) => [slot, variables]));
    for (const slot of plan.slots) {
      const variables = recordSlots.get(slot);
      put(frame, slot, variables === undefined ? this.local(slot) : this.record(slot, variables));
    }
  }

  /** The value of a local, from its slot or from a record that it has left. */
  private local(name: string): unknown {
    this.before.check(name, this.now, this.resolved.code);
    const slot = this.slots.get(name);
    if (slot !== undefined) return slot.value;
    const record = this.records.get(name);
    if (record !== undefined) return record.record;
    const holders = [...this.records.values()].filter(({ variables }) => variables.includes(name));
    if (holders.length === 1) return holders[0]!.record[name];
    throw needsMigration(name, this.resolved.code);
  }

  /** A record with the variables that are needed: the old one, given locals that were in the frame, or a new one of those. */
  private record(slot: string, variables: readonly string[]): object {
    for (const variable of variables) this.before.check(variable, this.now, this.resolved.code);
    const old = this.records.get(slot);
    if (old !== undefined && this.extend(old, variables)) return old.record;
    const holders = [...this.records.values()].filter((other) =>
      variables.every((name) => other.variables.includes(name)),
    );
    if (holders.length === 1) return holders[0]!.record;
    const missing = variables.find((variable) => !this.slots.has(variable));
    if (missing !== undefined || holders.length > 1)
      throw needsMigration(missing ?? variables[0]!, this.resolved.code);
    const { Record } = this.schema(variables);
    const record = new Record() as Record<string, unknown>;
    for (const variable of variables) record[variable] = this.slots.get(variable)!.value;
    return record;
  }

  /** Moves locals that are captured now into the record. False when it lacks some that were not in the frame. */
  private extend({ record, variables: held }: OldRecord, variables: readonly string[]): boolean {
    const moved = variables.filter((variable) => !held.includes(variable));
    const known = recordOf(record)?.variables ?? [];
    if (!moved.every((variable) => this.slots.has(variable) && known.includes(variable))) return false;
    for (const variable of moved) record[variable] = this.slots.get(variable)!.value;
    return true;
  }

  private schema(variables: readonly string[]): RecordSchema {
    const { code } = this.resolved;
    const found: RecordSchema[] = [];
    for (const schema of registry.records.values()) {
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
