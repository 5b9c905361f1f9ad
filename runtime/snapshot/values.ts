/**
 * Values outside of runs: arguments and results of steps, payloads of events, results of runs. The vocabulary is that of
 * snapshots without what belongs to a run: tasks, promises, closures.
 *
 * The text is the value itself when it has no identity (`"10.0.0.1"`, `12`, `[]` for undefined), else `[names, nodes, own?]`
 * with the value as node 0.
 *
 * Most arguments and results are a few texts and numbers. Those are written and read without a table of nodes: the same
 * text, at a tenth of the cost.
 */
import { ColdframeError } from "../errors.ts";
import { damaged, parse } from "./format.ts";
import { valueKinds } from "./kinds/index.ts";
import { writeBare } from "./kinds/primitives.ts";
import { within } from "./payload.ts";
import { readDocument } from "./reader.ts";
import { refusal } from "./refusal.ts";
import { defaultRegistrations, type Registrations } from "./superjson.ts";
import { Writer, type WriterOptions } from "./writer.ts";

const DEFAULTS: WriterOptions = {};

/** No limit is less, so that most texts need not be looked at. */
export const LEAST_LIMIT = 1024;

/**
 * @param what what it is, for the error: `the result of step "charge"`
 * @returns JSON text
 * @throws ColdframeError CF2101 with the path of everything that cannot be saved, CF2104 when it takes more than `limit`
 */
export function encodeValue(value: unknown, options: WriterOptions = DEFAULTS, what?: string): string {
  const bare = writeBare(value);
  if (bare !== undefined) return bare.length < LEAST_LIMIT ? bare : within(bare, options.limit, what);
  let out = new Writer(valueKinds, null, options.superjson ?? defaultRegistrations, options.isProxy);
  let text = out.document(value);
  if (out.needsOrder) {
    out = new Writer(valueKinds, null, options.superjson ?? defaultRegistrations, options.isProxy, out);
    text = out.document(value);
  }
  if (out.refusals.length > 0) throw new ColdframeError("CF2101", refusal(out, what));
  return within(text, options.limit, what);
}

/**
 * The same text as `encodeValue(list)`.
 * @param list made by the caller: a plain array that nobody else has seen, as the arguments of a call are
 */
export function encodeList(
  list: readonly unknown[],
  options: WriterOptions = DEFAULTS,
  what?: string,
): string {
  let text = "";
  for (let i = 0; i < list.length; i++) {
    const bare = writeBare(list[i]);
    if (bare === undefined) return encodeValue(list, options, what);
    text += i === 0 ? bare : `,${bare}`;
  }
  return within(`[[],[[[${text}]]]]`, options.limit, what);
}

/**
 * A fresh copy of an encoded value.
 * @throws ColdframeError CF2102 when the text is damaged, CF2103 when it names what is not loaded
 */
export function decodeValue(text: string, options: { readonly superjson?: Registrations } = {}): unknown {
  const list = plainList(text);
  if (list !== undefined) return list;
  const raw = parse(text);
  if (typeof raw !== "object" || raw === null) return raw;
  try {
    return readDocument(valueKinds, null, options.superjson ?? defaultRegistrations, undefined, raw);
  } catch (error) {
    throw error instanceof ColdframeError
      ? error
      : damaged(error instanceof Error ? error.message : "unreadable", error);
  }
}

const BEFORE_LIST = "[[],[[";
const AFTER_LIST = "]]]";

/** The array of `[[],[[array]]]` when it holds nothing that has to be resolved: the parsed one is the copy. */
function plainList(text: string): unknown[] | undefined {
  const from = BEFORE_LIST.length;
  if (!text.startsWith(BEFORE_LIST) || text.charCodeAt(from) !== 91 || !text.endsWith(AFTER_LIST))
    return undefined;
  // Another bracket or brace may begin a value that stands for something else, or be a part of a text.
  if (text.indexOf("[", from + 1) >= 0 || text.indexOf("{", from + 1) >= 0) return undefined;
  const list = parse(text.slice(from, -AFTER_LIST.length));
  return Array.isArray(list) ? list : undefined;
}
