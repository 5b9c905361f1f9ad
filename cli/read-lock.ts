/** The types of locals in `coldframe.lock.json`, for edits. */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Lock } from "../abi/index.ts";
import { ColdframeError } from "../runtime/errors.ts";

export const LOCK = "coldframe.lock.json";

/**
 * @param named undefined: the usual one, if it is there
 * @throws ColdframeError CF3203, CF3301
 */
export function readLock(cwd: string, named: string | undefined): Pick<Lock, "codes"> | undefined {
  const file = resolve(cwd, named ?? LOCK);
  if (!existsSync(file)) {
    if (named === undefined) return undefined;
    throw new ColdframeError("CF3203", `there is no lock file "${file}"`);
  }
  let lock: unknown;
  try {
    lock = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new ColdframeError("CF3301", `"${file}": ${(error as Error).message}`);
  }
  if (typeof (lock as Lock | null)?.codes === "object") return lock as Lock;
  throw new ColdframeError("CF3301", `"${file}" has no "codes". Make it with coldframe release`);
}
