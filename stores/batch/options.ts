/** Options that all stores on servers have, checked. */
import { checkOptions, wrongOption } from "../../runtime/errors.ts";

export interface ServerOptions {
  /** Whether what holds the tables, or these, is made when it does not exist. Default true. */
  readonly create?: boolean;
  /** Connections of the store's own pool, at most; from 2. Default 6. */
  readonly connections?: number;
  /** How long to wait for a connection, in ms. Default 10,000. */
  readonly connectTimeout?: number;
  /** How long to wait for an answer of the server before the connection is given up, in ms. Default 30,000. */
  readonly answerTimeout?: number;
  /** How long a transactional step may have its transaction before CF3109, in ms. Default 30,000; less than a lease. */
  readonly transaction?: number;
}

const LEAST = { connections: 2, connectTimeout: 1, answerTimeout: 1, transaction: 1 } as const;

const DEFAULTS: Required<ServerOptions> = {
  ...{ create: true, connections: 6, connectTimeout: 10_000, answerTimeout: 30_000, transaction: 30_000 },
};

/** What our names begin with becomes part of others, which servers cut off at about 60 letters. */
const NAME = /^[a-z_][a-z0-9_]{0,39}$/;

/**
 * @param owner for messages: `postgres()`
 * @param own options that only this store has, with their defaults
 * @param name which of them our names begin with
 * @throws ColdframeError CF2301
 */
export function checkServerOptions<T extends object>(
  owner: string,
  options: ServerOptions & Partial<T>,
  own: T,
  name: keyof T & string,
): Required<ServerOptions> & T {
  const defaults = { ...own, ...DEFAULTS };
  checkOptions(owner, options, Object.keys(defaults));
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const all: Required<ServerOptions> & T = { ...defaults, ...Object.fromEntries(given) };
  if (!NAME.test(String(all[name])))
    throw wrongOption(
      owner,
      name,
      all[name],
      "at most 40 small letters, digits and underscores, not a digit first",
    );
  for (const [option, least] of Object.entries(LEAST))
    checkLeast(owner, option, all[option as keyof typeof LEAST], least);
  if (typeof all.create !== "boolean") throw wrongOption(owner, "create", all.create, "true or false");
  return all;
}

/** @throws ColdframeError CF2301 */
export function checkLeast(owner: string, option: string, value: unknown, least: number): void {
  if (!Number.isInteger(value) || (value as number) < least)
    throw wrongOption(owner, option, value, `an integer of at least ${least}`);
}
