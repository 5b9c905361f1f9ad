/** Options of the store, checked. */
import { ColdframeError } from "../../runtime/errors.ts";

export interface PostgresOptions {
  /** Schema of coldframe's tables. Created when it does not exist. Default `coldframe`. */
  readonly schema?: string;
  /** Whether the schema is made when it does not exist. Default true. */
  readonly create?: boolean;
  /** Connections of the store's own pool, at most. Default 6. */
  readonly connections?: number;
  /**
   * Whether processes hint at news to each other, by a connection of its own on which they `LISTEN`. Default true. False behind
   * a pooler that hands out a connection for each transaction; a URL: that of the server itself, for this connection only.
   */
  readonly listen?: boolean | string;
  /** How long to wait for a connection, in ms. Default 10,000. */
  readonly connectTimeout?: number;
  /** How long to wait for an answer of the server before the connection is given up, in ms. Default 30,000. */
  readonly answerTimeout?: number;
  /** How long a transactional step may have its transaction before CF3109, in ms. Default 30,000; less than a lease. */
  readonly transaction?: number;
}

const NUMBERS = ["connections", "connectTimeout", "answerTimeout", "transaction"] as const;

/** @throws ColdframeError CF2301 */
export function checkPostgresOptions(options: PostgresOptions): Required<PostgresOptions> {
  const known = ["schema", "create", "listen", ...NUMBERS];
  for (const option of Object.keys(options)) {
    if (!known.includes(option))
      throw new ColdframeError(
        "CF2301",
        `postgres() has no option "${option}". It knows: ${known.join(", ")}`,
      );
  }
  const {
    schema = "coldframe",
    create = true,
    connections = 6,
    listen = true,
    connectTimeout = 10_000,
    answerTimeout = 30_000,
    transaction = 30_000,
  } = options;
  // It stands in names of locks and statements, too, which are cut at 63 bytes.
  if (!/^[a-z_][a-z0-9_]{0,39}$/.test(schema))
    throw wrong("schema", schema, "at most 40 small letters, digits and underscores, not a digit first");
  for (const [name, value, least] of [
    ["connections", connections, 2],
    ["connectTimeout", connectTimeout, 1],
    ["answerTimeout", answerTimeout, 1],
    ["transaction", transaction, 1],
  ] as const)
    if (!Number.isInteger(value) || value < least)
      throw wrong(name, value, `an integer of at least ${least}`);
  return { schema, create, connections, listen, connectTimeout, answerTimeout, transaction };
}

function wrong(option: string, value: unknown, expected: string): ColdframeError {
  return new ColdframeError(
    "CF2301",
    `postgres(): "${option}" is ${JSON.stringify(value)}, but must be ${expected}`,
  );
}
