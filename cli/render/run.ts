/** A run as people read it: what it is, where it is parked in the author's source, its stack and locals, what it waits for. */
import { inspect } from "node:util";
import { DEFAULT_GROUP } from "../../runtime/engine/store.ts";
import type { FrameView, RunView, WaitView } from "../../runtime/index.ts";
import { paintStatus, titleOf } from "../commands/runs.ts";
import { excerpt } from "./source.ts";
import type { Style } from "./style.ts";
import { cut } from "./table.ts";
import { duration, relative } from "./time.ts";

export interface Surroundings {
  readonly now: number;
  readonly width: number;
  readonly style: Style;
  /** Text of the source file of a function, or null. */
  readonly sourceOf: (code: string, file: string) => string | null;
}

interface Around extends Surroundings {
  /** Id of the run that is shown. */
  readonly run: string;
}

export function renderRun(view: RunView, surroundings: Surroundings): string {
  const { run, waits, stranded, end, unreadable } = view;
  const around: Around = { ...surroundings, run: run.id };
  const { style } = around;
  const parts = [heading(view, around)];
  if (run.blocked !== null) parts.push(blocking(run.blocked.reason, view.blockage, style));
  if (unreadable !== null) parts.push(`${style.bad("the snapshot cannot be read")}: ${unreadable}`);
  if (end !== null) parts.push(ending(end, around));
  for (const wait of waits) parts.push(waiting(wait, around));
  for (const frame of stranded)
    parts.push(`${style.bad("waits for nothing outside")}\n${stack([frame], around)}`);
  return parts.join("\n\n");
}

function heading({ run, bytes }: RunView, { now, style }: Surroundings): string {
  const facts = [
    paintStatus(run.status, style),
    `started ${relative(run.created, now)}`,
    `changed ${relative(run.updated, now)}`,
    `turn ${run.turn}`,
    ...(bytes === null ? [] : [`${bytes} bytes`]),
    ...(run.cancel !== "no" && run.status === "active" ? ["is being cancelled"] : []),
    ...(run.group === DEFAULT_GROUP ? [] : [`group ${run.group}`]),
    ...(run.build === null ? [] : [`build ${run.build}${run.bound === run.build ? ", pinned" : ""}`]),
    ...(run.worker === null ? [] : [`in worker ${run.worker}`]),
  ];
  const tags = Object.entries(run.tags).map(([name, value]) => `${name}=${value}`);
  const lines = [`${style.bold(run.id)}  ${titleOf(run.entry)}`, facts.join(" · ")];
  if (tags.length > 0) lines.push(style.dim(tags.join(" ")));
  return lines.join("\n");
}

function blocking(reason: string, blockage: RunView["blockage"], style: Style): string {
  const lines = [`${style.bad("blocked")}: ${reason}`];
  if (blockage !== null) {
    if (blockage.build !== null) lines.push(`  last run by build ${blockage.build}`);
    for (const code of blockage.builds) lines.push(`    in ${code}`);
    lines.push(`  goes on with ${blockage.remedy}`);
  }
  return lines.join("\n");
}

function ending({ status, value }: NonNullable<RunView["end"]>, { style, width }: Surroundings): string {
  if (value instanceof Error) return style.bad(value.stack ?? String(value));
  const text = inspect(value, { depth: 6, breakLength: width - 10 });
  return `${status === "done" ? "result" : status}: ${text}`;
}

function waiting(wait: WaitView, around: Around): string {
  const { style, now } = around;
  const until =
    wait.due === null ? [] : [`${wait.kind === "timer" ? "due" : "times out"} ${relative(wait.due, now)}`];
  const facts = [`for ${duration(now - wait.since)}`, ...until];
  const lines = [
    `waits for ${wait.kind === "timer" ? "a timer" : `${wait.kind} ${style.bold(shortName(wait))}`}`,
    `  ${facts.join(", ")}`,
  ];
  if (wait.retry !== null) {
    const { made, due, error } = wait.retry;
    const next = due === null ? "held for you to decide" : `the next ${relative(due, now)}`;
    lines.push(`  ${made} ${made === 1 ? "attempt" : "attempts"} failed, ${next}: ${style.bad(error)}`);
    if (due === null) {
      const wanted = `${quoted(around.run)} --wait ${wait.id}`;
      lines.push(
        style.dim(
          `  decide: coldframe retry ${wanted}, resolve ${wanted} <json>, or reject ${wanted} <message>`,
        ),
      );
    }
  }
  if (wait.progress !== undefined)
    lines.push(`  progress: ${inspect(wait.progress, { depth: 3, breakLength: Number.POSITIVE_INFINITY })}`);
  if (wait.kind === "event") lines.push(style.dim(`  answer it: coldframe send ${quoted(wait.name)} <json>`));
  if (wait.stack.length > 0) lines.push("", stack(wait.stack, around));
  else if (wait.at !== "") lines.push(`  at ${wait.at}`);
  return lines.join("\n");
}

function shortName(wait: WaitView): string {
  return wait.kind === "step" ? titleOf(wait.name) : wait.name;
}

/** Frames, innermost first; the source of the innermost that has one. */
function stack(frames: readonly FrameView[], around: Surroundings): string {
  const { style } = around;
  const lines: string[] = [];
  let shown = false;
  for (const frame of frames) {
    const place = frame.file === null ? `await ${frame.point}` : `${frame.file}:${frame.line ?? "?"}`;
    lines.push(`  in ${style.bold(titleOf(frame.code))}  ${style.dim(place)}`);
    const source = shown ? null : sourceOf(frame, around);
    if (source !== null) {
      shown = true;
      lines.push(...source.split("\n").map((line) => `  ${line}`));
    }
    const longest = Math.max(0, ...frame.locals.map(({ name }) => name.length));
    for (const { name, text } of frame.locals) {
      lines.push(cut(`    ${name.padEnd(longest)} = ${text}`, around.width));
    }
  }
  return lines.join("\n");
}

function sourceOf(frame: FrameView, { sourceOf: read, width, style }: Surroundings): string | null {
  if (frame.file === null || frame.line === null) return null;
  const text = read(frame.code, frame.file);
  if (text === null) return null;
  const line = text.split(/\r?\n/)[frame.line - 1] ?? "";
  const column = /\b(?:await|yield)\b/.exec(line)?.index ?? line.search(/\S|$/);
  return excerpt(text, frame.line, column, width - 2, style);
}

/** A word as a POSIX shell takes it. */
function quoted(word: string): string {
  return /^[\w.:/@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
