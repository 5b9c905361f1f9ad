/** One request on its way through an endpoint: what it says, checked, and what the endpoint needs to answer. */
import type { EditOptions, Engine, LogEntry } from "../../runtime/index.ts";
import type { Action, Rules, Subject } from "./auth.ts";
import { type Body, readBody } from "./body.ts";
import { fromJson } from "./json-value.ts";
import type { Limits } from "./limits.ts";
import { Refusal } from "./refusal.ts";
import type { Slots } from "./slots.ts";
import type { Workflow } from "./workflows.ts";

/** What all requests to one handler share. */
export interface Service {
  readonly engine: Engine;
  readonly rules: Rules;
  readonly limits: Limits;
  readonly basePath: string;
  readonly workflows: ReadonlyMap<string, Workflow>;
  readonly slots: Slots;
  /** Types of locals, for edits. */
  readonly lock: EditOptions["lock"];
  readonly log: (entry: LogEntry) => void;
  /** The description of all this, as JSON. */
  readonly description: () => string;
}

export interface Call {
  readonly service: Service;
  readonly request: Request;
  /** Only the head is wanted. */
  readonly head: boolean;
  /** What the address names. */
  readonly subject: Subject;
  readonly query: URLSearchParams;
}

export function jsonAnswer(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { "content-type": "application/json", ...headers },
  });
}

/** Whether the sender may do something more than what he asked for first. */
export async function may({ service, request, subject }: Call, action: Action): Promise<void> {
  const refused = await service.rules[action].check(request, action, subject);
  if (refused !== null) throw new Refusal(403, "CF3403", `whoever sends it may not do "${action}"`);
}

export function bodyOf({ request, service }: Call): Promise<Body> {
  return readBody(request, service.limits, service.engine.clock);
}

/**
 * The fields of a body that is an object, or none at all.
 * @param known names of all that there may be
 * @throws Refusal 400, 408, 413, 415
 */
export async function fieldsOf(
  call: Call,
  known: readonly string[],
): Promise<Readonly<Record<string, unknown>>> {
  const { form, raw } = await bodyOf(call);
  if (form === "none") return {};
  if (typeof raw !== "object" || raw === null || Array.isArray(raw))
    throw misread("the body has to be an object");
  const fields: Record<string, unknown> = Object.create(null);
  for (const [key, value] of Object.entries(raw)) {
    if (!known.includes(key))
      throw misread(
        `the body has a field ${JSON.stringify(key.slice(0, 80))}. It may have: ${known.join(", ")}`,
      );
    fields[key] = form === "own" ? fromJson(value) : value;
  }
  return fields;
}

/** @throws Refusal 400 */
export function misread(detail: string): Refusal {
  return new Refusal(400, "CF3406", detail);
}

/** Whether a store can be asked for it: what is not so was never the id of anything. */
export function isName(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  return text !== "" && text.length <= 512 && !/[\u0000-\u001f\u007f]|\p{Surrogate}/u.test(text);
}
