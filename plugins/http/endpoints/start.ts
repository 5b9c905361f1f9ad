/** Starts a run. The same id twice is one run, and something else under that id is said to be so. */
import type { StartOptions } from "../../../runtime/index.ts";
import { type Call, fieldsOf, isName, jsonAnswer, misread } from "../call.ts";
import { toJson } from "../json-value.ts";
import { Refusal } from "../refusal.ts";
import { nameOfEntry, type Workflow } from "../workflows.ts";

export async function start(call: Call): Promise<Response> {
  const { engine, workflows, basePath } = call.service;
  const workflow = workflows.get(call.subject.workflow!);
  if (workflow === undefined) {
    const quoted = JSON.stringify(call.subject.workflow!.slice(0, 80));
    throw new Refusal(404, "CF3404", `there is no workflow ${quoted} that can be started here`);
  }
  const known = ["args", "id", "tags", "priority", "group", "limit", "history"];
  const { args = [], id, tags, priority, group, limit, history } = await fieldsOf(call, known);
  if (!Array.isArray(args)) throw misread('"args" has to be a list');
  if (tags !== undefined && (typeof tags !== "object" || tags === null || Array.isArray(tags)))
    throw misread('"tags" has to be an object of texts');
  if (limit !== undefined) checkLimit(limit);
  const options = {
    ...newId(call, id),
    ...(tags === undefined ? {} : { tags }),
    ...(priority === undefined ? {} : { priority }),
    ...(group === undefined ? {} : { group }),
    ...(limit === undefined ? {} : { limit }),
    ...(history === undefined ? {} : { history }),
  } as StartOptions;
  const run = await engine.start(workflow.run, args, options);
  const byKey = call.request.headers.has("idempotency-key");
  if (!run.created) await checkSame(call, run.id, workflow, args, byKey);
  const body = { id: run.id, workflow: nameOfEntry(workflows, workflow.entry), created: run.created };
  const location = `${basePath}/runs/${encodeURIComponent(run.id)}`;
  return jsonAnswer(body, run.created ? 201 : 200, { location });
}

/** What its key can be, the engine says. JSON writes infinity as 1e400. @throws Refusal 400 */
function checkLimit(limit: unknown): void {
  const { key, max, ...rest } = (limit ?? {}) as { readonly key?: unknown; readonly max?: unknown };
  if (typeof key !== "string" || !Number.isSafeInteger(max) || Object.keys(rest).length > 0)
    throw misread('"limit" has to be an object with a text "key" and an integer "max"');
}

/**
 * The id that a new run is to have, if any: said in the body, or as `Idempotency-Key`.
 * @throws Refusal 400
 */
export function newId({ request }: Call, id: unknown): { readonly id?: string } {
  const key = idempotencyKey(request.headers);
  if (id !== undefined && key !== null && id !== key)
    throw misread('"id" and the header Idempotency-Key say different things. One of them is enough');
  const name = id ?? key;
  if (name === "." || name === "..")
    throw misread(
      `"${name}" cannot be an id: it would be lost from addresses, in whatever way it is encoded`,
    );
  // What else an id can be, the engine says.
  return name === null ? {} : { id: name as string };
}

/** The request came before, or is another one: then it must not look as if it had been carried out. */
async function checkSame(
  { service }: Call,
  id: string,
  workflow: Workflow,
  args: readonly unknown[],
  byKey: boolean,
): Promise<void> {
  const state = await service.engine.get(id);
  if (state === null) return;
  if (state.entry === workflow.entry && same(toJson(state.args), toJson(args))) return;
  throw new Refusal(
    byKey ? 422 : 409,
    "CF3409",
    "there is one of another workflow, or with other arguments. Use another id",
  );
}

/** Equal JSON, in whatever order properties are. */
function same(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  const keys = Object.keys(a);
  if (Array.isArray(a) !== Array.isArray(b) || keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && same(Reflect.get(a, key), Reflect.get(b, key)));
}

/**
 * The header `Idempotency-Key`, with the quotes of a structured field or without.
 * @throws Refusal 400
 */
export function idempotencyKey(headers: Headers): string | null {
  const text = headers.get("idempotency-key");
  if (text === null) return null;
  const key = /^"(.*)"$/.exec(text)?.[1] ?? text;
  if (!isName(key)) throw misread("the header Idempotency-Key has to be a text of 1 to 512 characters");
  return key;
}
