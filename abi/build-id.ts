/** What a build is called: by compiler and runtime alike, so that a worker and a manifest name the same one. */
import { sha256 } from "./sha256.ts";

/** A marked module, and the hash that it is registered with. */
export interface ModuleHash {
  readonly id: string;
  readonly hash: string;
}

/** Id of the build that consists of these modules, in whatever order: 12 hexadecimal digits. */
export function buildIdOf(modules: Iterable<ModuleHash>): string {
  const lines = [...modules].map(({ id, hash }) => `${id} ${hash}\n`).sort();
  return sha256(lines.join("")).slice(0, 12);
}
