/**
 * Values against a schema of whichever library: Standard Schema v1 (https://standardschema.dev), of which only the
 * property `~standard` is used.
 */
import { ColdframeError } from "../errors.ts";

/** What Zod, Valibot, ArkType and others make. */
export interface StandardSchema<Output = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
  };
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Issues shown, at most. */
const SHOWN = 5;

export function isSchema(value: unknown): value is StandardSchema {
  const standard = (value as StandardSchema | null | undefined)?.["~standard"];
  return typeof standard?.validate === "function";
}

/**
 * Checks a value.
 * @param what for people: `the result of step "charge"`
 * @returns what the schema makes of it; a promise when the schema takes its time
 * @throws ColdframeError CF2307 with the path of each issue
 */
export function conform<T>(schema: StandardSchema<T>, value: unknown, what: string): T | Promise<T> {
  const result = schema["~standard"].validate(value);
  return result instanceof Promise ? result.then((later) => outputOf(later, what)) : outputOf(result, what);
}

function outputOf<T>(result: SchemaResult<T>, what: string): T {
  if (result.issues === undefined) return result.value;
  const { issues } = result;
  const shown = issues.slice(0, SHOWN).map(({ path = [], message }) => {
    const place = path.map(segment).join("");
    return place === "" ? message : `${place.replace(/^\./, "")}: ${message}`;
  });
  if (issues.length > SHOWN) shown.push(`${issues.length - SHOWN} more`);
  throw new ColdframeError("CF2307", `${what}: ${shown.join("; ")}`);
}

function segment(part: PropertyKey | { readonly key: PropertyKey }): string {
  const key = typeof part === "object" ? part.key : part;
  return typeof key === "number" ? `[${key}]` : `.${String(key)}`;
}

/** Trying again would not help: the same value would be refused again. */
export function isMisfit(error: unknown): boolean {
  return error instanceof ColdframeError && error.code === "CF2307";
}
