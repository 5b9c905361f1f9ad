/** Changes what becomes of a run: cancel, suspend, resume, and what a person decides about a step that is held. */
import type { MendOptions } from "../../../runtime/index.ts";
import { type Call, fieldsOf, jsonAnswer, misread } from "../call.ts";
import { noSuchRun } from "./look.ts";

export async function cancel(call: Call): Promise<Response> {
  const { force = false } = await fieldsOf(call, ["force"]);
  if (typeof force !== "boolean") throw misread('"force" is true or false');
  return changed(call, (id) => call.service.engine.cancel(id, { force }));
}

export async function suspend(call: Call): Promise<Response> {
  await fieldsOf(call, []);
  return changed(call, (id) => call.service.engine.suspend(id));
}

export async function resume(call: Call): Promise<Response> {
  await fieldsOf(call, []);
  return changed(call, (id) => call.service.engine.resume(id));
}

/** Asking twice is no mistake: the answer says whether it made a difference. */
async function changed(call: Call, change: (id: string) => Promise<boolean>): Promise<Response> {
  const id = call.subject.run!;
  const made = await change(id);
  const run = await call.service.engine.store.read.run(id);
  if (run === null) throw noSuchRun(id);
  return jsonAnswer({ id, changed: made, status: run.status });
}

export async function retry(call: Call): Promise<Response> {
  const { wait } = await fieldsOf(call, ["wait"]);
  await call.service.engine.retry(call.subject.run!, waitOf(wait));
  return decided(call, "retry");
}

export async function resolve(call: Call): Promise<Response> {
  const { value, wait } = await fieldsOf(call, ["value", "wait"]);
  await call.service.engine.resolve(call.subject.run!, value, waitOf(wait));
  return decided(call, "resolve");
}

export async function reject(call: Call): Promise<Response> {
  const { message, name, wait } = await fieldsOf(call, ["message", "name", "wait"]);
  if (typeof message !== "string") throw misread('"message" is missing, the text of the error');
  if (name !== undefined && typeof name !== "string") throw misread('"name" has to be a text');
  const error = new Error(message);
  if (name !== undefined) error.name = name;
  // Where in this server it was made is of no interest in the run.
  error.stack = String(error);
  await call.service.engine.reject(call.subject.run!, error, waitOf(wait));
  return decided(call, "reject");
}

function decided({ subject }: Call, decision: string): Response {
  return jsonAnswer({ id: subject.run!, decided: decision });
}

function waitOf(wait: unknown): MendOptions {
  if (wait === undefined) return {};
  if (!Number.isSafeInteger(wait) || (wait as number) < 0)
    throw misread('"wait" is the number of a wait, as the state of the run has it');
  return { wait: wait as number };
}
