/** Why a run is blocked, taken apart for people and dashboards: the code, what is missing, which build last ran it, what helps. */
import type { Blocked } from "./store.ts";

export interface Blockage {
  /** Code of the error, as `CF2103`; empty when there is none. */
  readonly code: string;
  /** The function or step that a worker must have loaded, or null. */
  readonly needs: string | null;
  /** Id of the build that ran it last, or null. */
  readonly build: string | null;
  /** What last ran it: `module#path@hash` of each of its functions that wait, once. */
  readonly builds: readonly string[];
  /** What lets it go on. */
  readonly remedy: string;
}

/** Why what is saved of a run cannot be carried on here, for people. The run stays exactly as it is. */
export function blockedBy(error: unknown, entry: string): Blocked {
  const reason = error instanceof Error ? error.message : String(error);
  return { reason, needs: entry };
}

/** What helps, by the code of the error. All of the first sort happens without a person once the code is there. */
const remedies: Readonly<Record<string, string>> = {
  CF2101: "a worker with code that keeps this value out of the frame, or that registers it",
  CF2103: "a worker with the build that last ran it, or with a migration (docs/changes.md)",
  CF2303: "a worker that has loaded the module of the step",
  CF2304: "a worker that has loaded the module of the function",
  CF2305: "nothing from outside: cancel it, or deploy a migration",
  CF2308: "coldframe unblock, once what it does to its workers was mended",
  CF2401: "a worker whose migrations and renames say which is meant (docs/changes.md)",
  CF2402: "a worker with a migration to a suspend point that there is (docs/changes.md)",
  CF2403: "a worker with a mended migration, or with the build that last ran it (docs/changes.md)",
  CF2404: "a worker with the build that last ran it, or with a kept copy of it (docs/builds.md)",
};

/** @param frames all that wait */
export function blockageOf(
  { reason, needs }: Blocked,
  build: string | null,
  frames: readonly { readonly code: string; readonly hash: string }[],
): Blockage {
  const code = codeOfReason(reason);
  return {
    code,
    needs,
    build,
    builds: [...new Set(frames.map(({ code: id, hash }) => `${id}@${hash}`))],
    remedy: remedies[code] ?? "what the reason says, then coldframe unblock",
  };
}

/** Whether other code might carry it on. */
export function isOfCode({ reason }: Blocked): boolean {
  return /^CF(2103|230[34]|240[1-4])$/.test(codeOfReason(reason));
}

/** `CF2103` of the text of an error; empty when it does not begin with a code. */
export function codeOfReason(reason: string): string {
  return /^CF\d{4}\b/.exec(reason)?.[0] ?? "";
}
