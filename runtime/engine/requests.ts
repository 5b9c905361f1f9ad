/** What callers ask of a store from outside a run, checked and encoded: runs to start, events to send. */
import { ColdframeError, checkOptions } from "../errors.ts";
import { encodeValue } from "../snapshot/index.ts";
import { entryOf } from "./entry.ts";
import { findSchema } from "./event-schema.ts";
import { checkName, checkStart, type StartOptions } from "./options.ts";
import type { Settings } from "./ports.ts";
import { randomId, runId } from "./random-id.ts";
import { conform } from "./schema.ts";
import {
  type Claimed,
  DEFAULT_GROUP,
  type NewEvent,
  type NewRun,
  runOfKey,
  type SendOutcome,
} from "./store.ts";

export interface SendOptions {
  /** The same key and id twice is one event. Default: a random one. */
  readonly id?: string;
}

/** @throws ColdframeError CF2001, CF2101, CF2301, CF3103 */
export function newRunOf(
  f: unknown,
  args: readonly unknown[],
  options: StartOptions,
  settings: Pick<Settings, "codec" | "history">,
): NewRun {
  const {
    id = runId(),
    tags,
    priority,
    group = DEFAULT_GROUP,
    limit,
    history = settings.history,
  } = checkStart(options);
  return {
    id,
    entry: entryOf(f),
    call: encodeValue([...args], settings.codec, "arguments of start(): args"),
    secret: randomId(),
    ...{ tags, priority, group, limit, history },
    parent: null,
  };
}

/** @throws ColdframeError CF2101, CF2301, CF2307, CF3103 */
export async function newEventOf(
  key: string,
  payload: unknown,
  options: SendOptions,
  { store, codec }: Settings,
): Promise<NewEvent> {
  checkOptions("send()", options, ["id"]);
  checkName("event key", key);
  const { id = randomId() } = options;
  checkName("event id", id);
  const name = await store.read.schemaOf(key);
  const schema = name === null ? null : findSchema(name);
  // Checked only: what the schema makes of it is made where it arrives.
  if (schema !== null) await conform(schema, payload, `payload of event "${key}"`);
  return { key, id, payload: encodeValue(payload, codec, `payload of event "${key}"`), run: runOfKey(key) };
}

/** @throws ColdframeError CF3102 */
export function checkSent({ key, run }: NewEvent, { status }: SendOutcome): void {
  if (status !== "unknown") return;
  throw new ColdframeError(
    "CF3102",
    `"${key}" was made by a run "${run}", and there is none. Check the key and the database`,
  );
}

/** What a claim would have given, of a run that was inserted as claimed. */
export function claimedNow(run: NewRun): Claimed {
  return {
    ...run,
    build: run.build ?? null,
    bound: null,
    epoch: 1,
    turn: 0,
    snapshot: null,
    waits: "[]",
    arrivals: [],
    chunks: [],
    attempts: [],
    news: 0,
    cancel: "no",
    deaths: 0,
    history: run.history ?? 0,
  };
}
