/** Runs as they are in answers. Times are milliseconds since 1970. */
import type { FrameView, RunRow, RunState, WaitView } from "../../runtime/index.ts";
import { toJson } from "./json-value.ts";
import { nameOfEntry, type Workflow } from "./workflows.ts";

type Park = Pick<RunState, "waits" | "stranded" | "unreadable">;
type Workflows = ReadonlyMap<string, Workflow>;

export function rowJson(row: RunRow, workflows: Workflows): object {
  const { id, entry, status, tags, priority, turn, created, updated, due, cancel, blocked, held, parent } =
    row;
  return {
    id,
    workflow: nameOfEntry(workflows, entry),
    entry,
    status,
    tags,
    priority,
    turn,
    created,
    updated,
    due,
    cancel,
    blocked: blocked?.reason ?? null,
    held,
    parent,
  };
}

/** @param inspect with arguments, locals, progress and whole event keys */
export function stateJson(state: RunState, workflows: Workflows, inspect: boolean): object {
  return {
    ...rowJson(state, workflows),
    ...parkJson(state, inspect),
    ...(inspect ? { args: state.args.map((one) => toJson(one) ?? null) } : {}),
  };
}

/** What the snapshot of a park tells. */
export function parkJson({ waits, stranded, unreadable }: Park, inspect: boolean): object {
  return {
    waits: waits.map((wait) => waitJson(wait, inspect)),
    stranded: stranded.map((frame) => frameJson(frame, inspect)),
    unreadable,
  };
}

function waitJson(wait: WaitView, inspect: boolean): object {
  const { id, kind, name, due, since, at, retry, progress, stack } = wait;
  return {
    id,
    kind,
    name: inspect || kind !== "event" ? name : masked(name),
    due,
    since,
    at,
    retry,
    ...(inspect && progress !== undefined ? { progress: toJson(progress) } : {}),
    stack: stack.map((frame) => frameJson(frame, inspect)),
  };
}

function frameJson({ code, file, line, point, locals }: FrameView, inspect: boolean): object {
  return { code, file, line, point, ...(inspect ? { locals } : {}) };
}

/** A key that was made cannot be guessed, and whoever has it can answer: only what follows the secret part is shown. */
function masked(key: string): string {
  return key.replace(/^[0-9a-f]{32}(?=\.\d+\.)/, "…");
}

/** Equal for states that look the same: FNV-1a, twice with different beginnings. Not for secrets. */
export function versionOf(turn: number, json: object): string {
  const text = JSON.stringify(json);
  let a = 0x811c9dc5;
  let b = 0x01000193;
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
    b = Math.imul(b ^ text.charCodeAt(i), 0x85ebca6b) ^ (b >>> 13);
  }
  return `${turn}-${(a >>> 0).toString(36)}${(b >>> 0).toString(36)}`;
}
