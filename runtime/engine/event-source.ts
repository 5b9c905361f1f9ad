/** Where events are taken from: their key, how long, and what they have to be. */
import { createBound, external, machine } from "../machine/index.ts";
import { type Duration, dueTime } from "./duration.ts";
import { checkPayload } from "./event-schema.ts";
import { freeWorld } from "./free.ts";
import type { StandardSchema } from "./schema.ts";

/** As a frame keeps it. */
export interface EventSource {
  /** From which they are taken. */
  readonly key: string;
  readonly timeout?: Duration | Date;
  /** The schema, or in a run its name. */
  readonly schema?: StandardSchema | string;
  /** Of which key they are copies. */
  readonly copies?: string;
}

/** The next payload. */
export function nextEvent({ key, timeout, schema }: EventSource): Promise<unknown> {
  const { run } = machine;
  const hosted = run !== null && run.host !== null;
  const now = hosted ? run.host.now() : freeWorld.clock.now();
  const due = timeout === undefined ? null : dueTime(timeout, now);
  const known = typeof schema === "string" ? { schema } : {};
  const next = hosted
    ? (external(run, {
        kind: "event",
        id: run.nextId++,
        key,
        due,
        at: "",
        ...known,
      }) as unknown as Promise<unknown>)
    : freeWorld.wait(key, due);
  return schema === undefined
    ? next
    : next.then(createBound(checkPayload as never, undefined, [schema, key]) as never);
}

/** Says which events of a key are copied to the source. */
export function copyEvents({ copies, key }: EventSource, which: "next" | "all" | "none"): void {
  if (copies === undefined) return;
  const { run } = machine;
  if (run === null || run.host === null) freeWorld.feed(copies, key, which);
  else run.host.effect(run, { kind: "feed", key: copies, to: key, which });
}
