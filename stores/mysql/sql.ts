/**
 * Statements with their values as text. What users' pools are configured to (time zones, objects, big numbers) plays no part
 * in it. The server reads it as utf8mb4 with backslash escapes, which is checked when the store is opened (migrate.ts).
 */
/** What the server is. */
export interface Server {
  readonly kind: "mysql" | "mariadb";
  /** The longest statement that it takes, in bytes. */
  readonly packet: number;
  /** Between two numbers that it hands out. */
  readonly step: number;
}

export type Value = string | number | boolean | null | Uint8Array;
/** A list stands for its values in parentheses: at least one. A list of lists: rows. */
export type Parameter = Value | readonly Value[] | readonly (readonly Value[])[];

/**
 * Fills in `?`. `@name` is a table of the store. `{a, b}` is a table `v` of the columns a and b, made of the rows of the
 * next parameter.
 */
export function sqlOf(text: string, values: readonly Parameter[], prefix: string, server: Server): string {
  let next = 0;
  return text.replaceAll(/\?|(?<!@)@([a-z_]+)|\{([a-z_, ]+)\}/g, (_, table, columns) => {
    if (table !== undefined) return `\`${prefix}${table}\``;
    const value = values[next++];
    if (columns === undefined) return parameter(value as Parameter, "");
    const rows = parameter(value as Parameter, server.kind === "mysql" ? "ROW" : "");
    return `(WITH v (${columns}) AS (VALUES ${rows}) SELECT * FROM v) v`;
  });
}

function parameter(value: Parameter, row: string): string {
  if (!Array.isArray(value)) return literal(value as Value);
  if (Array.isArray(value[0]))
    return (value as readonly (readonly Value[])[]).map((values) => `${row}(${list(values)})`).join();
  return `(${list(value as readonly Value[])})`;
}

function list(values: readonly Value[]): string {
  return values.map(literal).join();
}

const ESCAPES: Readonly<Record<string, string>> = { "\0": "\\0", "\x1a": "\\Z", "'": "\\'", "\\": "\\\\" };

function literal(value: Value): string {
  if (value === null) return "NULL";
  if (typeof value === "number") return String(value);
  if (typeof value === "boolean") return value ? "1" : "0";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped
  if (typeof value === "string") return `'${value.replaceAll(/[\0\x1a'\\]/g, (c) => ESCAPES[c]!)}'`;
  const { buffer, byteOffset, byteLength } = value;
  return `X'${Buffer.from(buffer, byteOffset, byteLength).toString("hex")}'`;
}
