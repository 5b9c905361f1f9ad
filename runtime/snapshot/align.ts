/**
 * Which suspend point of loaded code carries on a saved task (contract §6).
 *
 * | the code's hash | the point |
 * |---|---|
 * | is equal | is the one of that name |
 * | differs, but names and fingerprints of all points are the same in the same order | is the one at the same place |
 * | differs, and the point's fingerprint occurs once in the old list and once in the new | is that one, if no other await has changed sides with it |
 * | anything else | none: CF2103. Never by position or name alone |
 *
 * Which code that is, is clear where no other has its author's name. Of several, it is the one of the same text (`namesakes.ts`), or when
 * that was edited, the only one that has an await with this fingerprint, if only one had before.
 */
import type { Code, Point } from "../../abi/index.ts";
import { ColdframeError } from "../errors.ts";
import { codeOf, registry } from "../machine/index.ts";
import { broken } from "./kind.ts";
import { type Chain, chainOf, noPoint, type VersionsOf } from "./migrations.ts";
import { splitPoint } from "./names.ts";
import { type Among, amongOf, hasAwait, hasNamesake, namesakesOf, sameText } from "./namesakes.ts";
import { type PointPlan, planOf } from "./point-plan.ts";
import type { PointRecord, PointsOf } from "./points.ts";
import { checkRenamed } from "./renames.ts";

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
  /** Migrations that its locals go through. */
  readonly chain: Chain | undefined;
}

const MAX_CACHED = 10_000;
/** Of the code that was loaded when `registry.changes` was that: of other code nothing is kept alive. */
const cache = new Map<string, Resolved>();
let cachedAt = 0;

/**
 * @param name entry of the name table: `id hash @point slot…`, or with namesakes `id hash ~1/1/1 @point slot…`
 * @param points the old list of points for a hash that is not loaded any more
 * @param versions all that is known of a function
 * @throws ColdframeError CF2103 when this build cannot carry it on
 */
export function resolvePoint(
  name: string,
  points: PointsOf | undefined,
  versions: VersionsOf | undefined,
): Resolved {
  const known = cache.get(name);
  if (known !== undefined && codeOf(known.code.id) === known.code) return known;
  const { id, hash, mark, point: at, slots: saved } = splitPoint(name);
  const among = amongOf(id, mark);
  const code = sameText(id, hash, among);
  if (code === undefined) {
    const isAlone = mark === undefined && !hasNamesake(id);
    return resolveChanged({ id, hash, at, among, isAlone }, saved, points, versions);
  }
  const resolved = resolveSame(code, at, saved);
  if (cache.size >= MAX_CACHED || cachedAt !== registry.changes) cache.clear();
  cachedAt = registry.changes;
  cache.set(name, resolved);
  return resolved;
}

/** What the compiler calls the slots that it makes itself may follow from other functions of the module. */
function resolveSame(code: Code, name: string, saved: readonly string[]): Resolved {
  const found = resolveAt(code, indexOf(code.points, name), name, saved);
  return found.exact ? found : { ...found, old: code.points.slice(1) };
}

function resolveAt(code: Code, ip: number, name: string, saved: readonly string[]): Resolved {
  const point = code.points[ip];
  if (point === undefined || ip < 1)
    throw blocked(`${code.id} (${code.file}:${code.line}) has no suspend point "${name}"`);
  if (code.step === null) throw blocked(`${code.id} cannot be suspended any more`);
  const plan = planOf(code, ip);
  const exact = plan.slots.length === saved.length && plan.slots.every((slot, i) => slot === saved[i]);
  return { code, ip, point, plan, saved, exact, old: [], chain: undefined };
}

/** Where something was saved: what the function was called then, its hash, the name of the point. */
interface Place {
  readonly id: string;
  readonly hash: string;
  readonly at: string;
}

/** One whose text no loaded code has, or not for certain. */
interface ChangedPlace extends Place {
  readonly among: Among | null;
  /** No other had its author's name, and none has now. */
  readonly isAlone: boolean;
}

