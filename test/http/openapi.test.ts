/** The description: sound by itself, complete, and the one that is served. Answers are checked against it in the other tests. */
import { expect, test } from "vitest";
import { httpHandler } from "../../plugins/http/index.ts";
import { routes } from "../../plugins/http/routes.ts";
import { Stage } from "../engine/stage.ts";
import { requestOf, TOKEN } from "./client.ts";
import { description, followed, mistakes } from "./described.ts";

const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

test("describes every route once", () => {
  const described = operations.map(({ path, method }) => `${method.toUpperCase()} ${path}`);
  expect(described.sort()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).sort());
  const ids = operations.map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

test("every reference leads somewhere, and every part is used", () => {
  const references = new Set<string>();
  const walk = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if ("$ref" in value) references.add(value.$ref as string);
    for (const one of Object.values(value)) walk(one);
  };
  walk(description);
  for (const $ref of references) expect(followed({ $ref })).toBeTypeOf("object");
  for (const name of Object.keys(description.components.schemas))
    expect(references).toContain(`#/components/schemas/${name}`);
  for (const name of Object.keys(description.components.responses))
    expect(references).toContain(`#/components/responses/${name}`);
});

test("parameters of the path are those of its pattern, and all are named once", () => {
  for (const { path, operation } of operations) {
    const inPath = operation.parameters.filter((one) => one.in === "path");
    expect(inPath.map(({ name }) => name)).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
    expect(inPath.every(({ required }) => required)).toBe(true);
    const names = operation.parameters.map((one) => `${one.in} ${one.name}`);
    expect(new Set(names).size).toBe(names.length);
  }
});

test("every answer has words, and statuses are those of HTTP", () => {
  for (const { operation } of operations) {
    expect(Object.keys(operation.responses).length).toBeGreaterThan(3);
    for (const [status, answer] of Object.entries(operation.responses)) {
      expect(status).toMatch(/^[2-5]\d\d$/);
      expect(followed(answer).description).toMatch(/\.$/);
    }
  }
});

test("the check of answers is no rubber stamp", () => {
  const problem = { $ref: "#/components/schemas/Problem" };
  const right = { type: "x", title: "t", status: 404, error: { code: "CF3404", message: "m" } };
  expect(mistakes(right, problem)).toEqual([]);
  expect(mistakes({ ...right, error: { code: "404", message: "m" } }, problem)).toHaveLength(1);
  expect(mistakes({ ...right, more: 1 }, problem)).toHaveLength(1);
  expect(mistakes({ ...right, status: "404" }, problem)).toHaveLength(1);
});

test("is served below the base path", async () => {
  const stage = new Stage();
  const engine = await stage.engine();
  const handler = httpHandler(engine, { auth: { token: TOKEN }, basePath: "/api/v1" });
  const answer = await handler(requestOf("GET", "/api/v1/openapi.json"));
  const { servers, ...rest } = (await answer.json()) as { servers: unknown };
  expect(servers).toEqual([{ url: "/api/v1" }]);
  expect(rest).toMatchObject({ openapi: "3.1.0", paths: JSON.parse(JSON.stringify(description.paths)) });
  expect((await handler(requestOf("GET", "/openapi.json"))).status).toBe(404);
  await stage.close();
});
