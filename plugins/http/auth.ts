/** Who may do what. Nothing is open unless it was said. */
import { ColdframeError } from "../../runtime/index.ts";
import { Refusal } from "./refusal.ts";

/** What a request wants. `inspect`: to see locals, arguments, progress and event keys of a run. */
export const actions = [
  "start",
  "list",
  "get",
  "inspect",
  "result",
  "watch",
  "cancel",
  "suspend",
  "resume",
  "mend",
  "history",
  "fork",
  "rewind",
  "edit",
  "send",
  "describe",
] as const;

export type Action = (typeof actions)[number];

/** What it wants that of; decoded from the address. */
export interface Subject {
  readonly run?: string;
  readonly key?: string;
  readonly workflow?: string;
}

/** True: go on. False: 403. A Response is the answer. */
export type Authorize = (
  request: Request,
  action: Action,
  subject: Subject,
) => boolean | Response | Promise<boolean | Response>;

/** The request has `Authorization: Bearer <token>`; several tokens: any of them. At least 16 characters each. */
export interface Bearer {
  readonly token: string | readonly string[];
}

/**
 * `"none"`: everybody. `"never"`: nobody. `"key"`, for `send`: whoever has a key that `event()` made, which cannot be
 * guessed; keys that workflows choose themselves are not reached.
 */
export type Rule = "none" | "never" | "key" | Bearer | Authorize;

/** One rule for all, or one for each action; `others` for those not named, by default `"never"`. */
export type Auth = Rule | (Readonly<Partial<Record<Action, Rule>>> & { readonly others?: Rule });

export type Rules = Readonly<Record<Action, Checked>>;

/** Null: go on. */
type Check = (request: Request, action: Action, subject: Subject) => Promise<Response | null>;

interface Checked {
  readonly check: Check;
  /** Only generated keys, which are checked where the run is looked up. */
  readonly byKey: boolean;
}

/** A token that can be guessed protects nothing. */
const SHORTEST = 16;

/** @throws ColdframeError CF3401, CF2301 */
export function rulesOf(auth: Auth | undefined): Rules {
  if (auth === undefined || auth === null) {
    throw new ColdframeError(
      "CF3401",
      'say auth: { token }, auth: (request, action) => boolean, one of these for each action, or auth: "none" when everybody may do everything',
    );
  }
  if (!isByAction(auth)) return everywhere(auth);
  const { others = "never", ...named } = auth;
  for (const name of Object.keys(named)) {
    if (!(actions as readonly string[]).includes(name))
      throw wrong(`auth has no action "${name}". There are: ${actions.join(", ")}, others`);
  }
  const fallback = checkOf(others, "others");
  return table((action) => {
    const rule = named[action];
    return rule === undefined ? fallback : checkOf(rule, action);
  });
}

function everywhere(rule: Rule): Rules {
  const check = checkOf(rule, "auth");
  return table(() => check);
}

function table(rule: (action: Action) => Checked): Rules {
  return Object.fromEntries(actions.map((action) => [action, rule(action)])) as Record<Action, Checked>;
}

function isByAction(auth: Auth): auth is Exclude<Auth, Rule> {
  return typeof auth === "object" && !("token" in auth);
}

function checkOf(rule: Rule, where: string): Checked {
  if (rule === "none") return { check: () => Promise.resolve(null), byKey: false };
  if (rule === "never") return { check: () => Promise.reject(forbidden()), byKey: false };
  if (rule === "key") {
    if (where !== "send") throw wrong(`auth, ${where}: "key" is a rule for "send" only`);
    return { check: () => Promise.resolve(null), byKey: true };
  }
  if (typeof rule === "function") return { check: asked(rule), byKey: false };
  if (typeof rule === "object" && rule !== null && "token" in rule)
    return { check: bearer(rule, where), byKey: false };
  throw wrong(`auth, ${where}: must be "none", "never", { token } or a function`);
}

function asked(authorize: Authorize): Check {
  return async (request, action, subject) => {
    const answer = await authorize(request, action, subject);
    if (answer instanceof Response) return answer;
    if (answer === true) return null;
    throw forbidden();
  };
}

function bearer({ token }: Bearer, where: string): Check {
  const tokens: readonly unknown[] = Array.isArray(token) ? token : [token];
  const fit = tokens.every((one) => typeof one === "string" && /^[\x21-\x7e]+$/.test(one));
  // Its text is not in the message: messages are logged.
  if (tokens.length === 0 || !fit || tokens.some((one) => (one as string).length < SHORTEST)) {
    throw new ColdframeError(
      "CF3401",
      `auth, ${where}: a token must be a text of at least ${SHORTEST} visible ASCII characters. Is the variable set that it is read from?`,
    );
  }
  let wanted: Promise<readonly Uint8Array[]> | null = null;
  return async (request) => {
    const given = /^Bearer +([\x21-\x7e]+) *$/i.exec(request.headers.get("authorization") ?? "")?.[1];
    if (given === undefined) throw unknownSender("this needs the header Authorization: Bearer <token>", "");
    wanted ??= Promise.all(tokens.map((one) => digest(one as string)));
    const found = await digest(given);
    let matches = 0;
    // All of them, whatever the first ones say.
    for (const one of await wanted) matches |= Number(equal(one, found));
    if (matches === 0) throw unknownSender("the token is not known here", ', error="invalid_token"');
    return null;
  };
}

/** Equal lengths, and no use to whoever measures how much of it is right. */
async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}

function unknownSender(detail: string, more: string): Refusal {
  return new Refusal(401, "CF3402", detail, { "www-authenticate": `Bearer realm="coldframe"${more}` });
}

function forbidden(): Refusal {
  return new Refusal(403, "CF3403", "whoever sends it may not do this");
}

function wrong(detail: string): ColdframeError {
  return new ColdframeError("CF2301", `httpHandler(), ${detail}`);
}
