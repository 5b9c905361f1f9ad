/** The OpenAPI 3.1 description, made of the table of routes. */
import { OWN_TYPE } from "./body.ts";
import { PROBLEM } from "./refusal.ts";
import { type Parameter, type Route, routes } from "./routes.ts";
import { ref, type Schema, schemas } from "./schemas.ts";

/** What refusals mean, by status. */
const REFUSALS: Readonly<Record<number, string>> = {
  400: "The request cannot be understood.",
  401: "The request does not say who sends it.",
  403: "Whoever sends it may not do this.",
  404: "There is no such run, event key or workflow.",
  405: "Another method is possible here.",
  408: "The body did not come in time.",
  409: "It does not fit what there is.",
  410: "The run that made the key has ended.",
  413: "The body is too large.",
  414: "The address is too long.",
  415: "The content type is not understood.",
  422: "A value does not fit, or a key was used for another request.",
  431: "The headers are too large.",
  500: "The server failed.",
  503: "The server cannot do this now. Try again later.",
};
const ALWAYS = [400, 401, 403, 405, 414, 431, 500, 503];
const WITH_BODY = [408, 413, 415];

export function openApi(basePath: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "coldframe",
      version: "1",
      description: "Runs of workflows: start, look at, answer and stop them.",
    },
    servers: [{ url: basePath === "" ? "/" : basePath }],
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
      schemas,
      responses: Object.fromEntries(
        Object.entries(REFUSALS).map(([status, description]) => [
          `Refusal${status}`,
          { description, content: { [PROBLEM]: { schema: ref("Problem") } } },
        ]),
      ),
    },
  };
}

function operationOf(route: Route): object {
  const refusals = [...ALWAYS, ...route.refusals, ...(route.body === undefined ? [] : WITH_BODY)];
  return {
    operationId: route.operation,
    summary: route.summary,
    parameters: [
      ...[...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
        ...{ name, in: "path", required: true },
        schema: { type: "string", minLength: 1, maxLength: 512 },
      })),
      ...(route.query ?? []).map((one) => parameterOf(one, "query")),
      ...(route.headers ?? []).map((one) => parameterOf(one, "header")),
    ],
    ...(route.body === undefined ? {} : { requestBody: bodyOf(route.body) }),
    responses: {
      ...Object.fromEntries(
        Object.entries(route.answers).map(([status, answer]) => [status, answerOf(answer)]),
      ),
      ...Object.fromEntries(
        [...new Set(refusals)].map((status) => [status, { $ref: `#/components/responses/Refusal${status}` }]),
      ),
    },
  };
}

function parameterOf({ name, description, type, repeated }: Parameter, place: "query" | "header"): object {
  const schema: Schema = repeated === true ? { type: "array", items: { type } } : { type };
  return { name, in: place, description, required: false, schema };
}

function bodyOf({ plain, own }: NonNullable<Route["body"]>): object {
  return {
    required: false,
    content: { "application/json": { schema: ref(plain) }, [OWN_TYPE]: { schema: ref(own) } },
  };
}

function answerOf({ description, json, events }: Route["answers"][number]): object {
  const content = {
    ...(json === undefined ? {} : { "application/json": { schema: ref(json) } }),
    // OpenAPI 3.1 has no words for the frames of a stream: this is the schema of each event's data.
    ...(events === undefined ? {} : { "text/event-stream": { schema: ref(events) } }),
  };
  return { description, ...(Object.keys(content).length === 0 ? {} : { content }) };
}
