/** Text to a run. The run is either rebuilt completely, or an error says why not and nothing of it is left in the run. */
import { Durable, enqueue, machine, type Reaction, type Run, ThenableJob } from "../machine/index.ts";
import type { ChunkBody } from "./chunk.ts";
import { guarded, unseal } from "./format.ts";
import { Interrupted } from "./interrupted.ts";
import { broken, integer, list } from "./kind.ts";
import { runKinds } from "./kinds/index.ts";
import { readReaction } from "./kinds/promises.ts";
import type { VersionsOf } from "./migrations.ts";
import type { PointsOf } from "./points.ts";
import { quietErrors, restoreErrors } from "./quiet-errors.ts";
import { Reader } from "./reader.ts";
import { defaultRegistrations, type Registrations } from "./superjson.ts";

export interface DecodeOptions {
  /** The list of points of code that is not loaded any more, as `codeRecord` wrote and `parsePoints` read it. Needed to go on under changed code. */
  readonly points?: PointsOf;
  /** All that is known of the versions of a function, by its id. Needed for migrations that do not say from which version they are. */
  readonly versions?: VersionsOf;
  /** The chunks that the snapshot refers to: `RunSnapshot.chunks.bodies` of the encoder, or what the store kept. */
  readonly chunks?: ReadonlyMap<string, ChunkBody>;
  /** The superjson instance whose registrations hold. Default: the one that `superjson.registerClass(…)` uses. */
  readonly superjson?: Registrations;
}

/** How much of a run was saved by other code than the loaded one. */
export interface Carried {
  /** Frames that were found again in changed code. */
  readonly aligned: number;
  /** Frames, closures and instances that went through migrations. */
  readonly migrated: number;
}

/**
 * Rebuilds what `encodeRun` saved in a fresh run: root, waits, counters, unhandled rejections. When the queue is not empty
 * afterwards (native promises were pending, or it was saved between two jobs), drain the run.
 * @param run new, with the host it is to have
 * @returns what was carried over from other code
 * @throws ColdframeError CF2102 when the text is damaged, CF2103 when this build cannot carry it on, CF24xx when that is up to migrations
 */
export function decodeRun(text: string, run: Run, options: DecodeOptions = {}): Carried {
  const outer = machine.run;
  const limit = quietErrors();
  // Factories of closures stamp them for the current run.
  machine.run = run;
  try {
    return guarded(() => read(unseal(text), run, options));
  } catch (error) {
    run.root = null;
    run.waits.clear();
    run.rejections.clear();
    run.jobs.length = run.head = run.tail = 0;
    throw error;
  } finally {
    machine.run = outer;
    restoreErrors(limit);
  }
}

function read(parts: readonly unknown[], run: Run, options: DecodeOptions): Carried {
  run.nextId = integer(parts[0], Number.MAX_SAFE_INTEGER);
  run.swallowed = parts.length > 5 ? integer(parts[5], Number.MAX_SAFE_INTEGER) : 0;
  const reader = new Reader(
    runKinds,
    run,
    options.superjson ?? defaultRegistrations,
    options.points,
    parts.slice(1, 4),
    options.chunks,
    options.versions,
  );
  reader.read();
  const root = reader.node(0, []);
  run.root = root instanceof Durable ? root : broken("the root is no task");
  for (const job of parts.length > 4 ? list(parts[4]) : []) readJob(list(job), run, reader);
  return reader.carried;
}

function readJob(job: readonly unknown[], run: Run, reader: Reader): void {
  const found = reader.node(job[0], []);
  const reaction: Reaction | ThenableJob =
    found instanceof ThenableJob ? found : readReaction(job[0], reader);
  if (job.length === 1) {
    enqueue(run, reaction, new Interrupted(), true);
    return;
  }
  enqueue(run, reaction, reader.value(job[1]), job[2] === 1);
}