function resolveChanged(
  place: ChangedPlace,
  saved: readonly string[],
  points: PointsOf | undefined,
  versions: VersionsOf | undefined,
): Resolved {
  const own = codeOf(place.id);
  if (own?.id === place.id) checkRenamed(place.id);
  const chain = own && chainOf("frame", own, place, versions);
  const code = own !== undefined && (place.isAlone || chain !== undefined) ? own : byAwait(place, points);
  const { hash, at } = chain ?? place;
  if (hash !== code.hash) {
    const ip = align(code, { ...place, hash, at }, points);
    const old = pointsIn(points, hash, place.id, code.id)!.points;
    return { ...resolveAt(code, ip, at, saved), exact: false, old, chain };
  }
  const ip = indexOf(code.points, at);
  if (ip < 1) throw noPoint(code, at);
  return { ...resolveAt(code, ip, at, saved), exact: false, chain };
}

/** The only namesake that has an await like that at which it was saved, when that was the only one that had. */
function byAwait({ id, hash, at, among }: ChangedPlace, points: PointsOf | undefined): Code {
  const own = codeOf(id);
  const old = pointsIn(points, hash, id, own?.id ?? id)?.points.find(({ name }) => name === at);
  const able = old === undefined ? [] : namesakesOf(id).filter((one) => hasAwait(one, old.fingerprint));
  if (able.length === 0) {
    // Which leads to nothing: `align` says why.
    if (own !== undefined) return own;
    throw blocked(
      `no loaded code is called ${id}. Load the module that has it, or say with renamed() what it is called now; if it is gone, map it in a migration`,
    );
  }
  if (among?.awaits === 1 && able.length === 1) return able[0]!;
  throw blocked(
    `ambiguous: several functions ${own === undefined ? "" : `of ${own.file} `}are called ${id} but for a number, and "${at}", at which the run is parked, may now be in another one of them. Map it in a migration, or deploy the old build beside this one`,
  );
}

function pointsIn(points: PointsOf | undefined, hash: string, ...ids: readonly string[]) {
  for (const id of ids) {
    const found = points?.(hash, id);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * The index of the point of `code` that corresponds to the point `name` of older code.
 * @throws ColdframeError CF2103 when there is none, or more than one might be meant
 */
export function align(code: Code, { id, hash, at: name }: Place, points: PointsOf | undefined): number {
  const old = pointsIn(points, hash, id, code.id)?.points;
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
  const before = places(old, fingerprint);
  const after = places(now, fingerprint);
  const [at] = after;
  if (at === undefined) {
    throw blocked(
      `the await "${name}" of ${where} at which the run is parked (line ${line} of the old source, build ${hash}) was changed or removed. Map it in a migration, or deploy the old build beside this one`,
    );
  }
  if (before.length > 1 || after.length > 1)
    throw blocked(
      `ambiguous: "${name}" of ${where}, at which the run is parked, is one of ${before.length} equal awaits in the old source (build ${hash}) and of ${after.length} in the new. Map it in a migration, or deploy the old build beside this one; pins (// @point name) tell them apart in runs to come`,
    );
  const crossed = old.find((point, i) => {
    const [one, ...others] = places(now, point.fingerprint);
    if (one === undefined || others.length > 0 || places(old, point.fingerprint).length > 1) return false;
    return i < index !== one < at && i !== index;
  });
  if (crossed === undefined) return at + 1;
  throw blocked(
    `ambiguous: in ${where} the await "${name}", at which the run is parked, and the await "${crossed.name}" have changed places since build ${hash}, so it is not clear what was done already. Map it in a migration, or deploy the old build beside this one`,
  );
}

/** Where points of this fingerprint stand. */
function places(points: readonly PointRecord[], fingerprint: string): number[] {
  const found: number[] = [];
  points.forEach((point, i) => {
    if (point.fingerprint === fingerprint) found.push(i);
  });
  return found;
}

function indexOf(points: readonly (Point | null)[], name: string): number {
  for (let i = 1; i < points.length; i++) if (points[i]!.name === name) return i;
  return -1;
}

function blocked(detail: string): ColdframeError {
  return new ColdframeError("CF2103", detail);
}
