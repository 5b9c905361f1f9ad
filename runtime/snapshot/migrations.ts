/**
 * Migrations: how an author carries over what older code saved (contract §6, `docs/changes.md`). Plain functions from the old
 * locals, captured variables or fields to the new ones, registered when their module is loaded and applied when a run is decoded.
 *
 * A frame is at a place: the hash of the function that saved it, and the name of the suspend point. Each migration leads from one
 * place to another; they are followed until none begins there any more. What is then not the loaded code goes through the
 * alignment like any other. Nothing is applied twice: a run that was saved since has the hash of the loaded code.
 *
 * | the migration's `from.build` | it is applied to what was saved by |
 * |---|---|
 * | hashes of the function | these |
 * | left out | the only other version of the function that the store knows; CF2401 when there are several |
 */
import type { Code } from "../../abi/index.ts";
import { ColdframeError } from "../errors.ts";
import { classOf, codeOf, loaded, machine, nameOf, registry, stampOf } from "../machine/index.ts";
import type { CodePoints } from "./points.ts";
import { contradiction } from "./renames.ts";

/** The locals of a frame, the variables of a closure, or the fields of an instance, by the author's names. */
export type Locals = Readonly<Record<string, unknown>>;

/** Where a migration begins. */
export interface Origin {
  /** Hash of the function as it was, or several, as `coldframe show` and the reason of a blocked run tell. */
  readonly build?: string | readonly string[];
}

/** Where it leads. */
export interface Destination {
  /** Hash of the function. Default: the one that is loaded. Needed when another migration goes on from there. */
  readonly build?: string;
}

/** For frames that are parked at one suspend point. */
export interface FrameMigration<Old extends object, New extends object> {
  readonly from: Origin & { readonly at: string };
  /** Default: the point of the same name. */
  readonly to?: Destination & { readonly at?: string };
  /** The locals that are needed at the new point, from those that were saved at the old one. More than that is dropped. */
  readonly frame: (old: Old) => New;
}

/** For closures: the variables that they capture. */
export interface ClosureMigration<Old extends object, New extends object> {
  readonly from?: Origin;
  readonly to?: Destination;
  readonly closure: (old: Old) => New;
}

/** For instances of a class: their own public fields. */
export interface ClassMigration<Old extends object, New extends object> {
  readonly from?: Origin;
  readonly to?: Destination;
  readonly fields: (old: Old) => New;
}

declare global {
  /**
   * What released functions hold: by name (`shop/flows.ts#order`) or hash of a function, then by suspend point. Empty until
   * `coldframe release` says it, in `coldframe.lock.d.ts`.
   */
  interface ColdframeReleased {}
  /** The types that those functions have today, by name, as far as their modules export them: `migrate(order, …)` knows `order` by its. */
  interface ColdframeFunctions {}
}

/** Names of the released functions that have this type: several when it does not tell them apart. */
type NameOf<F> = {
  [Id in keyof ColdframeFunctions]: IsGone<ColdframeFunctions[Id]> extends true
    ? never
    : Same<ColdframeFunctions[Id], F> extends true
      ? Id
      : never;
}[keyof ColdframeFunctions];
/** What is not there any more has the type of an error, which would be the same as any. */
type IsGone<T> = [unknown] extends [T] ? true : false;
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

type PointOf<Id> = Id extends keyof ColdframeReleased ? keyof ColdframeReleased[Id] : never;
type FrameAt<Id, At> = Id extends keyof ColdframeReleased
  ? At extends keyof ColdframeReleased[Id]
    ? ColdframeReleased[Id][At]
    : never
  : never;

/** A version that was not released is not among them. */
interface AnyVersion<At> {
  readonly at: At;
  readonly build?: undefined;
}

/** For frames of released versions: what they hold is known. */
interface ReleasedMigration<From, Old, New extends object> {
  readonly from: From;
  readonly to?: Destination & { readonly at?: string };
  readonly frame: (old: Old) => New;
}

