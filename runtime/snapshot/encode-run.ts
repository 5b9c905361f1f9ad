/**
 * A whole run to text. Roots are its root task, the jobs in its queue, what waits for native promises, and those external
 * waits that something can observe; everything else is garbage and is not saved.
 */
import type { Code } from "../../abi/index.ts";
import { ColdframeError } from "../errors.ts";
import type { Durable, Run, Wait } from "../machine/index.ts";
import type { ChunkSet } from "./chunk.ts";
import { seal } from "./format.ts";
import { runKinds } from "./kinds/index.ts";
import { isObserved } from "./kinds/promises.ts";
import { withinRun } from "./payload.ts";
import { refusal } from "./refusal.ts";
import { defaultRegistrations } from "./superjson.ts";
import { Writer, type WriterOptions } from "./writer.ts";

export interface RunSnapshot {
  /** One JSON array, see `docs/snapshot-format.md`. Equal state gives equal text. */
  readonly text: string;
  /** The external waits in it, in the order of their nodes; `at` filled in where the machine left it empty. */
  readonly waits: readonly Wait[];
  /** Pending external waits that nothing can observe any more. They are not in the text: cancel them. */
  readonly dropped: readonly Wait[];
  /** Rejected promises that nobody has handled, and nothing in the snapshot can reach. */
  readonly lost: readonly Durable[];
  /** Large values that the text refers to. The store has to keep them beside it. */
  readonly chunks: ChunkSet;
  /** Code whose list of points the store has to keep (`codeRecord`). */
  readonly codes: readonly Code[];
}

export interface EncodeOptions extends WriterOptions {
  /** What the last snapshot of this run referred to; `NO_CHUNKS` at the first. Undefined: large values stand in the text. */
  readonly chunks?: ChunkSet;
}

/**
 * Saves a run as it stands between two jobs. Changes nothing but native Map and Set iterators of half-done loops, which it
 * replaces by equal ones.
 * @throws ColdframeError CF2101 naming all values that cannot be saved, CF2104 when it takes more than `limit`
 */
export function encodeRun(run: Run, options: EncodeOptions = {}): RunSnapshot {
  if (run.root === null) throw new TypeError("a run without root task cannot be saved");
  let out = writerOf(run, options, null);
  let saved = write(run, out);
  if (out.needsOrder) {
    out = writerOf(run, options, out);
    saved = write(run, out);
  }
  const snapshot = saved();
  withinRun(snapshot.text, options.limit, out);
  return snapshot;
}

function writerOf(run: Run, options: EncodeOptions, first: Writer | null): Writer {
  const { superjson = defaultRegistrations, isProxy, chunks = null } = options;
  return new Writer(runKinds, run, superjson, isProxy, first, chunks);
}

/** @returns what makes the text, when it is certain that this is the writer to take it from */
function write(run: Run, out: Writer): () => RunSnapshot {
  out.index(run.root);
  const more = run.head < run.tail || run.natives.size > 0 || run.swallowed > 0 ? writeQueue(run, out) : "";
  out.drain();
  const dropped = run.waits.size > 0 ? addWaits(run, out) : NONE;
  out.finish();
  return () => finish(run, out, more, dropped);
}

function finish(run: Run, out: Writer, more: string, dropped: readonly Wait[]): RunSnapshot {
  if (out.refusals.length > 0) throw new ColdframeError("CF2101", refusal(out));
  // The queue stands behind the own table, which is then not left out.
  const own = more !== "" && out.hasNoOwn ? ",[]" : "";
  const text = seal(...out.parts(`${run.nextId},`, `${own}${more}]`));
  const lost = run.rejections.size === 0 ? NONE : [...run.rejections].filter((promise) => !out.has(promise));
  return {
    text,
    waits: out.waits,
    dropped,
    lost,
    chunks: out.chunkSet,
    codes: out.codes,
  };
}

/** `,queue`: jobs as `[reaction, value, threw]`, and those of native promises as `[reaction]`: they reject with Interrupted. Perhaps `,swallowed`. */
function writeQueue(run: Run, out: Writer): string {
  const jobs: string[] = [];
  for (let i = run.head; i < run.tail; i += 3) {
    const [job, value, threw] = run.jobs.slice(i, i + 3);
    jobs.push(`[${out.index(job)},${out.value(value)},${threw ? 1 : 0}]`);
  }
  for (const { reaction } of run.natives) jobs.push(`[${out.index(reaction)}]`);
  return `,[${jobs.join(",")}]${run.swallowed > 0 ? `,${run.swallowed}` : ""}`;
}

/** Adds the waits that something can observe. One may be observed only because of another: until nothing changes. */
function addWaits(run: Run, out: Writer): readonly Wait[] {
  const isKnown = (object: object) => out.has(object);
  let rest: Durable[] = [];
  for (const promise of run.waits.values()) if (!addWait(promise, isKnown, out)) rest.push(promise);
  if (rest.length === 0) return NONE;
  for (let before = -1; before !== rest.length; ) {
    before = rest.length;
    rest = rest.filter((promise) => !addWait(promise, isKnown, out));
  }
  return rest.map((promise) => promise.wait!);
}

/** @returns whether it is in the snapshot now */
function addWait(promise: Durable, isKnown: (object: object) => boolean, out: Writer): boolean {
  if (out.has(promise)) return true;
  if (!isObserved(promise, isKnown)) return false;
  out.index(promise);
  out.drain();
  return true;
}

const NONE: readonly never[] = [];
