/** Errors as answers: problem details (RFC 9457) with the code of the error, and never more than the sender may know. */
import { ColdframeError, type ErrorCode, errors } from "../../runtime/errors.ts";

/** An answer that says no. */
export class Refusal extends ColdframeError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  constructor(
    status: number,
    code: ErrorCode,
    detail: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(code, detail);
    this.status = status;
    this.headers = headers;
  }
}

/** What errors of the engine are in HTTP. The others are 500, or 503 when the database or this process is the reason. */
const statuses: Readonly<Partial<Record<ErrorCode, number>>> = {
  CF2101: 422,
  CF2301: 400,
  CF2302: 400,
  CF2307: 422,
  CF3101: 404,
  CF3102: 404,
  CF3103: 400,
  CF3104: 503,
  CF3105: 409,
  CF3106: 409,
  CF3114: 409,
  CF3120: 404,
  CF3121: 409,
  CF3122: 409,
  CF3123: 422,
  CF3124: 422,
};

/** Codes of what another process, or this one later, can do: the database fails, or what it holds cannot be read here. */
const ELSEWHERE = /^CF(30|22|2103|2303|2304)/;

/** Seconds after which it is worth to try again. */
const RETRY_AFTER = "5";

export const PROBLEM = "application/problem+json";

/** Whether this is a failure of the server, which the sender is not told about but by its code. */
export function isFailure(error: unknown): boolean {
  return statusOf(error) >= 500 && !(error instanceof Refusal);
}

function statusOf(error: unknown): number {
  if (error instanceof Refusal) return error.status;
  if (!(error instanceof ColdframeError)) return 500;
  return statuses[error.code] ?? (ELSEWHERE.test(error.code) ? 503 : 500);
}

/** The answer to a request that ended with this error. */
export function problem(error: unknown): Response {
  const status = statusOf(error);
  const code = error instanceof ColdframeError ? error.code : "CF3412";
  // Messages of failures name files and hosts: they are for the log.
  const message = isFailure(error) ? `${code} ${errors[code]}` : (error as Error).message;
  return new Response(
    JSON.stringify({
      type: `urn:coldframe:error:${code}`,
      title: errors[code],
      status,
      error: { code, message },
    }),
    {
      status,
      headers: {
        "content-type": PROBLEM,
        ...(status === 503 ? { "retry-after": RETRY_AFTER } : {}),
        ...(error instanceof Refusal ? error.headers : {}),
      },
    },
  );
}