type Kind = "frame" | "closure" | "fields";

export interface Migration {
  readonly kind: Kind;
  /** Name of the suspend point; empty for closures and classes. */
  readonly at: string;
  /** Null: the only other version. */
  readonly builds: readonly string[] | null;
  readonly toAt: string;
  /** Null: the loaded one. */
  readonly toBuild: string | null;
  readonly map: (old: object) => unknown;
}

// biome-ignore lint/suspicious/noExplicitAny: any function; nothing of it is called
type AnyFunction = (...args: any[]) => unknown;
// biome-ignore lint/suspicious/noExplicitAny: any class; nothing of it is called
type Target = AnyFunction | (abstract new (...args: any[]) => object) | string;

/**
 * Says how runs go on that were parked in older code.
 * @param target the function or class as it is now, or its name, as `coldframe show` tells it: closures only have that
 * @param change from which suspend point and version to which, and what becomes of the locals (`frame`), of the captured variables
 *   (`closure`) or of the fields (`fields`). It runs when a run is decoded, perhaps more than once: it must not call steps
 * @throws ColdframeError CF2301 for wrong options, CF2401 when two migrations begin at one place or go round in a circle, CF2402
 *   when it leads to a suspend point that the loaded code does not have
 */
export function migrate<
  Build extends keyof ColdframeReleased,
  At extends keyof ColdframeReleased[Build],
  New extends object,
>(
  target: Target,
  change: ReleasedMigration<
    { readonly at: At; readonly build: Build | readonly Build[] },
    ColdframeReleased[Build][At],
    New
  >,
): void;
export function migrate<
  Id extends keyof ColdframeReleased,
  At extends keyof ColdframeReleased[Id],
  New extends object,
>(target: Id, change: ReleasedMigration<AnyVersion<At>, ColdframeReleased[Id][At], New>): void;
export function migrate<F extends AnyFunction, At extends PointOf<NameOf<F>>, New extends object>(
  target: F,
  change: ReleasedMigration<AnyVersion<At>, FrameAt<NameOf<F>, At>, New>,
): void;
export function migrate<Old extends object = Locals, New extends object = Locals>(
  target: Target,
  change: FrameMigration<Old, New> | ClosureMigration<Old, New> | ClassMigration<Old, New>,
): void;
export function migrate(target: Target, change: object): void {
  const id = idOf(target);
  const migration = migrationOf(id, change as unknown as Readonly<Record<string, unknown>>);
  const { migrations } = loaded();
  const known = migrations.get(id) as readonly Migration[] | undefined;
  const others = (known ?? []).filter((other) => !(registry.hot && begin(other, migration)));
  // A bundler may have put the same module into the program twice.
  if (others.some((other) => isSame(other, migration))) return;
  const all = [...others, migration];
  check(id, migration, others);
  migrations.set(id, all);
}

function idOf(target: Target): string {
  if (typeof target === "string" && target.includes("#")) return target;
  if (typeof target === "function") {
    const id = nameOf(target) ?? classOf(target)?.code.id ?? stampOf(target)?.code.id;
    if (id !== undefined) return id;
  }
  const shown = typeof target === "function" ? target.name : JSON.stringify(target);
  throw wrong(
    `${shown} is no function or class of a marked module, and no name of one ("shop/flows.ts#order")`,
  );
}

