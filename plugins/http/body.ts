/** Reads a body: so much and no more, for so long and no longer, and only what it says to be. */
import { type Clock, ColdframeError } from "../../runtime/index.ts";
import { checkDepth } from "./json-value.ts";
import type { Limits } from "./limits.ts";
import { Refusal } from "./refusal.ts";

/** JSON in which values that JSON lacks have a form (json-value.ts). */
export const OWN_TYPE = "application/vnd.coldframe+json";

/** `plain`: JSON as everybody writes it. `own`: with our forms. `none`: there is no body. */
export interface Body {
  readonly form: "none" | "plain" | "own";
  /** As `JSON.parse` gives it. */
  readonly raw: unknown;
}

/** @throws Refusal 400, 408, 413, 415; ColdframeError CF3413 */
export async function readBody(request: Request, limits: Limits, clock: Clock): Promise<Body> {
  const none: Body = { form: "none", raw: undefined };
  if (request.bodyUsed)
    throw new ColdframeError("CF3413", "let middleware read the body of request.clone(), not of the request");
  if (request.body === null || request.headers.get("content-length") === "0") return none;
  // A body of unknown length may turn out to be none, which needs no type.
  const form = formOf(request.headers);
  if (Number(request.headers.get("content-length") ?? 0) > limits.body) throw tooLarge(limits.body);
  if (form instanceof Refusal && request.headers.has("content-type")) throw form;
  const text = await readText(request.body, limits, clock);
  if (text === "") return none;
  if (form instanceof Refusal) throw form;
  return { form, raw: parse(text, limits.depth) };
}

function formOf(headers: Headers): "plain" | "own" | Refusal {
  const encoding = headers.get("content-encoding") ?? "identity";
  if (encoding.toLowerCase() !== "identity") return unsupported("a body with a content-encoding");
  const given = headers.get("content-type");
  if (given === null) return unsupported("a body without a content type");
  const [type, ...parameters] = given.toLowerCase().split(";");
  const charset = parameters.find((one) => one.trim().startsWith("charset="));
  if (charset !== undefined && !/^\s*charset="?utf-?8"?\s*$/.test(charset))
    return unsupported("another charset than UTF-8");
  const name = type!.trim();
  if (name === OWN_TYPE) return "own";
  if (name === "application/json" || /^application\/[\w.-]+\+json$/.test(name)) return "plain";
  return unsupported(JSON.stringify(name.slice(0, 80)));
}

async function readText(body: ReadableStream<Uint8Array>, limits: Limits, clock: Clock): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const reader = body.getReader();
  let expired = false;
  let expire: () => void = () => {};
  const late = new Promise<"late">((resolve) => (expire = () => resolve("late")));
  const timer = clock.setTimeout(() => {
    expired = true;
    expire();
  }, limits.bodyTime);
  let text = "";
  let size = 0;
  try {
    for (;;) {
      const part = await Promise.race([reader.read(), late]);
      if (expired || part === "late")
        throw new Refusal(408, "CF3406", `the body did not come within ${limits.bodyTime} ms`);
      if (part.done) return text + decoder.decode();
      size += part.value.byteLength;
      if (size > limits.body) throw tooLarge(limits.body);
      text += decoder.decode(part.value, { stream: true });
    }
  } catch (error) {
    void reader.cancel().catch(() => {});
    // Refusals, and what a server's adapter says of its bodies.
    if (error instanceof ColdframeError) throw error;
    throw new Refusal(400, "CF3406", "the body broke off, or is no UTF-8");
  } finally {
    clock.clearTimeout(timer);
  }
}

function parse(text: string, depth: number): unknown {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    throw new Refusal(400, "CF3406", "the body is no JSON (RFC 8259)");
  }
  checkDepth(raw, depth);
  return raw;
}

function tooLarge(limit: number): Refusal {
  return new Refusal(413, "CF3407", `a body has at most ${limit} bytes here`);
}

function unsupported(what: string): Refusal {
  return new Refusal(
    415,
    "CF3408",
    `${what} is not understood. Send application/json, or ${OWN_TYPE} for values that JSON lacks`,
  );
}
