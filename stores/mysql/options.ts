/** Options of the store, checked. */
import { ColdframeError } from "../../runtime/errors.ts";

export interface MysqlOptions {
  /** What the names of coldframe's tables begin with. Default `coldframe_`. */
  readonly prefix?: string;
  /** Whether the tables are made when there are none. Default true. */
  readonly create?: boolean;
  /** Connections of the store's own pool, at most. Default 6. */
  readonly connections?: number;
  /**
   * How often to ask, while nothing happens, whether other processes have news, in ms: so late may this process hear of it.
   * Default 20,000. 0: never, only the engine's own looking finds it.
   */
  readonly poll?: number;
  /** How long to wait for a connection, in ms. Default 10,000. */
  readonly connectTimeout?: number;
  /** How long to wait for an answer of the server before the connection is given up, in ms. Default 30,000. */
  readonly answerTimeout?: number;
  /** How long a transactional step may have its transaction before CF3109, in ms. Default 30,000; less than a lease. */
  readonly transaction?: number;
}

const NUMBERS = ["connections", "poll", "connectTimeout", "answerTimeout", "transaction"] as const;

/** @throws ColdframeError CF2301 */
export function checkMysqlOptions(options: MysqlOptions): Required<MysqlOptions> {
  const known = ["prefix", "create", ...NUMBERS];
  for (const option of Object.keys(options)) {
    if (!known.includes(option))
      throw new ColdframeError("CF2301", `mysql() has no option "${option}". It knows: ${known.join(", ")}`);
  }
  const {
    prefix = "coldframe_",
    create = true,
    connections = 6,
    poll = 20_000,
    connectTimeout = 10_000,
    answerTimeout = 30_000,
    transaction = 30_000,
  } = options;
  // Names of tables are cut at 64 letters.
  if (!/^[a-z_][a-z0-9_]{0,39}$/.test(prefix))
    throw wrong("prefix", prefix, "at most 40 small letters, digits and underscores, not a digit first");
  for (const [name, value, least] of [
    ["connections", connections, 2],
    ["poll", poll, 0],
    ["connectTimeout", connectTimeout, 1],
    ["answerTimeout", answerTimeout, 1],
    ["transaction", transaction, 1],
  ] as const)
    if (!Number.isInteger(value) || value < least)
      throw wrong(name, value, `an integer of at least ${least}`);
  return { prefix, create, connections, poll, connectTimeout, answerTimeout, transaction };
}

function wrong(option: string, value: unknown, expected: string): ColdframeError {
  return new ColdframeError(
    "CF2301",
    `mysql(): "${option}" is ${JSON.stringify(value)}, but must be ${expected}`,
  );
}
