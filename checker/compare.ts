/**
 * What becomes of the runs of an old build under a new one: for each suspend point whether a run parked there goes on, and if not why.
 *
 * | verdict | |
 * |---|---|
 * | goes on | the new code carries it on |
 * | migrated | a migration carries it over |
 * | needs migration | the await is still there, but a local is not, or it is not clear which one is meant |
 * | lost | the function, the await or the step is not there any more: a migration has to say where to go on |
 */
import type { ManifestCode, ManifestPoint } from "../abi/index.ts";
import { classesOf } from "./instances.ts";
import { type Parking, type Rehearsed, rehearse, type Schemas } from "./rehearse.ts";

export type Verdict = "goes on" | "migrated" | "needs migration" | "lost";

/** A local whose type is another one in the new code. */
export interface Retyped {
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

/** A suspend point of the new code. */
export interface Target {
  readonly point: string;
  /** What is needed there, with types as far as they are known. */
  readonly locals: readonly { readonly name: string; readonly type: string }[];
}

export interface Change {
  /** `module#path` of a function, or of a step that is gone */
  readonly code: string;
  /** Hash of the old code; empty for a step. */
  readonly hash: string;
  readonly file: string;
  /** Name of the suspend point; empty for a step. */
  readonly point: string;
  /** Line and column of the `await` in the old source, from 1 and from 0. */
  readonly line: number;
  readonly column: number;
  readonly verdict: Verdict;
  /** Why it does not go on, as the run would say; empty when it does. */
  readonly reason: string;
  /** A function of the new build that may be the same: what `renamed` would say. */
  readonly renamedTo: string | null;
  /** The author's locals that a run parked there holds, with their types as far as they are known. */
  readonly locals: readonly { readonly name: string; readonly type: string }[];
  /** Where a migration of a run that does not go on would lead; null when the function is gone. */
  readonly target: Target | null;
  /** Of a run that goes on: locals that it keeps, and the new code takes for something else. */
  readonly retyped: readonly Retyped[];
  /**
   * Fields that classes have now, of which it may hold instances without: of a run that goes on the public ones, of one that does not go on
   * because of them the private ones.
   */
  readonly gained: readonly Gained[];
  /** Steps that are gone, and by their names may be what is awaited there: a run that waits for one is blocked. */
  readonly lostSteps: readonly string[];
}

export interface Gained {
  /** Id of the class as it was. */
  readonly class: string;
  readonly hash: string;
  readonly field: string;
  /** Its fields as they were, with their types. */
  readonly fields: readonly { readonly name: string; readonly type: string }[];
}

/**
 * Every suspend point of functions that changed or went, and every step that went. Points of functions that are as they were go on, and are
 * left out.
 */
export function compare(before: Schemas, now: Schemas): Change[] {
  const changed: Changed[] = [];
  const classes = changedClasses(before, now);
  for (const code of before.codes.values()) {
    const other = now.currentOf(code.id);
    const isSame = other?.id === code.id && other.hash === code.hash && sameSlots(code, other);
    const renamedTo = other === undefined ? successorOf(code, before, now) : null;
    code.points.forEach((point, ip) => {
      if (point === null) return;
      const held = classesAt(point, code, before).flatMap((id) => classes.get(id) ?? []);
      if (!isSame || held.length > 0) changed.push({ code, other, point, ip, renamedTo, isSame, held });
    });
  }
  const outcomes = rehearse(before, now, changed);
  const all = changed.map((one, i) => changeOf(one, outcomes[i]!, before, now));
  const told = all.filter(
    ({ verdict, gained }, i) => !changed[i]!.isSame || verdict !== "goes on" || gained.length > 0,
  );
  const lost = lostSteps(before, now);
  const awaited = ({ point }: Change) => lost.map(({ code }) => code).filter((id) => isCalled(id, point));
  return [...told.map((one) => ({ ...one, lostSteps: awaited(one) })), ...lost];
}

/** Of classes that changed, or extend one that did: the fields that they gained, as far as types tell. */
function changedClasses(before: Schemas, now: Schemas): ReadonlyMap<string, readonly (Gained | null)[]> {
  const found = new Map<string, readonly (Gained | null)[]>();
  const look = (code: ManifestCode): readonly (Gained | null)[] => {
    const known = found.get(code.id);
    if (known !== undefined) return known;
    const other = now.currentOf(code.id);
    const isSame = other?.id === code.id && other.hash === code.hash;
    const types = code.types ?? {};
    const fields = Object.entries(types).map(([name, type]) => ({ name, type }));
    const gained = Object.entries((code.types && other?.types) ?? {})
      .filter(
        ([name, type]) =>
          !Object.hasOwn(types, name) && (isPrivate(name) || !/\bundefined\b|^(any|unknown)$/.test(type)),
      )
      .map(([field]) => ({ class: code.id, hash: code.hash, field, fields }));
    const above = before.codes.get(code.classes?.["extends"]?.[0] ?? "");
    // A class that changed and gained nothing counts, too: a migration of it may throw.
    const all = [...(isSame ? [] : [null, ...gained]), ...(above === undefined ? [] : look(above))];
    found.set(code.id, all);
    return all;
  };
  for (const code of before.codes.values()) if (code.kind === "class") look(code);
  return found;
}

/** The classes of which a run parked there may hold instances. */
const classesAt = ({ live }: ManifestPoint, { id }: ManifestCode, { codes }: Schemas): string[] => [
  ...new Set(live.flatMap((entry) => classesOf(entry.slice(entry.indexOf(".") + 1), id, codes))),
];

/** An await of it may look as it did: the step of an imported function goes by the module that declares it. */
function lostSteps(before: Schemas, now: Schemas): Change[] {
  const lost = now.stepsLacking(before.steps);
  return lost.map((id): Change => {
    const path = pathOf(id);
    const alike = [...now.steps].filter((one) => !before.steps.has(one) && pathOf(one) === path);
    const isMoved = alike.length === 1 && lost.filter((one) => pathOf(one) === path).length === 1;
    return {
      ...{
        code: id,
        hash: "",
        file: id.slice(id.indexOf("/") + 1, id.indexOf("#")),
        point: "",
        line: 0,
        column: 0,
      },
      verdict: "lost",
      reason: `the step ${id} is not there any more: a run that waits for it is blocked. Say with renamed() what it is called now, or keep it until no run waits for it`,
      renamedTo: isMoved ? alike[0]! : null,
      ...{ locals: [], target: null, retyped: [], gained: [], lostSteps: [] },
    };
  });
}

/** Whether an await of this name may be one of the step: `charge#2` of `shop/bank.ts#bank.charge`. */
const isCalled = (step: string, point: string): boolean =>
  step
    .replace(/[{~].*$/, "")
    .split(/[#.]/)
    .at(-1) === point.replace(/#\d+$/, "").split(".").at(-1);

const pathOf = (id: string): string => id.slice(id.indexOf("#"));

/** A suspend point of a function that changed, or went. */
interface Changed extends Parking {
  readonly other: ManifestCode | undefined;
  readonly point: ManifestPoint;
  readonly renamedTo: string | null;
  /** The function itself did not change. */
  readonly isSame: boolean;
  readonly held: readonly (Gained | null)[];
}

function changeOf(
  { code, other, point, renamedTo, held }: Changed,
  { error, migrated }: Rehearsed,
  before: Schemas,
  now: Schemas,
): Change {
  const failure = error?.message ?? missingClass(code, point, now);
  const isThere = other?.points.some((one) => one?.fingerprint === point.fingerprint) ?? false;
  return {
    code: code.id,
    hash: code.hash,
    file: before.files.get(code.id)!,
    point: point.name,
    line: point.line,
    column: point.column,
    verdict: failure === null ? (migrated ? "migrated" : "goes on") : isThere ? "needs migration" : "lost",
    reason: (failure ?? "").replace(/^CF\d+ [^:]*: /, ""),
    renamedTo,
    target: failure === null || other === undefined ? null : targetOf(point, other),
    locals: typedAt(point, code),
    retyped: failure === null && !migrated && other !== undefined ? retypedAt(code, other, point) : [],
    gained: gainedIn(held, failure, migrated),
    lostSteps: [],
  };
}

const isPrivate = (field: string) => field.startsWith("#");

function gainedIn(held: readonly (Gained | null)[], failure: string | null, migrated: boolean): Gained[] {
  const fields = held.filter((one) => one !== null);
  if (failure === null) return migrated ? [] : fields.filter(({ field }) => !isPrivate(field));
  return / has a private field "#/.test(failure) ? fields.filter(({ field }) => isPrivate(field)) : [];
}

/** The point of the same name or statement, or the first. */
function targetOf({ name, fingerprint }: ManifestPoint, { points, types }: ManifestCode): Target | null {
  const known = points.filter((one) => one !== null);
  const point =
    known.find((one) => one.name === name) ??
    known.find((one) => one.fingerprint === fingerprint) ??
    known[0];
  return point === undefined ? null : { point: point.name, locals: typedAt(point, { types }) };
}

const typedAt = (point: ManifestPoint, { types }: { readonly types?: ManifestCode["types"] | undefined }) =>
  localsAt(point).map((name) => ({ name, type: types?.[name] ?? "unknown" }));

/** The author's names of what is live at a point. */
function localsAt(point: ManifestPoint): string[] {
  return [...new Set(point.live.map((entry) => entry.slice(entry.indexOf(".") + 1)))].filter(
    (name) => !name.startsWith("$"),
  );
}

/** Instances are restored by the name of their class. */
function missingClass(code: ManifestCode, point: ManifestPoint, now: Schemas): string | null {
  for (const name of localsAt(point)) {
    const lost = code.classes?.[name]?.find((id) => now.currentOf(id)?.kind !== "class");
    if (lost !== undefined)
      return `"${name}" may hold an instance of ${lost}, which is no class any more. Map it in a migration`;
  }
  return null;
}

/** Values are carried over by name: one of an old type may surprise the new code. */
function retypedAt(code: ManifestCode, now: ManifestCode, point: ManifestPoint): Retyped[] {
  return localsAt(point).flatMap((name) => {
    const [before, after] = [code.types?.[name], now.types?.[name]];
    return before === undefined || after === undefined || before === after ? [] : [{ name, before, after }];
  });
}

function sameSlots(a: ManifestCode, b: ManifestCode): boolean {
  return (
    a.points.length === b.points.length &&
    a.points.every((point, i) => {
      const other = b.points[i] ?? null;
      return point === other || (point?.name === other?.name && String(point?.live) === String(other?.live));
    })
  );
}

/** The only new function with the same points as one that is gone. */
function successorOf(code: ManifestCode, before: Schemas, now: Schemas): string | null {
  const print = (one: ManifestCode) => one.points.map((point) => point?.fingerprint).join();
  if (code.points.length < 2) return null;
  const found = [...now.codes.values()].filter(
    (one) => !before.codes.has(one.id) && one.kind === code.kind && print(one) === print(code),
  );
  return found.length === 1 ? found[0]!.id : null;
}
