/** Payloads of events against the schema of the one who waits. In a frame and in the store a schema is a name. */
import { ColdframeError } from "../errors.ts";
import { $module, bindingOf, nameOf } from "../machine/index.ts";
import { heldNameOf } from "./held-name.ts";
import { conform, isSchema, type StandardSchema } from "./schema.ts";

/** @throws ColdframeError CF2301 when another process could not find it */
export function schemaName(schema: StandardSchema): string {
  const name = nameOf(schema) ?? heldNameOf(schema);
  if (name !== undefined) return name;
  throw new ColdframeError(
    "CF2301",
    'event(): "schema" has no name that another process would find it by. Keep it in a const at the top level of a marked module, or in an object there, or import it from there',
  );
}

/** The schema of this name, if its module is loaded. */
export function findSchema(name: string): StandardSchema | null {
  const value = bindingOf(name)?.value;
  return isSchema(value) ? value : null;
}

/** @throws ColdframeError CF2307 when it does not fit */
export function checkPayload(schema: StandardSchema | string, key: string, payload: unknown): unknown {
  const found = typeof schema === "string" ? findSchema(schema) : schema;
  if (found !== null) return conform(found, payload, `payload of event "${key}"`);
  throw new ColdframeError("CF2304", `no loaded module has the schema "${schema}" of event "${key}"`);
}

$module("coldframe/event-schema", "1", { checkPayload: () => checkPayload });
