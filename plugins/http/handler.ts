/**
 * The handler. A request goes through, in this order: sizes of what came already, address, method, who may do it, parameters,
 * endpoint. What goes wrong on the way is an answer; nothing is thrown at the server that it is mounted in.
 */
import { ColdframeError, checkOptions, wrongOption } from "../../runtime/errors.ts";
import type { EditOptions, Engine, LogEntry } from "../../runtime/index.ts";
import { type Auth, rulesOf } from "./auth.ts";
import type { Service } from "./call.ts";
import { Cors, type CorsOptions } from "./cors.ts";
import { type LimitOptions, limitsOf } from "./limits.ts";
import { openApi } from "./openapi.ts";
import { isFailure, problem, Refusal } from "./refusal.ts";
import { matchPath, type Route } from "./routes.ts";
import { Slots } from "./slots.ts";
import { type WorkflowFunction, workflowsOf } from "./workflows.ts";

export interface HttpOptions {
  /** Who may do what. Must be said. */
  readonly auth: Auth;
  /** What stands before all addresses, as `/api/runs-of-ours`. Default: nothing. */
  readonly basePath?: string;
  /** Workflows that can be started, by the name in the address. Default: none. */
  readonly workflows?: Readonly<Record<string, WorkflowFunction>>;
  /** `coldframe.lock.json`, parsed: edited locals are checked against the types in it. Default: they are not checked. */
  readonly lock?: NonNullable<EditOptions["lock"]>;
  readonly limits?: LimitOptions;
  /** Web pages of other origins that may use it. Default: none. */
  readonly cors?: CorsOptions;
  /** Told of failures of the server; never with tokens, keys, addresses or bodies. Default: the console. */
  readonly log?: (entry: LogEntry) => void;
}

/** What a server calls: standard Fetch API, in and out. Never throws. */
export type HttpHandler = (request: Request) => Promise<Response>;

const OPTIONS = ["auth", "basePath", "workflows", "lock", "limits", "cors", "log"];

/**
 * An HTTP API of an engine.
 * @throws ColdframeError CF3401 when it was not said who may use it; CF2301 for wrong options, CF2001 for a workflow that
 *   was not compiled
 */
export function httpHandler(engine: Engine, options: HttpOptions): HttpHandler {
  const { auth, basePath = "", workflows = {}, lock, limits = {}, cors, log = logToConsole } = options ?? {};
  checkOptions("httpHandler()", options ?? {}, OPTIONS);
  if (typeof basePath !== "string" || !/^(\/[\w.~-]+)*$/.test(basePath))
    throw wrongOption("httpHandler()", "basePath", basePath, 'like "/api"');
  const checked = limitsOf(limits);
  let description: string | null = null;
  const service: Service = {
    engine,
    rules: rulesOf(auth),
    limits: checked,
    basePath,
    workflows: workflowsOf(workflows),
    slots: new Slots(checked.streams),
    lock,
    log,
    description: () => (description ??= JSON.stringify(openApi(basePath))),
  };
  const origins = new Cors(cors);
  return async (request) => {
    const place: Place = { route: null };
    let answer: Response;
    try {
      answer = await answerTo(request, service, origins, place);
    } catch (error) {
      if (isFailure(error) && !isClosed(error)) tell(service, place, error);
      answer = problem(error);
    }
    return finished(answer, request, origins);
  };
}

/** Where a failure happened: the table's words, since addresses hold keys. */
interface Place {
  route: Route | null;
}

async function answerTo(request: Request, service: Service, cors: Cors, place: Place): Promise<Response> {
  const url = checkSizes(request, service);
  const match = url.pathname.startsWith(service.basePath)
    ? matchPath(url.pathname.slice(service.basePath.length))
    : null;
  if (match === null) throw new Refusal(404, "CF3404", "see /openapi.json for what there is");
  const methods = [...match.routes.keys(), ...(match.routes.has("GET") ? ["HEAD"] : []), "OPTIONS"].join(
    ", ",
  );
  if (request.method === "OPTIONS")
    return new Response(null, {
      status: 204,
      headers: { allow: methods, ...cors.preflight(request, methods) },
    });
  const head = request.method === "HEAD";
  const route = match.routes.get(head ? "GET" : request.method);
  if (route === undefined) throw new Refusal(405, "CF3405", `it is one of ${methods}`, { allow: methods });
  place.route = route;
  cors.check(request);
  const refused = await service.rules[route.action].check(request, route.action, match.names);
  if (refused !== null) return refused;
  checkQuery(url.searchParams, route);
  return route.answer({ service, request, head, subject: match.names, query: url.searchParams });
}

function checkSizes({ url, headers }: Request, { limits }: Service): URL {
  if (url.length > limits.url)
    throw new Refusal(414, "CF3407", `an address has at most ${limits.url} characters here`);
  let size = 0;
  for (const [name, value] of headers) size += name.length + value.length + 4;
  if (size > limits.headers)
    throw new Refusal(431, "CF3407", `headers have at most ${limits.headers} characters here`);
  return new URL(url);
}

/** A misspelt parameter must not look like "no filter". */
function checkQuery(query: URLSearchParams, { query: known }: Route): void {
  if (known === null) return;
  for (const name of new Set(query.keys())) {
    const parameter = known.find((one) => one.name === name);
    const shown = JSON.stringify(name.slice(0, 80));
    if (parameter === undefined) {
      const there = known.map((one) => one.name).join(", ");
      throw new Refusal(
        400,
        "CF3406",
        `there is no parameter ${shown}. ${there === "" ? "None is known" : `There are: ${there}`}`,
      );
    }
    if (parameter.repeated !== true && query.getAll(name).length > 1)
      throw new Refusal(400, "CF3406", `the parameter ${shown} stands there twice`);
  }
}

/** Headers of every answer. A Response of the user's may be one whose headers cannot be changed. */
function finished(answer: Response, request: Request, cors: Cors): Response {
  const headers = new Headers(answer.headers);
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  headers.set("x-content-type-options", "nosniff");
  cors.mark(request, headers);
  const { status, statusText } = answer;
  const empty = request.method === "HEAD" || answer.body === null;
  if (empty && answer.body !== null) void answer.body.cancel().catch(() => {});
  return new Response(empty ? null : answer.body, { status, statusText, headers });
}

/** Whoever closed the engine knows. */
function isClosed(error: unknown): boolean {
  return error instanceof ColdframeError && error.code === "CF3104";
}

function tell({ log }: Service, { route }: Place, error: unknown): void {
  const what = route === null ? "a request" : `${route.method} ${route.path}`;
  try {
    log({ level: "error", message: `${what} failed`, error });
  } catch {
    // The answer does not depend on who listens.
  }
}

function logToConsole({ message, run, error }: LogEntry): void {
  console.error(`coldframe: ${run === undefined ? "" : `${run}: `}${message}`, error);
}
