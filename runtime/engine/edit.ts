/**
 * Other values for locals of a run that stands still. The run's code is not needed: its last snapshot is changed as data. Closures that
 * share a variable see the new value, since it stands once, in the scope record of all of them.
 */
import type { Lock } from "../../abi/index.ts";
import { ColdframeError } from "../errors.ts";
import { type SavedLocal, savedLocals, withValues } from "../snapshot/index.ts";
import type { Clock } from "./clock.ts";
import { detailOf } from "./fork.ts";
import { hasEnded } from "./parks.ts";
import { plainData } from "./plain-data.ts";
import type { RunDetail, Store } from "./store.ts";
import { TurnRecord } from "./turn-record.ts";
import { misfit } from "./type-text.ts";

export interface EditRequest {
  readonly id: string;
  readonly locals: Readonly<Record<string, unknown>>;
  /** Name of the function whose locals are meant, or undefined: that of the only one which has them. */
  readonly of: string | undefined;
  /** Types of locals, by the versions of functions. */
  readonly lock: Pick<Lock, "codes"> | undefined;
  readonly by: string;
}

/** Looks at a run that is about to be given back by its worker: so often, with so long a pause in ms. */
const LOOKS = 40;
const PAUSE = 50;

/** @returns number of the turn it makes. @throws ColdframeError CF3101, CF3122, CF3123, CF3124 */
export async function editRun(store: Store, clock: Clock, request: EditRequest): Promise<number> {
  const { id } = request;
  for (let seen: number | null = null; ; ) {
    const run = await stillRun(store, clock, id);
    // A worker that looks at a run whose step is held leaves it as it is: what was seen is still there.
    if (seen !== null && run.turn !== seen) break;
    const turn = turnOf(run, request);
    const detail = JSON.stringify({ locals: Object.keys(request.locals) });
    if (await store.overrule({ turn, line: { what: "edit", by: request.by, detail }, cancel: null }))
      return turn.turn;
    seen = run.turn;
  }
  throw new ColdframeError(
    "CF3122",
    `"${id}" went on while it was edited. Nothing was changed; suspend it first`,
  );
}

async function stillRun(store: Store, clock: Clock, id: string): Promise<RunDetail> {
  let run = await detailOf(store, id);
  for (let looks = 0; run.status === "suspended" && run.worker !== null && looks < LOOKS; looks++) {
    await new Promise<void>((resolve) => void clock.setTimeout(resolve, PAUSE));
    run = await detailOf(store, id);
  }
  checkStill(run);
  return run;
}

/** The turn that changes the locals of a run which stands still. */
function turnOf(run: RunDetail, request: EditRequest): TurnRecord {
  const { id, epoch, history } = run;
  const snapshot = run.snapshot!;
  const known = savedLocals(snapshot);
  const placed = Object.entries(request.locals).map(([name, value]) => {
    const { node, element, code, hash } = found(name, known, request);
    plainData(value, name);
    const type = request.lock?.codes[`${code}@${hash}`]?.types?.[name];
    const problem = type === undefined ? null : misfit(value, type);
    if (problem !== null)
      throw new ColdframeError(
        "CF3124",
        `"${name}" of ${code} is of type ${type}, but ${name}${problem}. Nothing was changed`,
      );
    return { node, element, value };
  });
  const turn = new TurnRecord({ id, epoch, turn: run.turn, news: 0, history }, "");
  turn.snapshot = withValues(snapshot, placed);
  turn.waits = JSON.stringify(run.waits);
  turn.due = 0;
  return turn;
}

/** An edit of what goes on meanwhile would meet another state than the person saw. */
function checkStill(run: RunDetail): void {
  const { id, status, attempts, snapshot } = run;
  if (hasEnded(run))
    throw new ColdframeError("CF3122", `"${id}" has ended. Fork it and edit the fork: coldframe fork ${id}`);
  const isHeld = attempts.some(({ due }) => due === null);
  if (status === "active" && !isHeld)
    throw new ColdframeError(
      "CF3122",
      `"${id}" may go on at any time. Suspend it, edit it, then resume it: coldframe suspend ${id}`,
    );
  if (status !== "active" && run.worker !== null)
    throw new ColdframeError(
      "CF3122",
      `"${id}" is still with its worker, until its steps in flight have ended. Try again then`,
    );
  if (snapshot === null)
    throw new ColdframeError(
      "CF3122",
      `"${id}" has not begun, so it has no locals. Start another run instead`,
    );
}

function found(name: string, known: readonly SavedLocal[], { id, of }: EditRequest): SavedLocal {
  const isMeant = ({ code }: SavedLocal) => of === undefined || code === of || code.endsWith(`#${of}`);
  const all = known.filter((local) => local.name === name && isMeant(local));
  const places = new Set(all.map(({ node, element }) => `${node} ${element}`));
  if (places.size === 1) return all[0]!;
  if (places.size === 0) {
    const names = [...new Set(known.filter(isMeant).map((local) => local.name))].map((one) => `"${one}"`);
    throw new ColdframeError(
      "CF3123",
      `"${id}" has no "${name}" that is needed any more${of === undefined ? "" : ` in ${of}`}. It has ${names.join(", ") || "none"}`,
    );
  }
  const functions = [...new Set(all.map(({ code }) => code.slice(code.indexOf("#") + 1)))];
  throw new ColdframeError(
    "CF3123",
    functions.length > 1
      ? `"${name}" is a local of ${functions.join(" and ")}. Say which is meant, with { of: "${functions[0]}" } or --of ${functions[0]}`
      : `"${name}" is there ${places.size} times, since ${functions[0]} waits in several calls. It cannot be said which is meant`,
  );
}
