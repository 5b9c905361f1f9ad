/**
 * Stack traces across awaits: below the functions that were on the stack come those that await them, as the platform writes them.
 *
 * ```
 * Error: no item -1
 *     at price (flow.ts:16:23)
 *     at async Promise.all (index 1)
 *     at async total (flow.ts:9:18)
 * ```
 *
 * The platform sees none of them: a task is carried on by the job loop. They are read from the reactions of the promise when an exception
 * first leaves a task, so that they are the same after a restore.
 */

import { Durable, Element, Generating, GeneratorQueue, type Reaction } from "./durable.ts";
import { authorName } from "./registry.ts";

/** Errors that have their async frames already. */
const traced = new WeakSet<object>();

/** The stack of this error, from a snapshot, is complete: leaving another task adds nothing. */
export function markTraced(error: object): void {
  traced.add(error);
}

/** The folder of the machine, as stack traces name it. Empty where they name none. */
const here = /[(@\s]([^(@\s]*?)stack\.[jt]s:\d+/.exec(new Error().stack ?? "")?.[1] ?? "";

/**
 * Completes the stack of an error that has left a task, or with which a wait was rejected.
 * @param from the promise whose awaiting tasks come next
 */
export function trace(error: unknown, from: Durable): void {
  try {
    if (typeof error !== "object" || error === null || !(error instanceof Error) || traced.has(error)) return;
    traced.add(error);
    const { stack } = error;
    if (typeof stack !== "string") return;
    // As many again as the engine keeps: those of a failed step fill its limit.
    error.stack = ownFrames(stack.split("\n")).concat(asyncFrames(from, limit())).join("\n");
  } catch {
    // A frozen error keeps the stack that it has, and so does one with traps and accessors that throw.
  }
}

function limit(): number {
  const most: unknown = Reflect.get(Error, "stackTraceLimit");
  return typeof most === "number" ? most : 10;
}

/**
 * Without the frames of the machine, and what stands below the job loop. A function that was called and not resumed is there twice, its
 * body as `async f` above its call as `f`.
 */
function ownFrames(lines: string[]): string[] {
  const kept: string[] = [];
  let body = "";
  // By index: the program may iterate over arrays in its own way.
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    if (here !== "" && line.includes(here)) {
      if (/loop\.[jt]s/.test(line)) return kept;
      continue;
    }
    const call = /^\s+at (?:async (\S+)|(?:new )?(?:[\w$]+\.)*([\w$#]+))(?: \[as .*\])? \(/.exec(line);
    if (call?.[2] === undefined || call[2] !== body) kept.push(line.replace("at async ", "at "));
    body = call?.[1] ?? "";
  }
  return kept;
}

function asyncFrames(from: Durable, room: number): string[] {
  const frames: string[] = [];
  const seen = new Set<Durable>();
  for (let next: Durable | null = from; next !== null && !seen.has(next) && frames.length < room; ) {
    seen.add(next);
    const { reactions }: Durable = next.value instanceof GeneratorQueue ? (next.value.promise ?? next) : next;
    const reaction: Reaction | undefined = Array.isArray(reactions) ? reactions[0] : reactions;
    next = null;
    if (reaction instanceof Durable || reaction instanceof Generating) {
      next = reaction instanceof Durable ? reaction : reaction.task;
      if (next.code !== null) frames.push(frame(next));
    } else if (reaction instanceof Element) {
      frames.push(`    at async Promise.${reaction.group.kind} (index ${reaction.index})`);
      next = reaction.group.target;
    } else if (reaction !== undefined && "target" in reaction && reaction.target instanceof Durable)
      next = reaction.target;
  }
  return frames;
}

function frame({ code, ip }: Durable): string {
  const { id, file, line } = code!;
  const point = code!.points[ip];
  const place = point === undefined ? `${file}:${line}` : `${file}:${point.line}:${point.column + 1}`;
  return `    at async ${authorName(id)} (${place})`;
}
