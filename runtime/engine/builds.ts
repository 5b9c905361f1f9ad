/**
 * The builds that a worker carries runs on in: the code that the process was started with, and kept builds, whose code is loaded
 * when the first run needs it. Which of them takes a run is up to its policy (upgrade.ts).
 */
import { buildIdOf, type ModuleHash } from "../../abi/index.ts";
import { ColdframeError } from "../errors.ts";
import { isOurs, type Loaded, registry } from "../machine/index.ts";
import type { KeptBuild, Settings } from "./ports.ts";
import type { RunBuild } from "./store.ts";
import { policyOf } from "./upgrade.ts";

/** The code of a run: that of a kept build, or null, that of the process. */
export type RunCode = Loaded | null;

/** A code that may carry a run on: the id of a kept build, or null, the code of the process. */
export type Way = string | null;

export class Builds {
  readonly #settings: Pick<Settings, "store" | "builds" | "upgrade">;
  readonly #kept = new Map<string, KeptBuild>();
  readonly #loaded = new Map<string, Loaded>();
  /** All of whose modules are loaded in this process as they were in those. */
  #covered: readonly string[] = [];
  #own = "";
  /** As of when `#own` is. */
  #changes = -1;
  /** As of when the store knows of it. */
  #announced = -1;

  constructor(settings: Pick<Settings, "store" | "builds" | "upgrade">) {
    this.#settings = settings;
  }

  /** Id of the code that the process was started with, of all that is loaded by now. */
  get own(): string {
    if (this.#changes !== registry.changes) {
      this.#own = buildIdOf(authors());
      this.#changes = registry.changes;
    }
    return this.#own;
  }

  /** All that this worker carries on, its own first. */
  get held(): readonly string[] {
    return [this.own, ...this.#covered, ...this.#kept.keys()];
  }

  /** Whether something was loaded since the store was told. */
  get isNew(): boolean {
    return this.#announced !== registry.changes;
  }

  /** Tells the store what this worker has, and reads what others have had. */
  async announce(): Promise<void> {
    const { store, builds } = this.#settings;
    if (this.#announced < 0 && builds !== null)
      for (const kept of await builds.list()) this.#kept.set(kept.id, kept);
    if (this.isNew) {
      const changes = registry.changes;
      const all = [{ id: this.own, modules: authors() }, ...this.#kept.values()];
      await store.announce(
        all.map(({ id, modules }) => ({
          id,
          body: JSON.stringify(modules.map((module) => [module.id, module.hash])),
        })),
      );
      this.#announced = changes;
    }
    const covered: string[] = [];
    for (const { id, body } of await store.read.builds()) {
      if (id === this.own || !isCovered(body)) continue;
      covered.push(id);
      this.#kept.delete(id);
    }
    this.#covered = covered;
    this.#kept.delete(this.own);
  }

  /** Whether the code of the process does for this build. */
  isOwn(build: string): boolean {
    return build === this.own || this.#covered.includes(build);
  }

  /** What may carry a run on, best first. Empty: nothing that this worker has. */
  ways({ entry, build, bound }: RunBuild & { readonly entry: string }): readonly Way[] {
    if (build === null || this.isOwn(build)) return OWN;
    if (bound === build) return this.#kept.has(build) ? [build] : NONE;
    if (!this.#kept.has(build)) return OWN;
    return policyOf(entry, null, this.#settings.upgrade) === "newest" ? OWN : [null, build];
  }

  /** The code of a way, when it is loaded. */
  codeOf(way: Way): RunCode | undefined {
    return way === null ? null : this.#loaded.get(way);
  }

  /** @throws ColdframeError CF3501, CF3502 */
  async load(way: Way): Promise<RunCode> {
    if (way === null) return null;
    const code = await this.#settings.builds!.load(way);
    this.#loaded.set(way, code);
    return code;
  }

  /** What is to be recorded of a run that goes on in `code`; null: that is what is known of it. */
  change({ entry, code, build, bound }: Carried): RunBuild | null {
    const id = code === null ? this.own : code.build!;
    const stays = policyOf(entry, code, this.#settings.upgrade) === "pinned" ? id : null;
    return id === build && stays === bound ? null : { build: id, bound: stays };
  }
}

/** A run, and the code that it is in. */
export interface Carried extends RunBuild {
  readonly entry: string;
  readonly code: RunCode;
}

const OWN: readonly Way[] = [null];
const NONE: readonly never[] = [];

/** CF2404: it is to stay with a build that is not here. */
export function heldNowhere(build: string): ColdframeError {
  return new ColdframeError(
    "CF2404",
    `it stays with the build ${build} that ran it last, and no worker holds that. Start one with that code, or with a kept copy of it (docs/builds.md)`,
  );
}

function authors(): readonly ModuleHash[] {
  return [...registry.modules.values()].filter(({ id }) => !isOurs(id));
}

/** @param body of a record in the store */
function isCovered(body: string): boolean {
  const modules = JSON.parse(body) as readonly (readonly [id: string, hash: string])[];
  return modules.length > 0 && modules.every(([id, hash]) => registry.modules.get(id)?.hash === hash);
}
