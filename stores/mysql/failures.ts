/** What the server and the driver report, as what to do about it. https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html */
import { ColdframeError, type ErrorCode } from "../../runtime/errors.ts";
import { Again, type Failure } from "../batch/index.ts";

/** The server's number of an error; undefined when it was not the server that spoke. */
export function numberOf(error: unknown): number | undefined {
  const reported = error instanceof ColdframeError && error.cause !== undefined ? error.cause : error;
  const { errno, sqlState } = (reported ?? {}) as { readonly errno?: unknown; readonly sqlState?: unknown };
  return typeof errno === "number" && typeof sqlState === "string" ? errno : undefined;
}

/** The server ends, or has ended, the connection: shutdown, kill, a packet too large, no one there for too long. */
const GONE = [1053, 1077, 1152, 1153, 1158, 1159, 1160, 1161, 1184, 1927, 3169, 4031];

/** The connection is of no use any more. */
export function isBroken(error: unknown): boolean {
  // Not something that the database said, or did not say.
  if (!(error instanceof ColdframeError) || error.cause === undefined) return false;
  const number = numberOf(error);
  return number === undefined || GONE.includes(number);
}

/** What the server has undone whole because of others' transactions: deadlock, a row changed since it was read. */
const UNDONE = [1213, 1020];

/**
 * What the server said, when an error says that a `COMMIT` was refused; undefined: it may have been carried out.
 */
export function refusalOf(error: unknown): unknown {
  return UNDONE.includes(numberOf(error) ?? 0) ? (error as Error).cause : undefined;
}

/** What users' statements fail with: errors of the driver as they are. */
export const userFailures = {
  isCollision: (error: unknown): boolean => UNDONE.includes(numberOf(error) ?? 0),
  /** What has failed does not keep others from being carried out. */
  isConsequence: (): boolean => false,
  isSaid: (error: unknown): boolean => !isLost(error) && numberOf(error) !== undefined,
  isLost,
};

function isLost(error: unknown): boolean {
  const number = numberOf(error);
  if (number !== undefined) return GONE.includes(number);
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  if (typeof code === "string" && /^(E[A-Z]{3,}|ERR_STREAM_\w+|PROTOCOL_CONNECTION_LOST)$/.test(code))
    return true;
  return /^Connection lost|closed state/.test(String(message));
}

/** Deadlock, lock wait timeout, a lock that was asked for without a wait. */
const COLLISIONS = [1213, 1205, 3572, 1020, 4025];
/** Values that no column takes. */
const VALUES = [1048, 1062, 1153, 1264, 1292, 1366, 1406, 1690, 3988];

/** What becomes of a batch in which this happened. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Again) return "again";
  if (error instanceof TooLarge) return "alone";
  const number = numberOf(error);
  if (number === undefined) return "failed";
  if (COLLISIONS.includes(number)) return "again";
  return VALUES.includes(number) ? "alone" : "failed";
}

/** One statement for one row would be larger than what the server takes. */
export class TooLarge extends ColdframeError {
  constructor(bytes: number, most: number) {
    super(
      "CF3006",
      `a statement of ${bytes} bytes is larger than the server takes. Raise its max_allowed_packet, which is ${most}`,
    );
  }
}

/**
 * An error that says what to do.
 * @param where the server without its password, or what it is called
 */
export function explain(error: unknown, where: string): Error {
  const { message } = error as Error;
  const number = numberOf(error);
  const shown = number === undefined ? reasonOf(error) : `${message} (error ${number})`;
  const coded = (code: ErrorCode, advice: string) =>
    new ColdframeError(code, `${where}: ${shown}. ${advice}`, { cause: error });
  if (number === undefined) {
    if (/No connections available|Queue limit reached/i.test(message))
      return coded("CF3012", "Raise the pool's size, or look for connections that are never given back.");
    if ((error as { readonly code?: string }).code === "PROTOCOL_SEQUENCE_TIMEOUT")
      return coded("CF3013", "The answer did not come in time; the connection is given up.");
    return coded("CF3010", "Is the server up, and are host, port and database right? It is tried again.");
  }
  switch (number) {
    case 1045:
    case 1698:
      return coded("CF3011", "Check user and password of the URL.");
    case 1044:
    case 1142:
    case 1143:
    case 1227:
    case 1370:
      return coded("CF3011", "Grant this user what is missing, or let another one create the tables once.");
    case 1290:
    case 1792:
    case 1836:
      return coded("CF3003", "This is a replica or a read-only session; name the primary server.");
    case 1040:
    case 1203:
    case 1226:
      return coded("CF3012", "Raise the server's max_connections, or lower the pools' sizes.");
    case 1205:
    case 1317:
    case 1969:
    case 3024:
      return coded("CF3013", "Raise the server's timeout for this user, or look for what keeps the locks.");
    case 1049:
    case 1130:
      return coded("CF3010", "Is the server up, and are host, port and database right? It is tried again.");
    case 1054:
    case 1146:
      return coded(
        "CF3014",
        "Tables of coldframe are missing. Was the database dropped or restored in part?",
      );
    default:
      if (GONE.includes(number))
        return coded("CF3010", "Is the server up, and are host, port and database right? It is tried again.");
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
