/** Checks answers against the description: the part of JSON Schema that it uses, and nothing that it does not. */
import { openApi } from "../../plugins/http/openapi.ts";

type Schema = Record<string, unknown>;
export interface Description {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: {
    readonly schemas: Record<string, Schema>;
    readonly responses: Record<string, Answer>;
  };
}
export interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: Schema }> };
  readonly responses: Record<string, Answer | { readonly $ref: string }>;
}
interface Answer {
  readonly description: string;
  readonly content?: Record<string, { readonly schema: Schema }>;
}

export const description = openApi("") as Description;

/** What a reference leads to. */
export function followed<T extends object>(value: T | { readonly $ref: string }): T {
  if (!("$ref" in value)) return value;
  let at: unknown = description;
  for (const part of value.$ref.slice(2).split("/")) at = (at as Record<string, unknown>)[part];
  if (at === undefined) throw new Error(`${value.$ref} leads nowhere`);
  return at as T;
}

const KNOWN = new Set(
  "type enum anyOf items properties required additionalProperties pattern description $ref".split(" "),
);

/** Where and how a value differs from its schema. */
export function mistakes(value: unknown, schema: Schema, path = "$"): string[] {
  const unknown = Object.keys(schema).filter((word) => !KNOWN.has(word));
  if (unknown.length > 0) throw new Error(`this check does not know ${unknown}`);
  if (typeof schema["$ref"] === "string")
    return mistakes(value, followed(schema as { $ref: string }) as Schema, path);
  const { type, anyOf, items, properties, required, additionalProperties, pattern } = schema;
  const found: string[] = [];
  if (type !== undefined && !isOf(value, type as string)) return [`${path} is no ${type}`];
  if (schema["enum"] !== undefined && !(schema["enum"] as unknown[]).includes(value))
    found.push(`${path} is ${JSON.stringify(value)}`);
  if (pattern !== undefined && !new RegExp(pattern as string).test(value as string))
    found.push(`${path}: ${pattern}`);
  if (anyOf !== undefined && !(anyOf as Schema[]).some((one) => mistakes(value, one, path).length === 0))
    found.push(`${path} fits none`);
  if (items !== undefined) {
    for (const [i, one] of (value as unknown[]).entries())
      found.push(...mistakes(one, items as Schema, `${path}[${i}]`));
  }
  if (type !== "object") return found;
  const object = value as Record<string, unknown>;
  for (const name of (required ?? []) as string[])
    if (!(name in object)) found.push(`${path}.${name} is missing`);
  for (const [name, one] of Object.entries(object)) {
    const schemaOf = (properties as Record<string, Schema> | undefined)?.[name] ?? additionalProperties;
    if (schemaOf === false) found.push(`${path}.${name} is not described`);
    else if (typeof schemaOf === "object")
      found.push(...mistakes(one, schemaOf as Schema, `${path}.${name}`));
  }
  return found;
}

function isOf(value: unknown, type: string): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
}

/** Throws when an answer is none of those that its endpoint is described to give. */
export async function checkAnswer(method: string, path: string, answer: Response): Promise<void> {
  const operation = Object.entries(description.paths).find(([pattern, methods]) => {
    const expression = `^${pattern.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, "[^/]+")}$`;
    return method.toLowerCase() in methods && new RegExp(expression).test(path);
  })?.[1][method.toLowerCase()];
  if (operation === undefined) return;
  const described = operation.responses[answer.status];
  if (described === undefined)
    throw new Error(`${method} ${path} answers ${answer.status}, which is not described`);
  const { content } = followed(described);
  const type = answer.headers.get("content-type");
  if (content === undefined) {
    if (type !== null && !operation.operationId.startsWith("describe"))
      throw new Error(`${method} ${path} has ${type}`);
    return;
  }
  const schema = content[type!]?.schema;
  if (schema === undefined) throw new Error(`${method} ${path} has ${type}, which is not described`);
  if (type === "text/event-stream") return;
  const wrong = mistakes(await answer.clone().json(), schema);
  if (wrong.length > 0) throw new Error(`${method} ${path} ${answer.status}: ${wrong.join("; ")}`);
}