function migrationOf(id: string, change: Readonly<Record<string, unknown>>): Migration {
  if (typeof change !== "object" || change === null)
    throw wrong(`of "${id}": the second argument is missing`);
  const { from = {}, to = {} } = change as {
    from?: Origin & { at?: string };
    to?: Destination & { at?: string };
  };
  const kinds = (["frame", "closure", "fields"] as const).filter((kind) => change[kind] !== undefined);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1 || typeof change[kind] !== "function")
    throw wrong(`of "${id}" needs one function: "frame", "closure" or "fields"`);
  for (const key of Object.keys(change))
    if (key !== "from" && key !== "to" && key !== kind) throw wrong(`of "${id}" has no option "${key}"`);
  const isText = (value: unknown) => typeof value === "string" && value !== "";
  const builds = from.build === undefined ? null : typeof from.build === "string" ? [from.build] : from.build;
  if (builds !== null && (!Array.isArray(builds) || builds.length === 0 || !builds.every(isText)))
    throw wrong(`of "${id}": from.build is a hash of the function, or a list of them`);
  if (to.build !== undefined && !isText(to.build))
    throw wrong(`of "${id}": to.build is a hash of the function`);
  if (kind === "frame" ? !isText(from.at) : from.at !== undefined || to.at !== undefined)
    throw wrong(
      `of "${id}": ${kind === "frame" ? "from.at is missing: the name of the suspend point" : "only frames have a suspend point"}`,
    );
  const at = from.at ?? "";
  return {
    kind,
    at,
    builds,
    toAt: to.at ?? at,
    toBuild: to.build ?? null,
    map: change[kind] as Migration["map"],
  };
}

function wrong(detail: string): ColdframeError {
  return new ColdframeError("CF2301", `migrate(): ${detail}`);
}

/** Both begin at one place, or it is not said that they do not. */
function begin(one: Migration, other: Migration): boolean {
  if (one.kind !== other.kind || one.at !== other.at) return false;
  if (one.builds === null || other.builds === null) return one.builds === other.builds;
  return one.builds.some((build) => other.builds!.includes(build));
}

/** Whatever version `other` is for, `one` leads away from: nothing goes through both. */
function covers(one: Migration, other: Migration): boolean {
  if (one.builds === null || other.builds === null) return one.builds === other.builds;
  return other.builds.every((build) => one.builds!.includes(build));
}

function isSame(one: Migration, other: Migration): boolean {
  return JSON.stringify(one) === JSON.stringify(other) && String(one.map) === String(other.map);
}

function check(id: string, migration: Migration, others: readonly Migration[]): void {
  const { kind, toAt, toBuild } = migration;
  const place = (at: string) =>
    kind === "frame" ? `"${at}" of ${id}` : `the ${kind === "fields" ? "fields" : "variables"} of ${id}`;
  if (others.some((other) => begin(other, migration)))
    throw contradiction(
      `two migrations begin at ${place(migration.at)}. Say with from.build which version each is for`,
    );
  const all = [...others, migration];
  const after = ({ kind, toAt, toBuild }: Migration) =>
    all.find(
      (other) => other.kind === kind && other.at === toAt && other.builds?.includes(toBuild ?? "") === true,
    );
  let seen = 0;
  for (let next = after(migration); next !== undefined; next = after(next))
    if (++seen > all.length)
      throw contradiction(`the migrations from ${place(migration.at)} go round in a circle`);
  const leadsTo = (from: Migration, to: Migration): boolean => {
    const next = after(from);
    return next !== undefined && (next === to || leadsTo(next, to));
  };
  for (const one of all) {
    const next = all.find(
      (other) =>
        other !== one &&
        other.kind === one.kind &&
        other.at === one.toAt &&
        (one === migration || other === migration) &&
        !covers(one, other) &&
        !leadsTo(other, one),
    );
    if (next === undefined || one.toBuild !== null) continue;
    throw contradiction(
      `one migration leads to ${place(one.toAt)} and another begins there. Say in the first, with to.build, to which version it leads`,
    );
  }
  const code = kind === "frame" ? codeOf(id) : undefined;
  if (code === undefined || (toBuild !== null && toBuild !== code.hash)) return;
  if (!code.points.some((point) => point?.name === toAt)) throw noPoint(code, toAt);
}

/** CF2402 */
export function noPoint(code: Code, at: string): ColdframeError {
  const names = code.points.slice(1).map(({ name }) => `"${name}"`);
  return new ColdframeError(
    "CF2402",
    `${code.id} (${code.file}:${code.line}) has no suspend point "${at}". It has ${names.length === 0 ? "none" : names.join(", ")}`,
  );
}

