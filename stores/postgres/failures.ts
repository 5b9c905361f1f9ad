/** What the server and the driver report, as what to do about it. https://www.postgresql.org/docs/current/errcodes-appendix.html */
import { ColdframeError, type ErrorCode } from "../../runtime/errors.ts";
import { Again, type Failure } from "../batch/index.ts";

/** The five characters of SQLSTATE; undefined when it was not the server that spoke. */
export function stateOf(error: unknown): string | undefined {
  const reported = reportOf(error);
  const { code } = (reported ?? {}) as { readonly code?: unknown };
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && isServerError(reported) ? code : undefined;
}

/** What the driver said, when the error was explained before. */
function reportOf(error: unknown): unknown {
  return error instanceof ColdframeError && error.cause !== undefined ? error.cause : error;
}

/** The driver's own codes, as EPIPE, may have five letters too; the server gives a severity. */
function isServerError(error: unknown): boolean {
  return typeof error === "object" && error !== null && "severity" in error;
}

/** The connection is of no use any more. */
export function isBroken(error: unknown): boolean {
  // Not something that the database said, or did not say.
  if (!(error instanceof ColdframeError) || error.cause === undefined) return false;
  const state = stateOf(error);
  return state === undefined || endsSession(state);
}

function endsSession(state: string): boolean {
  return state.startsWith("08") || /^(57P0[1-5]|25P0[34])$/.test(state);
}

/**
 * What the server said, when an error says that a `COMMIT` was refused; undefined: it may have been carried out.
 */
export function refusalOf(error: unknown): unknown {
  const state = stateOf(error);
  return state === undefined || isBroken(error) || state === "40003" ? undefined : reportOf(error);
}

/** What users' statements fail with: errors of the driver as they are. */
export const userFailures = {
  /** Serialization failure, deadlock. */
  isCollision: (error: unknown): boolean => ["40001", "40P01"].includes(stateOf(error) ?? ""),
  isConsequence: (error: unknown): boolean => stateOf(error) === "25P02",
  isSaid: (error: unknown): boolean => !isLost(error) && stateOf(error) !== undefined,
  isLost,
};

function isLost(error: unknown): boolean {
  const state = stateOf(error);
  if (state !== undefined) return endsSession(state);
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  if (typeof code === "string" && /^(E[A-Z]{3,}|ERR_STREAM_\w+)$/.test(code)) return true;
  return /^Connection terminated|is not queryable$/.test(String(message));
}

/** There was no connection: nothing was asked, so whatever the server says has nothing to do with what is to be written. */
export class Unconnected extends ColdframeError {}

/** What becomes of a batch in which this happened. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Again) return "again";
  if (error instanceof Unconnected) return "failed";
  const state = stateOf(error);
  if (state === undefined) return "failed";
  // Serialization, deadlock, lock not available; a prepared statement that another session of a pooler has, or has not.
  if (["40001", "40P01", "26000", "42P05"].includes(state)) return "again";
  // Values, constraints, limits of the program, memory for one statement or for locks.
  if (/^(22|23|54)/.test(state) || state === "53200" || state === "XX000") return "alone";
  return "failed";
}

/** A pooler has given us another session than the one in which a statement was prepared. */
export function isUnprepared(error: unknown): boolean {
  const state = stateOf(error);
  return state === "26000" || state === "42P05";
}

/**
 * An error that says what to do.
 * @param where the server without its password, or what it is called
 */
export function explain(error: unknown, where: string, Kind = ColdframeError): Error {
  const { message } = error as Error;
  const state = stateOf(error);
  const shown = state === undefined ? reasonOf(error) : `${message} (SQLSTATE ${state})`;
  const coded = (code: ErrorCode, advice: string) =>
    new Kind(code, `${where}: ${shown}. ${advice}`, { cause: error });
  if (state === undefined) {
    if (/timeout exceeded when trying to connect|too many clients/i.test(message))
      return coded("CF3012", "Raise the pool's size, or look for connections that are never given back.");
    if (/Query read timeout/.test(message))
      return coded("CF3013", "The answer did not come in time; the connection is given up.");
    return coded("CF3010", "Is the server up, and are host, port and database right? It is tried again.");
  }
  switch (true) {
    case /^(28|0L)/.test(state):
      return coded("CF3011", "Check user and password of the URL.");
    case state === "42501":
      return coded("CF3011", "Grant this user what is missing, or let its owner create the schema once.");
    case state === "25006":
      return coded("CF3003", "This is a standby or a read-only session; name the primary server.");
    case state === "53300" || state === "53400":
      return coded("CF3012", "Raise the server's max_connections, or lower the pools' sizes.");
    case state === "57014" || state === "55P03" || state === "25P03" || state === "25P04":
      return coded("CF3013", "Raise the server's timeout for this user, or look for what keeps the locks.");
    case state.startsWith("08") || state.startsWith("57P") || state === "3D000":
      return coded("CF3010", "Is the server up, and are host, port and database right? It is tried again.");
    case state === "42P01" || state === "3F000" || state === "42703":
      return coded("CF3014", "Tables of coldframe are missing. Was the schema dropped or restored in part?");
    default:
      return coded("CF3006", "What was acknowledged is safe; look at the server's log and its disk.");
  }
}

function reasonOf(error: unknown): string {
  const { message, code, errors } = error as Error & {
    readonly code?: string;
    readonly errors?: readonly Error[];
  };
  if (message !== "") return message;
  // Node tries the addresses of a host one after the other.
  return errors?.map((one) => one.message).join(", ") || code || "the connection failed";
}
