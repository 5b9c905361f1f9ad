/**
 * Reads a snapshot without the code that wrote it, for people: tasks with their locals, what each waits for, and the stacks that
 * lead from an external wait to the root. Makes no object of the run, and calls nothing.
 */
import type { ChunkBody } from "./chunk.ts";
import { guarded, unseal } from "./format.ts";
import { broken, integer, list, type Node, string } from "./kind.ts";
import { splitName, splitPoint } from "./names.ts";
import type { PointsOf } from "./points.ts";
import { Preview } from "./preview.ts";

export interface LocalDescription {
  readonly name: string;
  /** As one would write it in source, shortened. */
  readonly text: string;
}

export interface TaskDescription {
  /** Its node in the snapshot. */
  readonly index: number;
  /** `module#path` and hash of its code. */
  readonly code: string;
  readonly hash: string;
  /** Name of the suspend point: what is awaited. */
  readonly point: string;
  /** Where that is in the author's source, when the store kept the list of points of this hash. */
  readonly file: string | null;
  readonly line: number | null;
  /** Live locals; what the compiler keeps for itself is left out. */
  readonly locals: readonly LocalDescription[];
  /** Nodes of the tasks, waits and promises that it waits for, directly or through combinators and handlers. */
  readonly waitsFor: readonly number[];
}

export interface WaitDescription {
  readonly index: number;
  readonly id: number;
  readonly kind: "step" | "timer" | "event" | "child" | "lock";
  /** Step id, event key, other run, or key of a lock; for a timer nothing. */
  readonly name: string;
  /** Milliseconds since 1970, or null. */
  readonly due: number | null;
  /** `file:line`, where the snapshot says so itself; else it is that of the first frame of the stack. */
  readonly at: string | null;
  /** Nodes of the tasks that wait for it, the innermost first, the root task last when it is reached. */
  readonly stack: readonly number[];
}

export interface Description {
  readonly tasks: readonly TaskDescription[];
  readonly waits: readonly WaitDescription[];
  /** Jobs that are ready to run; those of native promises that were pending are among them. */
  readonly jobs: number;
  /** Nodes in all. */
  readonly nodes: number;
}

export interface DescribeOptions {
  /** The list of points of code that is not loaded. */
  readonly points?: PointsOf;
  /** The chunks that the snapshot refers to. Without them, large values are shown by their size. */
  readonly chunks?: ReadonlyMap<string, ChunkBody>;
  /** Also generators that nobody has asked anything, among the tasks. */
  readonly idle?: boolean;
}

/**
 * @throws ColdframeError CF2102 when the text is damaged, CF2103 for a format that this build does not know
 */
export function describe(text: string, options: DescribeOptions = {}): Description {
  return guarded(() => new Describer(unseal(text), options).describe());
}

const WAITS = ["step", "timer", "event", "child", "lock"];

class Describer {
  private readonly names: readonly unknown[];
  private readonly nodes: readonly unknown[];
  private readonly jobs: number;
  private readonly points: PointsOf | undefined;
  private readonly preview: Preview;
  private readonly idle: boolean;
  /** Who is settled or carried on when a node settles. */
  private readonly targets = new Map<number, number[]>();
  private readonly sources = new Map<number, number[]>();
  /** Tasks of generators. */
  private readonly generators = new Set<number>();

  constructor(parts: readonly unknown[], { points, chunks, idle = false }: DescribeOptions) {
    this.names = list(parts[1]);
    this.nodes = list(parts[2]);
    this.jobs = parts.length > 4 ? list(parts[4]).length : 0;
    this.points = points;
    this.idle = idle;
    this.preview = new Preview(this.names, this.nodes, chunks);
    for (let index = 0; index < this.nodes.length; index++) this.link(index);
  }

  describe(): Description {
    const tasks: TaskDescription[] = [];
    const waits: WaitDescription[] = [];
    for (let index = 0; index < this.nodes.length; index++) {
      const node = this.nodes[index];
      if (!Array.isArray(node)) continue;
      if (typeof node[0] === "number") {
        if (this.idle || !this.isIdle(index)) tasks.push(this.task(index, node));
      } else if (WAITS.includes(node[0])) waits.push(this.wait(index, node));
    }
    return { tasks, waits, jobs: this.jobs, nodes: this.nodes.length };
  }

