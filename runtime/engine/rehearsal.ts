/**
 * Rehearsals: what the loaded code would do with runs that are parked in a store. Each snapshot is decoded as a worker would,
 * migrations included, and thrown away. Nothing is written, no step is called.
 */
import { ColdframeError } from "../errors.ts";
import { type Host, inCode, Run } from "../machine/index.ts";
import { type Carried, chunkSetOf, decodeValue, describe } from "../snapshot/index.ts";
import type { RunCode } from "./builds.ts";
import { carryOn } from "./carry-on.ts";
import { CodeRecords } from "./code-records.ts";
import { findEntry } from "./entry.ts";
import { findStep } from "./step.ts";
import type { RunDetail, RunStatus, Store, WaitInfo } from "./store.ts";

export interface Rehearsal {
  readonly run: string;
  /** `module#name` of the started function. */
  readonly entry: string;
  readonly status: RunStatus;
  /** Where it is parked: `file:line` of each wait. */
  readonly at: readonly string[];
  /** The suspend points of its tasks, and of generators that it holds: ids and hashes of functions as they were then, names of points. */
  readonly tasks: readonly { readonly code: string; readonly hash: string; readonly point: string }[];
  /** Ids of the steps that it waits for. */
  readonly steps: readonly string[];
  /**
   * `same`: by the code that it was parked in, or it has not begun. `goes on`: by code that was changed. `migrated`: by a
   * migration. `blocked`: not by what is loaded.
   */
  readonly outcome: "same" | "goes on" | "migrated" | "blocked";
  /** Why it would be blocked, with the code of the error; null. */
  readonly reason: string | null;
}

const PAGE = 200;

/**
 * Tries all parked runs of a store under the code that is loaded.
 * @param store opened and migrated; nothing is written to it
 */
export async function* rehearse(store: Store): AsyncGenerator<Rehearsal> {
  const codes = new CodeRecords();
  await codes.load(store);
  for (const status of ["active", "blocked", "suspended"] as const) {
    for (let after: string | null = ""; after !== null; ) {
      const filter = { status, limit: PAGE, ...(after === "" ? {} : { after }) };
      const rows = await store.read.runs(filter);
      after = rows.length < PAGE ? null : rows.at(-1)!.id;
      for (const { id } of rows) {
        const detail = await store.read.run(id);
        if (detail !== null && detail.end === null) yield await rehearsed(detail, store, codes);
      }
    }
  }
}

/** Tries one run. @param code that of a kept build; null: what is loaded */
export async function rehearsed(
  detail: RunDetail,
  store: Store,
  codes: CodeRecords,
  code: RunCode = null,
): Promise<Rehearsal> {
  const { id: run, entry, status, waits } = detail;
  const at = [...new Set(waits.map((wait) => wait.at))];
  const steps = waits.filter(({ kind }) => kind === "step").map(({ name }) => name);
  let tasks: Rehearsal["tasks"] = [];
  const tell = (outcome: Rehearsal["outcome"], reason: string | null = null): Rehearsal => ({
    ...{ run, entry, status, at, tasks, steps, outcome, reason },
  });
  try {
    if (detail.snapshot !== null)
      tasks = describe(detail.snapshot, { points: codes.find, idle: true }).tasks.map(
        ({ code, hash, point }) => ({ code, hash, point }),
      );
    const carried = await decoded(detail, store, codes, code);
    const isLacking = ({ kind, name }: WaitInfo) => kind === "step" && findStep(name) === undefined;
    const lacking = inCode(code, () => waits.find(isLacking));
    if (lacking !== undefined)
      throw new ColdframeError("CF2303", `no loaded module has the step "${lacking.name}"`);
    return tell(carried.migrated > 0 ? "migrated" : carried.aligned > 0 ? "goes on" : "same");
  } catch (error) {
    return tell("blocked", error instanceof Error ? error.message : String(error));
  }
}

async function decoded(
  { id, entry, snapshot, attempts }: RunDetail,
  store: Store,
  codes: CodeRecords,
  code: RunCode,
): Promise<Carried> {
  if (snapshot !== null) {
    const { bodies } = chunkSetOf(await store.read.chunks(id));
    const { find, versions } = codes;
    const run = new Run(id, nowhere, code);
    const carried = carryOn(snapshot, run, { points: find, versions, chunks: bodies });
    // What a person has to decide about is not tried again.
    const held = new Set(attempts.filter(({ due }) => due === null).map(({ wait }) => wait));
    for (const { wait } of run.waits.values())
      if (wait?.kind === "step" && !held.has(wait.id)) inCode(code, () => decodeValue(wait.args));
    return carried;
  }
  if (inCode(code, () => findEntry(entry)) === undefined)
    throw new ColdframeError("CF2304", `no loaded module has "${entry}"`);
  return { aligned: 0, migrated: 0 };
}

/** What a run that is only looked at is in. */
const nowhere: Host = {
  codec: {},
  effect: () => {},
  callStep() {
    throw new ColdframeError("CF2403", "it called a step; a migration only computes");
  },
  onQuiescent: () => {},
  onUnhandledRejection: () => {},
  now: () => 0,
};
