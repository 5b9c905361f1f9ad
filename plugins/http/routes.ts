/** The table of all endpoints. What is served and what is described are both made of it. */
import type { Action } from "./auth.ts";
import type { Call } from "./call.ts";
import { changes, result } from "./endpoints/await.ts";
import { counts, describe, get, list } from "./endpoints/look.ts";
import { cancel, reject, resolve, resume, retry, suspend } from "./endpoints/operate.ts";
import { edit, fork, history, rewind } from "./endpoints/past.ts";
import { send } from "./endpoints/send.ts";
import { start } from "./endpoints/start.ts";
import type { schemas } from "./schemas.ts";

type SchemaName = keyof typeof schemas;

export interface Parameter {
  readonly name: string;
  readonly description: string;
  readonly type: "string" | "integer";
  readonly repeated?: boolean;
}

export interface Route {
  readonly method: "GET" | "POST";
  /** Segments in braces are names of the subject. */
  readonly path: string;
  readonly action: Action;
  /** Id in the description. */
  readonly operation: string;
  readonly summary: string;
  /** Null: any, and they mean nothing. */
  readonly query: readonly Parameter[] | null;
  readonly headers?: readonly Parameter[];
  /** `plain`: of a body of plain JSON, `own`: of one with our forms. */
  readonly body?: { readonly plain: SchemaName; readonly own: SchemaName };
  /** By status. `events`: answered with a stream of these where the client wants one. */
  readonly answers: Readonly<
    Record<number, { readonly description: string; readonly json?: SchemaName; readonly events?: SchemaName }>
  >;
  /** Statuses of refusals, besides those that every endpoint has. */
  readonly refusals: readonly number[];
  readonly answer: (call: Call) => Promise<Response>;
}

const wait: Parameter = {
  name: "wait",
  description: "How long to wait for the end of the run, as 30s. Default: not at all.",
  type: "string",
};
const include: Parameter = {
  name: "include",
  description: 'locals: with locals, arguments, progress and event keys. Needs the permission "inspect".',
  type: "string",
};
const at: Parameter = {
  name: "at",
  description: "As it was at this park: number of a turn, or negative: so many before the present one.",
  type: "integer",
};
const idempotency: Parameter = {
  name: "idempotency-key",
  description: "The same key twice is one request.",
  type: "string",
};
const lastEvent: Parameter = {
  name: "last-event-id",
  description: "Id of the last event that was seen; browsers send it when they connect again.",
  type: "string",
};

function post(
  path: string,
  action: Action,
  operation: string,
  summary: string,
  body: SchemaName,
  answer: Route["answer"],
  description: string,
): Route {
  const json: SchemaName = action === "mend" ? "Decided" : "Changed";
  return {
    ...{ method: "POST", path, action, operation, summary, query: [], answer },
    body: { plain: body, own: body },
    answers: { 200: { description, json } },
    refusals: action === "mend" ? [404, 409, 422] : [404],
  };
}

const CHANGED = "Whether it made a difference, and the status now.";

