/** Looks at runs: a page of them, how many there are, one of them. */
import { ColdframeError, type RunFilter, type RunState, type RunStatus } from "../../../runtime/index.ts";
import { type Call, isName, jsonAnswer, may, misread } from "../call.ts";
import { rowJson, stateJson } from "../run-json.ts";

const statuses: readonly string[] = ["active", "blocked", "suspended", "done", "failed", "cancelled"];
const PAGE = 100;

export async function list(call: Call): Promise<Response> {
  const { engine, workflows, limits } = call.service;
  const limit = limitOf(call.query.get("limit"), limits.page);
  const after = cursorOf(call.query.get("cursor"));
  // A store begins at the top when it does not know the run any more: the reader would go round in circles.
  if (after !== null && (await engine.store.read.run(after)) === null)
    throw misread("the run of this cursor was removed meanwhile. Begin again without one");
  const rows = await engine.list({
    ...filterOf(call),
    limit: limit + 1,
    ...(after === null ? {} : { after }),
  });
  const shown = rows.slice(0, limit);
  const next = rows.length > limit ? cursorFor(shown.at(-1)!.id) : null;
  return jsonAnswer({ runs: shown.map((row) => rowJson(row, workflows)), next });
}

function filterOf({ query, service }: Call): RunFilter {
  const status = query.get("status");
  if (status !== null && !statuses.includes(status))
    throw misread(`"status" is one of ${statuses.join(", ")}`);
  const workflow = query.get("workflow");
  const entry = workflow === null ? null : (service.workflows.get(workflow)?.entry ?? workflow);
  if (entry !== null && !(entry.includes("#") && isName(entry)))
    throw misread('"workflow" is the name of one that can be started here, or module#name');
  const tags: [string, string][] = query.getAll("tag").map((tag) => {
    const at = tag.indexOf(":");
    if (at <= 0 || !isName(tag)) throw misread('"tag" is written name:value');
    return [tag.slice(0, at), tag.slice(at + 1)];
  });
  return {
    ...(status === null ? {} : { status: status as RunStatus }),
    ...(entry === null ? {} : { entry }),
    ...(tags.length === 0 ? {} : { tags: Object.fromEntries(tags) }),
  };
}

export function limitOf(text: string | null, most: number): number {
  if (text === null) return Math.min(PAGE, most);
  const limit = /^[1-9]\d{0,8}$/.test(text) ? Number(text) : 0;
  if (limit === 0 || limit > most) throw misread(`"limit" is a number from 1 to ${most}`);
  return limit;
}

/** Opaque, so that it may become something else one day. */
function cursorFor(id: string): string {
  return encodeURIComponent(id).replaceAll("%", "~");
}

function cursorOf(text: string | null): string | null {
  if (text === null) return null;
  try {
    const id = decodeURIComponent(text.replaceAll("~", "%"));
    if (isName(id)) return id;
  } catch {
    // Said below.
  }
  throw misread('"cursor" is "next" of the page before');
}

export async function counts(call: Call): Promise<Response> {
  return jsonAnswer(await call.service.engine.counts());
}

export async function get(call: Call): Promise<Response> {
  const inspect = await inspects(call);
  const state = await stateOf(call, parkOf(call.query.get("at")));
  return jsonAnswer(stateJson(state, call.service.workflows, inspect));
}

/** Whether locals and the like are wanted, which takes a permission of its own. */
export async function inspects(call: Call): Promise<boolean> {
  const include = call.query.get("include");
  if (include === null) return false;
  if (include !== "locals") throw misread('"include" is locals, or is left out');
  await may(call, "inspect");
  return true;
}

/** @param at the park to look at; default: the present one */
export async function stateOf({ service, subject }: Call, at?: number): Promise<RunState> {
  const state = await service.engine.get(subject.run!, at === undefined ? {} : { at });
  if (state === null) throw noSuchRun(subject.run!);
  return state;
}

function parkOf(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (!/^-?[1-9]\d{0,8}$/.test(text))
    throw misread('"at" is the number of a turn, or negative for parks before the present one');
  return Number(text);
}

export function noSuchRun(id: string): ColdframeError {
  return new ColdframeError("CF3101", JSON.stringify(id));
}

export async function describe(call: Call): Promise<Response> {
  return new Response(call.service.description(), { headers: { "content-type": "application/json" } });
}
