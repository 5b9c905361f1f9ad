/**
 * Sends an event. Whoever has no genuine key learns nothing: a key that only looks like one is answered in the same
 * words, and after the same work, whether its run is there, has ended, or never was.
 */
import { ColdframeError } from "../../../runtime/index.ts";
import { bodyOf, type Call, isName, jsonAnswer, misread } from "../call.ts";
import { fromJson } from "../json-value.ts";
import { Refusal } from "../refusal.ts";
import { idempotencyKey } from "./start.ts";

const answers = { delivered: 200, duplicate: 200, kept: 202 } as const;

export async function send(call: Call): Promise<Response> {
  const { engine, rules } = call.service;
  const key = call.subject.key!;
  if (!isName(key)) throw unknownKey();
  const { id, payload } = await eventOf(call);
  const genuine = await engine.isGenuine(key);
  if (genuine === false || (genuine === null && rules.send.byKey)) throw unknownKey();
  const { status } = await engine.send(key, payload, id === null ? {} : { id }).catch((error) => {
    throw error instanceof ColdframeError && error.code === "CF3102" ? unknownKey() : error;
  });
  if (status === "unknown") throw unknownKey();
  if (status === "late") throw new Refusal(410, "CF3410", "nobody will receive the event");
  return jsonAnswer({ status }, answers[status]);
}

/** A body of plain JSON is the payload, as webhooks send it; one of our own type says what is what. */
async function eventOf(call: Call): Promise<{ readonly id: string | null; readonly payload: unknown }> {
  const { headers } = call.request;
  const given = idempotencyKey(headers) ?? headers.get("webhook-id");
  if (given !== null && !isName(given))
    throw misread("the header webhook-id has to be a text of 1 to 512 characters");
  const { form, raw } = await bodyOf(call);
  if (form !== "own") return { id: given, payload: raw };
  if (typeof raw !== "object" || raw === null || Array.isArray(raw))
    throw misread('the body has to be an object with "payload", and "id" if you like');
  const unknown = Object.keys(raw).find((name) => name !== "id" && name !== "payload");
  if (unknown !== undefined)
    throw misread(`the body has a field ${JSON.stringify(unknown.slice(0, 80))}. It may have: id, payload`);
  const { id = null, payload } = raw as { id?: unknown; payload?: unknown };
  if (id !== null && typeof id !== "string") throw misread('"id" has to be a text');
  if (id !== null && given !== null && id !== given)
    throw misread('"id" and the header Idempotency-Key say different things. One of them is enough');
  return { id: id ?? given, payload: fromJson(payload) };
}

function unknownKey(): Refusal {
  return new Refusal(404, "CF3102", "compare it with the one that the run handed out");
}
