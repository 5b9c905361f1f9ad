/** An assertion for tests: where a run is parked, for what, and with which locals. Needs no framework. */

import type { RunHandle, RunState } from "../engine/run-handle.ts";
import type { WaitView } from "../engine/run-view.ts";
import { wrongOption } from "../errors.ts";
import { preview } from "../snapshot/index.ts";

export interface ExpectedPark {
  /** `file:line` of the await in the author's source, or the end of that: `orders.ts:9`. */
  readonly at?: string;
  readonly kind?: WaitView["kind"];
  /** Step, event key, other run or lock: the whole name, or for a step the part behind `#`. */
  readonly name?: string;
  /** Locals of the function that waits, and of its callers, that have to have these values. Others may be there. */
  readonly locals?: Readonly<Record<string, unknown>>;
}

/**
 * Looks whether one of the things that the run waits for is the expected one. The run is not woken by that.
 * @param run its handle or its state
 * @returns that wait, with the stack that leads to it
 * @throws Error that says what the run waits for instead
 */
export async function expectParked(
  run: RunHandle<unknown> | RunState,
  expected: ExpectedPark = {},
): Promise<WaitView> {
  for (const key of Object.keys(expected)) {
    if (!["at", "kind", "name", "locals"].includes(key))
      throw wrongOption("expectParked()", key, expected[key as keyof ExpectedPark], "left out");
  }
  const state = "waits" in run ? run : await run.status();
  if (state === null) throw new Error(`there is no run "${run.id}"`);
  const found = state.waits.find((wait) => problemsOf(wait, expected).length === 0);
  if (found !== undefined && state.status === "active") return found;
  const wanted = Object.entries(expected).map(([key, value]) => `${key} ${preview(value)}`);
  const parts = [`run "${state.id}" is not parked${wanted.length === 0 ? "" : ` with ${wanted.join(", ")}`}`];
  if (state.status !== "active") parts.push(`it is ${state.status}`);
  if (state.waits.length === 0) parts.push("it waits for nothing");
  for (const wait of state.waits) {
    const problems = problemsOf(wait, expected);
    const why = problems.length === 0 ? "" : `: ${problems.join(", ")}`;
    parts.push(`it waits for ${wait.kind} "${wait.name}" at ${wait.at || "no await"}${why}`);
  }
  throw new Error(parts.join("\n  "));
}

function problemsOf({ at, kind, name, stack }: WaitView, expected: ExpectedPark): string[] {
  const problems: string[] = [];
  if (expected.at !== undefined && at !== expected.at && !at.endsWith(`/${expected.at}`))
    problems.push(`at ${at}`);
  if (expected.kind !== undefined && kind !== expected.kind) problems.push(`kind ${kind}`);
  if (expected.name !== undefined && name !== expected.name && !name.endsWith(`#${expected.name}`)) {
    problems.push(`name ${name}`);
  }
  for (const [local, value] of Object.entries(expected.locals ?? {})) {
    const texts = stack.flatMap(({ locals }) =>
      locals.filter((one) => one.name === local).map(({ text }) => text),
    );
    if (texts.includes(preview(value))) continue;
    problems.push(texts.length === 0 ? `no local ${local} is live` : `${local} is ${texts.join(" and ")}`);
  }
  return problems;
}