  /** A generator that nobody has asked anything: a value like others, shown where it is held. */
  private isIdle(index: number): boolean {
    return this.generators.has(index) && !this.sources.has(index);
  }

  private link(index: number): void {
    const node = this.nodes[index];
    if (!Array.isArray(node)) return;
    if (node[0] === "generator") this.generators.add(integer(node[2], this.nodes.length));
    if (typeof node[0] !== "number" && node[0] !== "promise" && !WAITS.includes(node[0])) return;
    if (!Array.isArray(node[1])) return;
    for (const raw of node[1]) {
      if (typeof raw !== "number") continue;
      const target = this.targetOf(raw);
      if (target === undefined) continue;
      push(this.targets, index, target);
      push(this.sources, target, index);
    }
  }

  /** The promise that a reaction settles, or the task that it carries on. */
  private targetOf(raw: number): number | undefined {
    const node = list(this.nodes[integer(raw, this.nodes.length)]);
    switch (node[0]) {
      case "then":
        return typeof node[3] === "number" ? node[3] : undefined;
      case "adopt":
        return node[1] as number;
      case "mirror":
        return undefined;
      case "queue":
        return typeof node[2] === "number" ? node[2] : undefined;
      case "generating":
      case "finally":
        return node[2] as number;
      case "constant":
      case "unwrap":
        return node[3] as number;
      case "element": {
        const group = list(this.nodes[integer(node[1], this.nodes.length)]);
        return integer(group[4], this.nodes.length);
      }
      default:
        return raw;
    }
  }

  private task(index: number, node: Node): TaskDescription {
    const { id: code, hash, point, slots } = splitPoint(this.names[integer(node[0], this.names.length)]);
    if (slots.length !== node.length - 2) return broken("a task that cannot be read");
    const known = this.points?.(hash, code);
    const line = known?.points.find(({ name }) => name === point)?.line ?? null;
    const locals = slots.flatMap((slot, i) => this.local(slot, node[i + 2]));
    return {
      index,
      code,
      hash,
      point,
      file: known?.file ?? null,
      line,
      locals,
      waitsFor: this.sources.get(index) ?? [],
    };
  }

  /** A slot as locals: a scope record stands for its variables; other slots of the compiler are not shown. */
  private local(slot: string, raw: unknown): LocalDescription[] {
    const target =
      Array.isArray(raw) && typeof raw[0] === "number"
        ? this.nodes[integer(raw[0], this.nodes.length)]
        : null;
    if (Array.isArray(target) && target[0] === "scope") {
      const [, ...variables] = splitName(this.names[integer(target[1], this.names.length)]);
      return variables.map((name, i) => ({ name, text: this.preview.value(target[i + 2]) }));
    }
    return slot.startsWith("$") ? [] : [{ name: slot, text: this.preview.value(raw) }];
  }

  private wait(index: number, node: Node): WaitDescription {
    const kind = node[0] as WaitDescription["kind"];
    const id = integer(node[2], Number.MAX_SAFE_INTEGER);
    const optional = (i: number) => (typeof node[i] === "string" ? (node[i] as string) : null);
    const stack = this.stack(index);
    switch (kind) {
      case "timer":
        return { index, id, kind, name: "", due: node[3] as number, at: optional(4), stack };
      case "event":
        return {
          index,
          id,
          kind,
          name: string(node[3]),
          due: (node[4] as number | null) ?? null,
          at: optional(5),
          stack,
        };
      default:
        return {
          index,
          id,
          kind,
          name: string(node[3]),
          due: null,
          at: optional(kind === "step" ? 5 : 4),
          stack,
        };
    }
  }

  /** Tasks on the way from a promise to those who wait for it, each once. */
  private stack(from: number): number[] {
    const stack: number[] = [];
    const seen = new Set<number>();
    for (let next: number | undefined = from; next !== undefined && !seen.has(next); ) {
      seen.add(next);
      const node = this.nodes[next];
      if (Array.isArray(node) && typeof node[0] === "number") stack.push(next);
      next = this.targets.get(next)?.[0];
    }
    return stack;
  }
}

function push(map: Map<number, number[]>, key: number, value: number): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}
