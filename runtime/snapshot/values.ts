/**
 * Values outside of runs: arguments and results of steps, payloads of events, results of runs. The vocabulary is that of
 * snapshots without what belongs to a run: tasks, promises, closures.
 *
 * The text is the value itself when it has no identity (`"10.0.0.1"`, `12`, `[]` for undefined), else `[names, nodes, own?]`
 * with the value as node 0.
 */
import { ColdframeError } from "../errors.ts";
import { guarded, parse } from "./format.ts";
import { valueKinds } from "./kinds/index.ts";
import { readDocument } from "./reader.ts";
import { refusal } from "./refusal.ts";
import { defaultRegistrations, type Registrations } from "./superjson.ts";
import { Writer, type WriterOptions } from "./writer.ts";

/**
 * @returns JSON text
 * @throws ColdframeError CF2101 with the path of everything that cannot be saved
 */
export function encodeValue(value: unknown, options: WriterOptions = {}): string {
  const out = new Writer(valueKinds, null, options.superjson ?? defaultRegistrations, options.isProxy);
  const text = out.document(value);
  if (out.refusals.length > 0) throw new ColdframeError("CF2101", refusal(out));
  return text;
}

/**
 * A fresh copy of an encoded value.
 * @throws ColdframeError CF2102 when the text is damaged, CF2103 when it names what is not loaded
 */
export function decodeValue(text: string, options: { readonly superjson?: Registrations } = {}): unknown {
  return guarded(() =>
    readDocument(valueKinds, null, options.superjson ?? defaultRegistrations, undefined, parse(text)),
  );
}
