/** Waits for a run: for its result by long poll or as an event, and for each change as events. */
import { ColdframeError, milliseconds, type RunState } from "../../../runtime/index.ts";
import { decodeValue } from "../../../runtime/snapshot/index.ts";
import { type Call, jsonAnswer, misread } from "../call.ts";
import { eventStream, type ServerEvent } from "../event-stream.ts";
import { toJson } from "../json-value.ts";
import { stateJson, versionOf } from "../run-json.ts";
import { inspects, noSuchRun, stateOf } from "./look.ts";

/** Id of the event with the result: a client that has it needs no other. */
const RESULT = "result";

export async function result(call: Call): Promise<Response> {
  const { service, request, head } = call;
  const wait = waitOf(call);
  const now = await resultNow(call);
  if (wantsEvents(request) && !head) {
    if (request.headers.get("last-event-id") === RESULT) return new Response(null, { status: 204 });
    return streamOf(call, (signal) => resultEvents(call, signal));
  }
  if (now.ended || wait === 0 || head) return answerOf(now);
  const free = service.slots.take();
  const stop = stopWith(request);
  const { clock } = service.engine;
  const timer = clock.setTimeout(() => stop.abort(), wait);
  try {
    await service.engine.run(call.subject.run!).result({ signal: stop.signal });
  } catch (error) {
    // The run failed, or the time is over: what it is then is read below.
    if (error instanceof ColdframeError && error.code === "CF3104") throw error;
  } finally {
    clock.clearTimeout(timer);
    free();
  }
  return answerOf(await resultNow(call));
}

export async function changes(call: Call): Promise<Response> {
  const inspect = await inspects(call);
  const state = await stateOf(call);
  const { workflows } = call.service;
  const seen = call.request.headers.get("last-event-id");
  const json = stateJson(state, workflows, inspect);
  if (isEnded(state) && seen === versionOf(state.turn, json)) return new Response(null, { status: 204 });
  if (call.head) return new Response(null, { headers: { "content-type": "text/event-stream" } });
  return streamOf(call, (signal) => changeEvents(call, signal, inspect, seen));
}

function streamOf(
  { service, request, subject }: Call,
  source: (signal: AbortSignal) => AsyncIterable<ServerEvent>,
): Response {
  const free = service.slots.take();
  const stop = stopWith(request);
  return eventStream(source(stop.signal), {
    clock: service.engine.clock,
    limits: service.limits,
    stop,
    ended: free,
    failed: (error) =>
      service.log({ level: "error", message: "an event stream failed", run: subject.run!, error }),
  });
}

async function* changeEvents(
  { service, subject }: Call,
  signal: AbortSignal,
  inspect: boolean,
  seen: string | null,
): AsyncGenerator<ServerEvent> {
  let last = seen;
  for await (const state of service.engine.run(subject.run!).watch({ signal })) {
    const data = stateJson(state, service.workflows, inspect);
    const id = versionOf(state.turn, data);
    if (id !== last) yield { id, event: "state", data };
    last = id;
  }
}

async function* resultEvents(call: Call, signal: AbortSignal): AsyncGenerator<ServerEvent> {
  const { engine } = call.service;
  await engine
    .run(call.subject.run!)
    .result({ signal })
    .catch((error) => {
      if (error instanceof ColdframeError && error.code === "CF3104") throw error;
    });
  if (signal.aborted) return;
  const { ended, body } = await resultNow(call);
  if (ended) yield { id: RESULT, event: "result", data: body };
}

interface ResultNow {
  readonly ended: boolean;
  readonly body: object;
}

/** A run that has failed is an answer like any other: the request did not fail. */
async function resultNow({ service, subject }: Call): Promise<ResultNow> {
  const id = subject.run!;
  const run = await service.engine.store.read.run(id);
  if (run === null) throw noSuchRun(id);
  const { status, end } = run;
  if (end === null) return { ended: false, body: { id, status } };
  const value = decodeValue(end.value);
  if (end.status === "done") return { ended: true, body: { id, status, result: toJson(value) } };
  return { ended: true, body: { id, status, failure: failureOf(value) } };
}

function failureOf(value: unknown): object {
  if (!(value instanceof Error))
    return { name: "", message: "it threw what is no error", value: toJson(value) };
  const { name, message } = value;
  const { code } = value as { code?: unknown };
  return { name: String(name), message: String(message), ...(typeof code === "string" ? { code } : {}) };
}

function answerOf({ ended, body }: ResultNow): Response {
  return jsonAnswer(body, ended ? 200 : 202);
}

function waitOf({ query, service }: Call): number {
  const text = query.get("wait");
  if (text === null) return 0;
  if (text.length > 40) throw misread('"wait" is a time with its unit, as 30s');
  return Math.min(milliseconds(text), service.limits.wait);
}

function wantsEvents({ headers }: Request): boolean {
  return /(^|,)\s*text\/event-stream\s*(;|,|$)/i.test(headers.get("accept") ?? "");
}

function isEnded({ status }: RunState): boolean {
  return status === "done" || status === "failed" || status === "cancelled";
}

/** Stops when the client has gone. */
function stopWith({ signal }: Request): AbortController {
  const stop = new AbortController();
  if (signal.aborted) stop.abort();
  else signal.addEventListener("abort", () => stop.abort(), { once: true });
  return stop;
}
