/**
 * How blocked runs go on without a person. A worker that begins, or has loaded more code, rehearses those that are blocked for want of
 * fitting code, and takes over the ones that it can carry on. What it cannot it does not try again before it has other code: blocked
 * runs cost those who cannot help nothing.
 */
import { registry } from "../machine/index.ts";
import { codeOfReason } from "./blockage.ts";
import type { Builds, Way } from "./builds.ts";
import { heldNowhere } from "./builds.ts";
import type { CodeRecords } from "./code-records.ts";
import { serves } from "./placement.ts";
import type { Settings } from "./ports.ts";
import { rehearsed } from "./rehearsal.ts";
import type { RunRow } from "./store.ts";

/** Blocked runs read at one time. */
const PAGE = 200;

/** What is asked of the worker. */
export interface Helper {
  readonly id: string;
  readonly settings: Settings;
  readonly builds: Builds;
  readonly codes: CodeRecords;
  readonly closing: boolean;
  /** Tells the store and other workers what this one has. */
  announce(): Promise<void>;
}

export class Unblocking {
  readonly #worker: Helper;
  /** Runs that cannot be carried on here, with what was loaded then. */
  readonly #hopeless = new Map<string, string>();
  #looking: Promise<void> | null = null;

  constructor(worker: Helper) {
    this.#worker = worker;
  }

  /** A run could not be carried on here. */
  gaveUp(run: string): void {
    this.#hopeless.set(run, loadedNow());
  }

  forget(run: string): void {
    this.#hopeless.delete(run);
  }

  /** Looks through what is blocked, once at a time. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look()
      .catch((error) => {
        const { closing, settings } = this.#worker;
        if (!closing) settings.log({ level: "error", message: "blocked runs could not be looked at", error });
      })
      .finally(() => {
        this.#looking = null;
      });
    return this.#looking;
  }

  async #look(): Promise<void> {
    const { settings, codes } = this.#worker;
    const { store } = settings;
    await this.#worker.announce();
    await this.#strand();
    let isRead = false;
    const seen = new Set<string>();
    for (let after: string | undefined; !this.#worker.closing; ) {
      const rows = await store.read.runs({
        status: "blocked",
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
      });
      for (const row of rows) {
        seen.add(row.id);
        if (!this.#mayHelp(row)) continue;
        if (!isRead) await codes.load(store);
        isRead = true;
        if (await this.#canHelp(row)) await store.unblock(row.id, this.#worker.id);
        else this.gaveUp(row.id);
      }
      if (rows.length < PAGE) break;
      after = rows.at(-1)!.id;
    }
    for (const run of this.#hopeless.keys()) if (!seen.has(run)) this.#hopeless.delete(run);
  }

  #mayHelp({ id, entry, group, blocked, build }: RunRow): boolean {
    if (blocked === null || blocked.needs === null || this.#hopeless.get(id) === loadedNow()) return false;
    // The same code would come to the same value again.
    if (codeOfReason(blocked.reason) === "CF2101" && build !== null && this.#worker.builds.isOwn(build))
      return false;
    return serves(this.#worker.settings, group, entry);
  }

  async #canHelp(row: RunRow): Promise<boolean> {
    const { settings, builds, codes } = this.#worker;
    const detail = await settings.store.read.run(row.id);
    if (detail?.status !== "blocked") return false;
    for (const way of builds.ways(detail)) {
      const code = await this.#codeOf(way);
      if (code === undefined) continue;
      if ((await rehearsed(detail, settings.store, codes, code)).outcome !== "blocked") return true;
    }
    return false;
  }

  /** Undefined: the copy cannot be loaded, of which is told when a run is to be carried on in it. */
  async #codeOf(way: Way) {
    try {
      return await this.#worker.builds.load(way);
    } catch {
      return undefined;
    }
  }

  /** Runs that are to stay with a build which nobody holds any more. */
  async #strand(): Promise<void> {
    const { id: worker, settings } = this.#worker;
    const { store, facts, clock, log } = settings;
    const { message } = heldNowhere("{build}");
    for (const { id: run, entry, turn, build } of await store.strand(message)) {
      const reason = heldNowhere(build).message;
      log({ level: "warn", message: `blocked: ${reason}`, run });
      const fact = { time: clock.now(), run, entry, worker, turn, at: "" };
      if (facts.wanted) facts.tell({ ...fact, kind: "blocked", reason, code: "CF2404", build });
    }
  }
}

/** Another text when code was loaded, or what carries old runs over to it. */
function loadedNow(): string {
  const { changes, steps, codes, renames, migrations } = registry;
  let all = renames.size;
  for (const { length } of migrations.values()) all += length;
  return `${changes} ${steps.size} ${codes.size} ${all}`;
}
