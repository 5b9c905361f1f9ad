/** A run as people look at it: the rows of the store and its snapshot, put together. Needs none of its code, and wakes nothing. */
import { ColdframeError } from "../errors.ts";
import {
  type ChunkBody,
  type CodePoints,
  chunkSetOf,
  decodeValue,
  describe,
  parsePoints,
  type TaskDescription,
  type WaitDescription,
} from "../snapshot/index.ts";
import { type Blockage, blockageOf } from "./blockage.ts";
import type { Chunk, CodeRecord, RunDetail, WaitInfo } from "./store.ts";

/** A call that waits, with its live locals as text. */
export interface FrameView {
  /** `module#function`. */
  readonly code: string;
  /** Hash of the version of it that was running: what migrations call its build. */
  readonly hash: string;
  /** Path in its package, or null when the store does not know. */
  readonly file: string | null;
  readonly line: number | null;
  /** Name of the suspend point: what is awaited. */
  readonly point: string;
  readonly locals: readonly { readonly name: string; readonly text: string }[];
}

/** What a run waits for, and who in it does. */
export interface WaitView extends WaitInfo {
  /** Attempts of a step that has failed so far, or null. */
  readonly retry: { readonly made: number; readonly due: number | null; readonly error: string } | null;
  /** What a step has told of its progress; undefined: nothing. */
  readonly progress: unknown;
  /** Calls that wait for it, innermost first. */
  readonly stack: readonly FrameView[];
}

export interface RunView extends ParkView {
  readonly run: Omit<
    RunDetail,
    "snapshot" | "waits" | "attempts" | "end" | "call" | "secret" | "history" | "limit"
  >;
  readonly bytes: number | null;
  readonly end: { readonly status: string; readonly value: unknown } | null;
  /** Set while it is blocked. */
  readonly blockage: Blockage | null;
}

/** What the snapshot tells of a run. */
export interface ParkView {
  readonly waits: readonly WaitView[];
  /** Calls that wait, but for nothing outside: they can never go on. */
  readonly stranded: readonly FrameView[];
  /** Why the snapshot cannot be read, or null. */
  readonly unreadable: string | null;
}

/** Finds the list of suspend points of a code hash. */
export type FindPoints = (hash: string, id: string) => CodePoints | undefined;

/**
 * For `coldframe show`.
 * @param codes all that the store has
 * @param chunks what the snapshot refers to
 */
export function viewOf(
  detail: RunDetail,
  codes: readonly CodeRecord[],
  chunks: readonly Chunk[] = [],
): RunView {
  const { snapshot, waits: _waits, attempts: _attempts, end, call: _call, secret: _secret, ...rest } = detail;
  const { history: _history, ...run } = rest;
  const park = parkOf(detail, pointsIn(codes), chunkSetOf(chunks).bodies);
  const frames = [...park.waits.flatMap(({ stack }) => stack), ...park.stranded];
  return {
    run,
    blockage: run.blocked === null ? null : blockageOf(run.blocked, run.build, frames),
    bytes:
      snapshot === null ? null : bytesIn(snapshot) + chunks.reduce((sum, { body }) => sum + bytesIn(body), 0),
    end: end === null ? null : { status: end.status, value: valueOf(end.value) },
    ...park,
  };
}

/** @param chunks what the snapshot refers to; undefined: large values are told by their size */
export function parkOf(
  { snapshot, waits, attempts }: RunDetail,
  points: FindPoints,
  chunks?: ReadonlyMap<string, ChunkBody>,
): ParkView {
  const infos = waits.map((info) => {
    const attempt = attempts.find(({ wait }) => wait === info.id);
    const progress = attempt?.progress ?? null;
    return {
      ...info,
      retry: attempt?.made ? { made: attempt.made, due: attempt.due, error: attempt.error } : null,
      progress: progress === null ? undefined : valueOf(progress),
    };
  });
  const bare = infos.map((info) => ({ ...info, stack: [] }));
  if (snapshot === null) return { waits: bare, stranded: [], unreadable: null };
  try {
    const { tasks, waits: described } = describe(
      snapshot,
      chunks === undefined ? { points } : { points, chunks },
    );
    const byIndex = new Map(tasks.map((task) => [task.index, task]));
    const stacks = new Map(described.map((wait) => [wait.id, framesOf(wait, byIndex)]));
    const reached = new Set(described.flatMap(({ stack }) => stack));
    const stranded = tasks.filter(({ index }) => !reached.has(index)).map(frameOf);
    const withStacks = infos.map((info) => ({ ...info, stack: stacks.get(info.id) ?? [] }));
    return { waits: withStacks, stranded, unreadable: null };
  } catch (error) {
    return { waits: bare, stranded: [], unreadable: (error as Error).message };
  }
}

function bytesIn(body: string | Uint8Array): number {
  return typeof body === "string" ? new TextEncoder().encode(body).length : body.length;
}

function framesOf(wait: WaitDescription, tasks: ReadonlyMap<number, TaskDescription>): FrameView[] {
  return wait.stack.map((index) => frameOf(tasks.get(index)!));
}

function frameOf({ code, hash, file, line, point, locals }: TaskDescription): FrameView {
  return { code, hash, file, line, point, locals };
}

function pointsIn(codes: readonly CodeRecord[]): FindPoints {
  const bodies = new Map(codes.map(({ key, body }) => [key, body]));
  return (hash, id) => {
    const body = bodies.get(`${id}@${hash}`);
    return body === undefined ? undefined : parsePoints(body);
  };
}

/** The value, its text when it is of a class that is not loaded here, or why it cannot be opened. */
export function valueOf(text: string): unknown {
  try {
    return decodeValue(text);
  } catch (error) {
    return error instanceof ColdframeError && error.code.startsWith("CF22") ? error : text;
  }
}
