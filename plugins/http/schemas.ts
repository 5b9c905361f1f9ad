/** JSON Schema (2020-12) of what crosses, for the description. */

export type Schema = { readonly [key: string]: unknown };

const text: Schema = { type: "string" };
const time: Schema = { type: "number", description: "Milliseconds since 1970." };
const maybe = (schema: Schema): Schema => ({ anyOf: [schema, { type: "null" }] });
const listOf = (items: Schema): Schema => ({ type: "array", items });
export const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

function object(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: "object", properties, required, additionalProperties: false };
}

const statuses = ["active", "blocked", "suspended", "done", "failed", "cancelled"];
const status: Schema = { enum: statuses };
const value: Schema = {
  description:
    "Any JSON. What JSON lacks is an object with one key: $number, $bigint, $date, $map, $set, $url, $regexp, $bytes, $error, $text; an object that looks like that is in $plain. In requests these forms count with the content type application/vnd.coldframe+json only.",
};

const parks: Schema = { anyOf: [{ type: "integer" }, { enum: ["all"] }] };
const at: Schema = {
  type: "integer",
  description: "Number of a turn, or negative: so many parks before the present one.",
};
const by: Schema = { ...text, description: "Who does it, for the journal." };
/** What the snapshot of a park tells. */
const park = {
  waits: listOf(ref("Wait")),
  stranded: listOf(ref("Frame")),
  unreadable: maybe(text),
} as const satisfies Readonly<Record<string, Schema>>;

const row = {
  id: text,
  workflow: {
    ...text,
    description: "The name under which it can be started here, else the name of its function.",
  },
  entry: { ...text, description: "module#name of its function." },
  status,
  tags: { type: "object", additionalProperties: text },
  priority: { type: "integer" },
  turn: { type: "integer", description: "Grows whenever the run comes further." },
  created: time,
  updated: time,
  due: maybe(time),
  cancel: { enum: ["no", "asked", "under way"] },
  blocked: { ...maybe(text), description: "Why it cannot go on." },
  held: { type: "integer", description: "Steps that wait for a decision." },
  parent: maybe(text),
} as const satisfies Readonly<Record<string, Schema>>;

export const schemas: Readonly<Record<string, Schema>> = {
  Value: value,
  Problem: object({
    type: text,
    title: text,
    status: { type: "integer" },
    error: object({ code: { ...text, pattern: "^CF[0-9]{4}$" }, message: text }),
  }),
  Start: object(
    {
      args: { ...listOf(ref("Value")), description: "Arguments of the function. Default: none." },
      id: { ...text, description: "The same id twice is one run. Default: one of its own." },
      tags: { type: "object", additionalProperties: text },
      priority: { type: "integer", description: "Higher is taken up first. Default 0." },
      group: { ...text, description: "Only workers of this group carry it on. Default: default." },
      limit: {
        ...object({ key: text, max: { type: "integer", minimum: 1 } }),
        description: "It begins when fewer than max runs of its key have begun and not ended.",
      },
      history: { ...parks, description: "How many parks are kept when they are over. Default: none." },
    },
    ["args", "id", "tags", "priority", "group", "limit", "history"],
  ),
  Started: object({ id: text, workflow: text, created: { type: "boolean" } }),
  Run: object(row),
  RunPage: object({
    runs: listOf(ref("Run")),
    next: { ...maybe(text), description: "Cursor of the next page." },
  }),
  Counts: object(Object.fromEntries(statuses.map((name) => [name, { type: "integer" }]))),
  Frame: object(
    {
      code: text,
      file: maybe(text),
      line: maybe({ type: "integer" }),
      point: text,
      locals: listOf(object({ name: text, text })),
    },
    ["locals"],
  ),
  Wait: object(
    {
      id: { type: "integer" },
      kind: { enum: ["step", "timer", "event", "child", "lock"] },
      name: text,
      due: maybe(time),
      since: time,
      at: { ...text, description: "file:line of the await." },
      retry: maybe(object({ made: { type: "integer" }, due: maybe(time), error: text })),
      progress: ref("Value"),
      stack: listOf(ref("Frame")),
    },
    ["progress"],
  ),
  RunState: object(
    {
      ...row,
      ...park,
      args: listOf(ref("Value")),
    },
    ["args"],
  ),
  Failure: object({ name: text, message: text, code: text, value: ref("Value") }, ["code", "value"]),
  Result: object({ id: text, status, result: ref("Value"), failure: ref("Failure") }, ["result", "failure"]),
  Cancel: object({ force: { type: "boolean", description: "End at once, without catch and finally." } }, [
    "force",
  ]),
  Nothing: object({}),
  Changed: object({ id: text, changed: { type: "boolean" }, status }),
  Retry: object({ wait: { type: "integer" } }, ["wait"]),
  Resolve: object({ value: ref("Value"), wait: { type: "integer" } }, ["value", "wait"]),
  Reject: object({ message: text, name: text, wait: { type: "integer" } }, ["name", "wait"]),
  Decided: object({ id: text, decided: { enum: ["retry", "resolve", "reject"] } }),
  Park: object({
    ...{ turn: { type: "integer" }, saved: time, present: { type: "boolean" }, size: { type: "integer" } },
    ...park,
  }),
  History: object({
    id: text,
    keeps: { ...parks, description: "How many parks are kept beside the present one." },
    parks: { ...listOf(ref("Park")), description: "Oldest first." },
    journal: listOf(ref("JournalLine")),
  }),
  JournalLine: object({
    ...{ time, turn: { type: "integer" }, what: { enum: ["fork", "rewind", "edit"] }, by: text },
    detail: { type: "object", description: "fork: run, turn; rewind: to; edit: locals, by their names." },
  }),
  Fork: object({ at, id: text, history: parks, by }, ["at", "id", "history", "by"]),
  Forked: object({ id: text, from: text, created: { type: "boolean" } }),
  Rewind: object({ at, by }, ["by"]),
  Edit: object({ locals: { type: "object", additionalProperties: ref("Value") }, of: text, by }, [
    "of",
    "by",
  ]),
  AtTurn: object({ id: text, turn: { type: "integer", description: "The turn that it is at now." } }),
  Event: object({ id: text, payload: ref("Value") }, ["id", "payload"]),
  Sent: object({ status: { enum: ["delivered", "kept", "duplicate"] } }),
};
