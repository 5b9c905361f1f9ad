/** What `coldframe show` tells about a run: the rows of the store and its snapshot, put together. Needs none of its code. */
import type { Chunk, CodeRecord, RunDetail, WaitInfo } from "../runtime/engine/store.ts";
import {
  chunkSetOf,
  decodeValue,
  describe,
  parsePoints,
  type TaskDescription,
  type WaitDescription,
} from "../runtime/snapshot/index.ts";

export interface FrameView {
  /** `module#function`. */
  readonly code: string;
  /** Path in its package, or null when the store does not know. */
  readonly file: string | null;
  readonly line: number | null;
  /** Name of the suspend point: what is awaited. */
  readonly point: string;
  readonly locals: readonly { readonly name: string; readonly text: string }[];
}

export interface WaitView extends WaitInfo {
  /** Retries of a step that has failed so far, or null. */
  readonly retry: { readonly made: number; readonly due: number; readonly error: string } | null;
  /** Calls that wait for it, innermost first. */
  readonly stack: readonly FrameView[];
}

export interface RunView {
  readonly run: Omit<RunDetail, "snapshot" | "waits" | "attempts" | "end" | "call">;
  readonly waits: readonly WaitView[];
  /** Calls that wait, but for nothing outside: they can never go on. */
  readonly stranded: readonly FrameView[];
  readonly bytes: number | null;
  readonly end: { readonly status: string; readonly value: unknown } | null;
  /** Why the snapshot cannot be read, or null. */
  readonly unreadable: string | null;
}

export function viewOf(
  detail: RunDetail,
  codes: readonly CodeRecord[],
  chunks: readonly Chunk[] = [],
): RunView {
  const { snapshot, waits, attempts, end, call: _, ...run } = detail;
  const view = {
    run,
    bytes:
      snapshot === null ? null : bytesIn(snapshot) + chunks.reduce((sum, { body }) => sum + bytesIn(body), 0),
    end: end === null ? null : { status: end.status, value: valueOf(end.value) },
  };
  const infos = waits.map((info) => {
    const attempt = attempts.find(({ wait }) => wait === info.id);
    return {
      ...info,
      retry: attempt === undefined ? null : { made: attempt.made, due: attempt.due, error: attempt.error },
    };
  });
  const bare = infos.map((info) => ({ ...info, stack: [] }));
  if (snapshot === null) return { ...view, waits: bare, stranded: [], unreadable: null };
  try {
    const { tasks, waits: described } = describe(snapshot, {
      points: pointsIn(codes),
      chunks: chunkSetOf(chunks).bodies,
    });
    const byIndex = new Map(tasks.map((task) => [task.index, task]));
    const stacks = new Map(described.map((wait) => [wait.id, framesOf(wait, byIndex)]));
    const reached = new Set(described.flatMap(({ stack }) => stack));
    const stranded = tasks.filter(({ index }) => !reached.has(index)).map(frameOf);
    const withStacks = infos.map((info) => ({ ...info, stack: stacks.get(info.id) ?? [] }));
    return { ...view, waits: withStacks, stranded, unreadable: null };
  } catch (error) {
    return { ...view, waits: bare, stranded: [], unreadable: (error as Error).message };
  }
}

function bytesIn(body: string | Uint8Array): number {
  return typeof body === "string" ? new TextEncoder().encode(body).length : body.length;
}

function framesOf(wait: WaitDescription, tasks: ReadonlyMap<number, TaskDescription>): FrameView[] {
  return wait.stack.map((index) => frameOf(tasks.get(index)!));
}

function frameOf({ code, file, line, point, locals }: TaskDescription): FrameView {
  return { code, file, line, point, locals };
}

function pointsIn(codes: readonly CodeRecord[]) {
  const bodies = new Map(codes.map(({ key, body }) => [key, body]));
  return (hash: string, id: string) => {
    const body = bodies.get(`${id}@${hash}`);
    return body === undefined ? undefined : parsePoints(body);
  };
}

/** The value, or its text when it is of a class that is not loaded here. */
function valueOf(text: string): unknown {
  try {
    return decodeValue(text);
  } catch {
    return text;
  }
}
