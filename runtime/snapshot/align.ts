/**
 * Which suspend point of loaded code carries on a saved task (contract §6).
 *
 * | the code's hash | the point |
 * |---|---|
 * | is equal | is the one of that name |
 * | differs, but names and fingerprints of all points are the same in the same order | is the one at the same place |
 * | differs, and the point's fingerprint occurs once in the old list and once in the new | is that one |
 * | anything else | none: CF2103. Never by position or name alone |
 */
import type { Code, Point } from "../../abi/index.ts";
import { ColdframeError } from "../errors.ts";
import { codeOf } from "../machine/index.ts";
import { broken } from "./kind.ts";
import { splitName } from "./names.ts";
import { type PointPlan, planOf } from "./point-plan.ts";
import type { PointRecord, PointsOf } from "./points.ts";

export interface Resolved {
  readonly code: Code;
  readonly ip: number;
  readonly point: Point;
  readonly plan: PointPlan;
  /** The slots in the order in which the snapshot holds them. */
  readonly saved: readonly string[];
  /** True: they are those of the plan, in its order, and mean the same. */
  readonly exact: boolean;
  /** The points of the code that wrote the snapshot, when it is other code than this. */
  readonly old: readonly PointRecord[];
}

const MAX_CACHED = 10_000;
const cache = new Map<string, Resolved>();

/**
 * @param name entry of the name table: `id hash @point slot…`
 * @param points the old list of points for a hash that is not loaded any more
 * @throws ColdframeError CF2103 when this build cannot carry it on
 */
export function resolvePoint(name: string, points: PointsOf | undefined): Resolved {
  const known = cache.get(name);
  if (known !== undefined && codeOf(known.code.id) === known.code) return known;
  const [id, hash, at, ...saved] = splitName(name);
  if (id === undefined || hash === undefined || at === undefined || !at.startsWith("@"))
    return broken("a name of no point");
  const code = codeOf(id);
  if (code === undefined) {
    throw blocked(
      `no loaded code is called ${id}. Load the module that has it; if it was renamed or deleted, map it in a migration`,
    );
  }
  const resolved = resolveIn(code, hash, at.slice(1), saved, points);
  if (code.hash === hash) {
    if (cache.size >= MAX_CACHED) cache.clear();
    cache.set(name, resolved);
  }
  return resolved;
}

function resolveIn(
  code: Code,
  hash: string,
  name: string,
  saved: readonly string[],
  points: PointsOf | undefined,
): Resolved {
  const ip = code.hash === hash ? indexOf(code.points, name) : align(code, hash, name, points);
  const point = code.points[ip];
  if (point === undefined || ip < 1) {
    throw blocked(`${code.id} (${code.file}:${code.line}) has no suspend point "${name}"`);
  }
  const plan = planOf(code, ip);
  if (code.step === null) {
    throw blocked(`${code.id} cannot be suspended any more`);
  }
  const exact = plan.slots.length === saved.length && plan.slots.every((slot, i) => slot === saved[i]);
  if (!exact && code.hash === hash) {
    throw blocked(
      `${code.id} has other slots at "${name}" than the code of the same hash that wrote it: ${saved.join(", ")}`,
    );
  }
  const old = code.hash === hash ? [] : points!(hash, code.id)!.points;
  return { code, ip, point, plan, saved, exact: exact && code.hash === hash, old };
}

/**
 * The index of the point of `code` that corresponds to the point `name` of older code.
 * @throws ColdframeError CF2103 when there is none, or more than one might be meant
 */
export function align(code: Code, hash: string, name: string, points: PointsOf | undefined): number {
  const old = points?.(hash, code.id)?.points;
  const where = `${code.id} (${code.file}:${code.line})`;
  if (old === undefined) {
    throw blocked(
      `${where} changed while the run was parked at "${name}", and the list of points of build ${hash} is not known. Deploy the old build beside this one`,
    );
  }
  const index = old.findIndex((point) => point.name === name);
  if (index < 0) return broken(`build ${hash} has no point ${name}`);
  const now: readonly PointRecord[] = code.points.slice(1);
  const same = (point: PointRecord, i: number) =>
    point.fingerprint === now[i]!.fingerprint && point.name === now[i]!.name;
  if (old.length === now.length && old.every(same)) return index + 1;
  const { fingerprint, line } = old[index]!;
  const before = old.filter((point) => point.fingerprint === fingerprint).length;
  const after = now.filter((point) => point.fingerprint === fingerprint).length;
  if (before === 1 && after === 1) return now.findIndex((point) => point.fingerprint === fingerprint) + 1;
  if (after === 0) {
    throw blocked(
      `the await "${name}" of ${where} at which the run is parked (line ${line} of the old source) was changed or removed. Map it in a migration, or deploy the old build beside this one`,
    );
  }
  throw blocked(
    `ambiguous: "${name}" of ${where}, at which the run is parked, is one of ${before} equal awaits in the old source and of ${after} in the new. Map it in a migration, or deploy the old build beside this one`,
  );
}

function indexOf(points: readonly (Point | null)[], name: string): number {
  for (let i = 1; i < points.length; i++) if (points[i]!.name === name) return i;
  return -1;
}

function blocked(detail: string): ColdframeError {
  return new ColdframeError("CF2103", detail);
}
