/**
 * Which database an id or a key belongs to. The list of databases is fixed when it is first used, so the answer never changes:
 * there is nothing to look up, and nothing moves. More machines are had by moving whole databases (docs/scaling.md).
 */
import { type NewEvent, runOfKey } from "../../runtime/engine/store.ts";

export class Routing {
  readonly count: number;

  /** @param count of databases */
  constructor(count: number) {
    this.count = count;
  }

  /** Where a run, a lock, a rate or a schedule is at home. */
  of(name: string): number {
    return hash(this.part(name)) % this.count;
  }

  /** What says where a name is at home. */
  protected part(name: string): string {
    return partThatRoutes(name);
  }

  /** Where events of a key are matched with those who wait: keys that a run has made are at home with it. */
  ofKey(key: string): number {
    return this.of(runOfKey(key) ?? key);
  }

  ofEvent({ key, run }: Pick<NewEvent, "key" | "run">): number {
    return this.of(run ?? key);
  }
}

/**
 * The part of an id or key that says where it is at home:
 *
 * | written                               | routes by  | so that                                                  |
 * |---------------------------------------|------------|----------------------------------------------------------|
 * | `order {42} paid`                     | `42`       | users put together what belongs together                 |
 * | `a/3`, `a/3/1`                        | `a`        | children are where the run is that started them          |
 * | `nightly@2026-01-01T00:00:00.000Z`    | `nightly`  | the runs of a schedule are where the schedule is         |
 * | `schedule nightly`, `channel log`     | `nightly`, `log` | so are their locks                                 |
 * | anything else                         | all of it  |                                                          |
 */
export function partThatRoutes(name: string): string {
  const tag = /\{([^{}]+)\}/.exec(name)?.[1];
  if (tag !== undefined) return tag;
  const bare = name
    .replace(/^((schedule|channel) )+(?=.)/, "")
    .replace(/(?<=.)(\/\d+|@\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)+$/, "");
  return bare;
}

/** FNV-1a over UTF-16 units, then the finalizer of MurmurHash3, which spreads ids that differ in their last letters only. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