/** The migrations that something saved goes through, and where they lead. */
export interface Chain {
  readonly migrations: readonly Migration[];
  readonly hash: string;
  readonly at: string;
}

/** Older versions of a function that the store knows of, by its id. */
export type VersionsOf = (id: string) => readonly CodePoints[];

/**
 * What carries over something of `code` that was saved by its version `hash`. Undefined: no migration begins there.
 * @param id what the code was called then
 * @throws ColdframeError CF2401 when it is not clear whether a migration is meant for this version
 */
export function chainOf(
  kind: Kind,
  code: Code,
  saved: { readonly id: string; readonly hash: string; readonly at: string },
  versions: VersionsOf | undefined,
): Chain | undefined {
  const all = loaded().migrations.get(code.id) as readonly Migration[] | undefined;
  if (all === undefined) return undefined;
  let { hash, at } = saved;
  const migrations: Migration[] = [];
  while (hash !== code.hash) {
    const here = all.filter((one) => one.kind === kind && one.at === at);
    const next =
      here.find(({ builds }) => builds?.includes(hash)) ?? here.find(({ builds }) => builds === null);
    if (next === undefined) break;
    if (next.builds === null) checkOnly(kind, code, { ...saved, hash, at }, versions);
    migrations.push(next);
    hash = next.toBuild ?? code.hash;
    at = next.toAt;
    if (migrations.length > all.length)
      throw contradiction(`the migrations of ${code.id} go round in a circle`);
  }
  return migrations.length === 0 ? undefined : { migrations, hash, at };
}

/** A migration that names no version is one for the only other version that there ever was. */
function checkOnly(
  kind: Kind,
  code: Code,
  { id, hash, at }: { readonly id: string; readonly hash: string; readonly at: string },
  versions: VersionsOf | undefined,
): void {
  const known = [id, ...(id === code.id ? [] : [code.id])].flatMap((name) => versions?.(name) ?? []);
  const older = known.filter(
    (one) => one.hash !== code.hash && (kind !== "frame" || one.points.some(({ name }) => name === at)),
  );
  const hashes = [...new Set([...older.map((one) => one.hash), ...(hash === "" ? [] : [hash])])];
  if (hashes.length < 2) return;
  throw contradiction(
    `a migration of ${code.id}${kind === "frame" ? ` from "${at}"` : ""} does not say for which version it is, and there were ${hashes.join(", ")}; this was saved by ${hash}. Name it with from.build`,
  );
}

/**
 * What the migrations of a chain make of old locals.
 * @param what for the error: `the frame of shop/flows.ts#order at "approval"`
 * @throws ColdframeError CF2403 when one throws, or returns no object
 */
export function applied({ migrations }: Chain, old: object, what: string): Readonly<Record<string, unknown>> {
  let locals: object = old;
  for (const { map } of migrations) {
    let made: unknown;
    const before = machine.run?.nextId;
    try {
      made = map(locals);
    } catch (error) {
      throw failed(`that of ${what} threw ${describeError(error)}`, error);
    }
    if (machine.run?.nextId !== before)
      throw failed(`that of ${what} called a step, sleep or event; a migration only computes`);
    if (
      typeof made !== "object" ||
      made === null ||
      Array.isArray(made) ||
      typeof (made as PromiseLike<unknown>).then === "function"
    )
      throw failed(
        `that of ${what} returned ${made === null ? "null" : Array.isArray(made) ? "an array" : typeof made === "object" ? "a promise" : typeof made}, and must return an object of the new values by name`,
      );
    locals = made;
  }
  return locals as Readonly<Record<string, unknown>>;
}

function describeError(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** CF2403 */
export function failed(detail: string, cause?: unknown): ColdframeError {
  return new ColdframeError("CF2403", detail, cause === undefined ? undefined : { cause });
}