export const routes: readonly Route[] = [
  {
    method: "GET",
    path: "/openapi.json",
    action: "describe",
    operation: "describe",
    summary: "This description",
    query: [],
    answers: { 200: { description: "OpenAPI 3.1." } },
    refusals: [],
    answer: describe,
  },
  {
    method: "POST",
    path: "/workflows/{workflow}/runs",
    action: "start",
    operation: "start",
    summary: "Start a run",
    query: [],
    headers: [idempotency],
    body: { plain: "Start", own: "Start" },
    answers: {
      200: { description: "There was a run of this id, started with the same.", json: "Started" },
      201: { description: "It is started.", json: "Started" },
    },
    refusals: [404, 409, 422],
    answer: start,
  },
  {
    method: "GET",
    path: "/runs",
    action: "list",
    operation: "list",
    summary: "Runs, newest first",
    query: [
      { name: "status", description: "Only of this status.", type: "string" },
      { name: "workflow", description: "Only of this workflow, by name or module#name.", type: "string" },
      {
        name: "tag",
        description: "Only with this tag, name:value. Several: all of them.",
        type: "string",
        repeated: true,
      },
      { name: "limit", description: "At most so many. Default 100.", type: "integer" },
      { name: "cursor", description: "next of the page before.", type: "string" },
    ],
    answers: { 200: { description: "A page of runs.", json: "RunPage" } },
    refusals: [],
    answer: list,
  },
  {
    method: "GET",
    path: "/counts",
    action: "list",
    operation: "counts",
    summary: "How many runs there are of each status",
    query: [],
    answers: { 200: { description: "Counts by status.", json: "Counts" } },
    refusals: [],
    answer: counts,
  },
  {
    method: "GET",
    path: "/runs/{run}",
    action: "get",
    operation: "get",
    summary: "The state of a run: what it waits for, and where",
    query: [include, at],
    answers: { 200: { description: "The state.", json: "RunState" } },
    refusals: [404],
    answer: get,
  },
  {
    method: "GET",
    path: "/runs/{run}/result",
    action: "result",
    operation: "result",
    summary: "The result of a run, by long poll or as an event",
    query: [wait],
    headers: [lastEvent],
    answers: {
      200: { description: "It has ended: with a result, or a failure.", json: "Result", events: "Result" },
      202: { description: "It has not ended yet.", json: "Result" },
      204: { description: "The event with the result was seen: do not connect again." },
    },
    refusals: [404],
    answer: result,
  },
  {
    method: "GET",
    path: "/runs/{run}/changes",
    action: "watch",
    operation: "watch",
    summary: "The state of a run now and after each change, as events",
    query: [include],
    headers: [lastEvent],
    answers: {
      200: { description: "A stream of events of the name state.", events: "RunState" },
      204: { description: "It has ended, and its last state was seen: do not connect again." },
    },
    refusals: [404],
    answer: changes,
  },
  post("/runs/{run}/cancel", "cancel", "cancel", "Ask a run to end", "Cancel", cancel, CHANGED),
  post("/runs/{run}/suspend", "suspend", "suspend", "Make a run stand still", "Nothing", suspend, CHANGED),
  post("/runs/{run}/resume", "resume", "resume", "Let a suspended run go on", "Nothing", resume, CHANGED),
  post("/runs/{run}/retry", "mend", "retry", "Try a held step again", "Retry", retry, "It is tried again."),
  post(
    "/runs/{run}/resolve",
    "mend",
    "resolve",
    "Give a held step its result",
    "Resolve",
    resolve,
    "It has this result.",
  ),
  post(
    "/runs/{run}/reject",
    "mend",
    "reject",
    "Throw an error at the await of a held step",
    "Reject",
    reject,
    "It has failed.",
  ),
  {
    method: "GET",
    path: "/runs/{run}/history",
    action: "history",
    operation: "history",
    summary: "The parks of a run that are kept, and what people did to it",
    query: [
      include,
      { name: "limit", description: "At most so many parks, the newest. Default 100.", type: "integer" },
    ],
    answers: { 200: { description: "Its parks and its journal.", json: "History" } },
    refusals: [404],
    answer: history,
  },
  {
    method: "POST",
    path: "/runs/{run}/fork",
    action: "fork",
    operation: "fork",
    summary: "Start another run from a park of this one",
    query: [],
    headers: [idempotency],
    body: { plain: "Fork", own: "Fork" },
    answers: {
      200: { description: "This fork was made before.", json: "Forked" },
      201: { description: "It is made.", json: "Forked" },
    },
    refusals: [404, 409],
    answer: fork,
  },
  {
    method: "POST",
    path: "/runs/{run}/rewind",
    action: "rewind",
    operation: "rewind",
    summary: "Set a run back to one of its parks",
    query: [],
    body: { plain: "Rewind", own: "Rewind" },
    answers: { 200: { description: "It goes on from there.", json: "AtTurn" } },
    refusals: [404, 409],
    answer: rewind,
  },
  {
    method: "POST",
    path: "/runs/{run}/edit",
    action: "edit",
    operation: "edit",
    summary: "Give locals of a run that stands still other values",
    query: [],
    body: { plain: "Edit", own: "Edit" },
    answers: { 200: { description: "It has them.", json: "AtTurn" } },
    refusals: [404, 409, 422],
    answer: edit,
  },
  {
    method: "POST",
    path: "/events/{key}",
    action: "send",
    operation: "send",
    summary: "Send an event. A body of plain JSON is the payload",
    // Whoever sends webhooks adds what he likes.
    query: null,
    headers: [idempotency, { name: "webhook-id", description: "As idempotency-key.", type: "string" }],
    body: { plain: "Value", own: "Event" },
    answers: {
      200: { description: "Somebody waited for it, or it was sent before.", json: "Sent" },
      202: { description: "It is kept until somebody waits for it.", json: "Sent" },
    },
    refusals: [404, 410, 422],
    answer: send,
  },
];

export interface Match {
  /** Of this address, by method. */
  readonly routes: ReadonlyMap<string, Route>;
  readonly names: Readonly<Record<string, string>>;
}

const table = new Map<string, Map<string, Route>>();
for (const route of routes) {
  const methods = table.get(route.path) ?? new Map<string, Route>();
  table.set(route.path, methods.set(route.method, route));
}
const patterns = [...table].map(([path, methods]) => ({ segments: path.slice(1).split("/"), methods }));

/**
 * @param path without the base path, still encoded
 * @returns null: there is nothing; names that cannot be decoded are none
 */
export function matchPath(path: string): Match | null {
  if (!path.startsWith("/")) return null;
  const given = path.slice(1).split("/");
  for (const { segments, methods } of patterns) {
    if (segments.length !== given.length) continue;
    const names: Record<string, string> = {};
    const fits = segments.every((segment, i) => {
      if (!segment.startsWith("{")) return segment === given[i];
      const name = decoded(given[i]!);
      if (name === null || name === "") return false;
      names[segment.slice(1, -1)] = name;
      return true;
    });
    if (fits) return { routes: methods, names };
  }
  return null;
}

function decoded(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}
