/** The past of a run: its parks and what people did to it, another run from one of them, the run itself set back, other locals. */
import type { ForkOptions, JournalEntry, RunHistory } from "../../../runtime/index.ts";
import { ColdframeError } from "../../../runtime/index.ts";
import { type Call, fieldsOf, jsonAnswer, misread } from "../call.ts";
import { parkJson } from "../run-json.ts";
import { inspects, limitOf, noSuchRun } from "./look.ts";
import { newId } from "./start.ts";

export async function history(call: Call): Promise<Response> {
  const inspect = await inspects(call);
  const limit = limitOf(call.query.get("limit"), call.service.limits.page);
  const id = call.subject.run!;
  const { keeps, parks, journal } = await pastOf(call, id, limit);
  return jsonAnswer({
    id,
    keeps: keeps === Number.POSITIVE_INFINITY ? "all" : keeps,
    parks: parks.map(({ turn, saved, isPresent, size, ...park }) => ({
      ...{ turn, saved, present: isPresent, size },
      ...parkJson(park, inspect),
    })),
    journal,
  });
}

async function pastOf({ service }: Call, id: string, limit: number): Promise<RunHistory> {
  const found = await service.engine.history(id, { limit });
  if (found === null) throw noSuchRun(id);
  return found;
}

export async function fork(call: Call): Promise<Response> {
  const { engine, basePath } = call.service;
  const { id, history: kept, ...rest } = await fieldsOf(call, ["at", "id", "history", "by"]);
  const name = newId(call, id);
  const options = {
    ...placeOf(rest),
    ...name,
    ...(kept === undefined ? {} : { history: kept }),
  } as ForkOptions;
  const from = call.subject.run!;
  let to = name.id!;
  let created = true;
  try {
    to = (await engine.fork(from, options)).id;
  } catch (error) {
    if (!(error instanceof ColdframeError && error.code === "CF3106")) throw error;
    if (!(await isForkOf(call, to, from, options.at))) throw error;
    created = false;
  }
  const location = `${basePath}/runs/${encodeURIComponent(to)}`;
  return jsonAnswer({ id: to, from, created }, created ? 201 : 200, { location });
}

/** The request came before: a run of this id began as this fork. */
async function isForkOf(call: Call, id: string, from: string, at: number | undefined): Promise<boolean> {
  const { journal } = await pastOf(call, id, 1);
  const isIt = ({ what, detail }: JournalEntry) =>
    what === "fork" && detail["run"] === from && (at === undefined || at < 0 || detail["turn"] === at);
  return journal.some(isIt);
}

export async function rewind(call: Call): Promise<Response> {
  const { at, by } = placeOf(await fieldsOf(call, ["at", "by"]));
  if (at === undefined) throw misread('"at" is missing, the number of the turn to go back to');
  const id = call.subject.run!;
  const turn = await call.service.engine.rewind(id, { at, ...(by === undefined ? {} : { by }) });
  return jsonAnswer({ id, turn });
}

export async function edit(call: Call): Promise<Response> {
  const { engine, lock } = call.service;
  const { locals, of, by } = await fieldsOf(call, ["locals", "of", "by"]);
  if (
    typeof locals !== "object" ||
    locals === null ||
    Array.isArray(locals) ||
    Object.keys(locals).length === 0
  )
    throw misread('"locals" has to be an object of new values by the names of locals');
  if (of !== undefined && typeof of !== "string") throw misread('"of" is the name of a function');
  const id = call.subject.run!;
  const turn = await engine.edit(id, locals as Readonly<Record<string, unknown>>, {
    ...placeOf({ by }),
    ...(of === undefined ? {} : { of }),
    ...(lock === undefined ? {} : { lock }),
  });
  return jsonAnswer({ id, turn });
}

/** Which park, and who asks. */
function placeOf({ at, by }: Readonly<Record<string, unknown>>): { at?: number; by?: string } {
  if (at !== undefined && (!Number.isSafeInteger(at) || at === 0))
    throw misread('"at" is the number of a turn, or negative for parks before the present one');
  if (by !== undefined && typeof by !== "string") throw misread('"by" is a text: who does it');
  return {
    ...(at === undefined ? {} : { at: at as number }),
    ...(by === undefined ? {} : { by: by as string }),
  };
}
