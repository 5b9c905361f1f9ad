/**
 * What a new build does with a task of an old one, by trying it: the frame that the old manifest describes is saved by the runtime's
 * writer and read by its reader under the code of the new manifest. So a prediction is made by what will carry on the run.
 * Nobody's code is executed: functions are empty, and locals hold scope records, closures, and samples of what matters.
 */
import type { Code, Manifest, ManifestCode, ManifestRecord, RecordSchema } from "../abi/index.ts";
import { ColdframeError } from "../runtime/errors.ts";
import {
  $closure,
  codeOf,
  currentName,
  Durable,
  Run,
  registerRecord,
  registry,
} from "../runtime/machine/index.ts";
import {
  type CodePoints,
  codeRecord,
  type DecodeOptions,
  decodeRun,
  encodeRun,
  parsePoints,
} from "../runtime/snapshot/index.ts";
import { closuresIn, isNested } from "./held-closures.ts";
import { Classes, classesOf } from "./instances.ts";
import { type Sample, samplesAt } from "./samples.ts";

/** The codes and records of one build, found by their names. */
export class Schemas {
  readonly codes = new Map<string, ManifestCode>();
  readonly files = new Map<string, string>();
  readonly records: readonly ManifestRecord[];
  /** Ids of steps. */
  readonly steps: ReadonlySet<string>;
  #loaded: ReadonlyMap<string, Code> | null = null;
  #recordClasses: readonly RecordSchema[] | null = null;
  #classes: Classes | null = null;

  /** All versions that the store may know, as far as the releases tell. */
  readonly versions: readonly ManifestCode[];
  readonly #carry: () => void;
  readonly #points = new Map<string, readonly CodePoints[]>();

  /**
   * @param versions of codes, older ones included. Default: those of the modules
   * @param carry registers migrations and renames
   */
  constructor(
    modules: readonly Pick<Manifest, "file" | "codes" | "records" | "steps">[],
    {
      versions,
      carry = () => {},
    }: { readonly versions?: readonly ManifestCode[]; readonly carry?: () => void } = {},
  ) {
    this.versions = versions ?? modules.flatMap(({ codes }) => codes);
    this.#carry = carry;
    this.records = modules.flatMap(({ records }) => records);
    this.steps = new Set(modules.flatMap(({ steps }) => steps));
    for (const { file, codes } of modules) {
      for (const code of codes) {
        this.codes.set(code.id, code);
        this.files.set(code.id, file);
      }
    }
  }

  /** As the runtime knows them, without bodies. */
  get loaded(): ReadonlyMap<string, Code> {
    this.#loaded ??= new Map([...this.codes.values()].map((code) => [code.id, this.#load(code)]));
    return this.#loaded;
  }

  #load(code: ManifestCode): Code {
    const suspends = code.kind !== "sync" && code.kind !== "class";
    const loaded: Code = {
      id: code.id,
      hash: code.hash,
      kind: code.kind,
      file: this.files.get(code.id) ?? "",
      line: code.line,
      step: suspends ? () => undefined : null,
      points: [null as never, ...code.points.slice(1).map((one) => one!)],
      make: isNested(code.id)
        ? (((...scopes: object[]) => $closure(() => undefined, loaded, scopes)) as never)
        : null,
      captures: code.captures,
      kinds: new Map(
        code.declared.flatMap(([name, , , ...kinds]) => (kinds.length === 0 ? [] : [[name, kinds]])),
      ),
    };
    return loaded;
  }

  /** The code that an id means in this build, perhaps by another name. */
  currentOf(id: string): ManifestCode | undefined {
    return this.codes.get(id) ?? this.codes.get(this.whileLoaded(() => codeOf(id)?.id) ?? id);
  }

  /** Those of older steps that this build has not, by any name. */
  stepsLacking(steps: Iterable<string>): string[] {
    return this.whileLoaded(() =>
      [...steps].filter((id) => !this.steps.has(id) && !this.steps.has(currentName(id))),
    );
  }

  /** The points of all versions of a code. */
  pointsOf(id: string): readonly CodePoints[] {
    let known = this.#points.get(id);
    if (known === undefined) {
      const own = this.versions.filter((one) => one.id === id);
      known = own.map((one) => parsePoints(codeRecord(this.#load(one)).body));
      this.#points.set(id, known);
    }
    return known;
  }

  #schemas(): readonly RecordSchema[] {
    this.#recordClasses ??= this.records.map(({ id, variables }) => ({
      id,
      variables,
      Record: recordClass(variables),
    }));
    return this.#recordClasses;
  }

  get classes(): Classes {
    this.#classes ??= new Classes(this.codes, this.loaded);
    return this.#classes;
  }

  /** `body`, while nothing but this build is loaded. */
  whileLoaded<T>(body: () => T): T {
    const { codes, records, modules, classes, renames, migrations, unlisted } = registry;
    const maps: readonly Map<string, unknown>[] = [codes, records, modules, classes, renames, migrations];
    const before = maps.map((map) => [...map]);
    for (const map of maps) map.clear();
    registry.unlisted = [];
    try {
      for (const [id, code] of this.loaded) codes.set(id, code);
      for (const schema of this.#schemas()) registerRecord(schema);
      for (const [id, made] of this.classes.all) classes.set(id, made);
      this.#carry();
      return body();
    } finally {
      registry.unlisted = unlisted;
      maps.forEach((map, i) => {
        map.clear();
        for (const [id, value] of before[i]!) map.set(id, value);
      });
    }
  }
}

function recordClass(variables: readonly string[]): new () => object {
  return class {
    constructor() {
      for (const name of variables)
        Object.defineProperty(this, name, {
          value: null,
          writable: true,
          enumerable: true,
          configurable: true,
        });
    }
  };
}

export interface Rehearsed {
  /** Why it does not go on; null when it does. */
  readonly error: ColdframeError | null;
  /** By a migration. */
  readonly migrated: boolean;
}

/** A suspend point of the old build. */
export interface Parking {
  readonly code: ManifestCode;
  /** Index of the point in `code.points`. */
  readonly ip: number;
}

/** Parks tasks of `before` and carries them on under `now`; in the order of `parkings`. */
export function rehearse(before: Schemas, now: Schemas, parkings: readonly Parking[]): Rehearsed[] {
  const samples = parkings.map(({ code, ip }) => samplesAt(code, code.points[ip]!, now.currentOf(code.id)));
  const texts = before.whileLoaded(() =>
    parkings.map(({ code, ip }, i) => samples[i]!.map((sample) => park(before, code, ip, sample))),
  );
  const versions = (id: string) => before.pointsOf(id);
  const points = (hash: string, id: string) => versions(id).find((one) => one.hash === hash);
  return now.whileLoaded(() => texts.map((held) => decodeAll(held, { points, versions })));
}

/** The first that does not go on decides. */
function decodeAll(texts: readonly string[], options: DecodeOptions): Rehearsed {
  let migrated = false;
  for (const text of texts) {
    try {
      migrated = decodeRun(text, new Run("rehearsal", null), options).migrated > 0 || migrated;
    } catch (error) {
      if (error instanceof ColdframeError) return { error, migrated: false };
      throw error;
    }
  }
  return { error: null, migrated };
}

/** The snapshot of a task parked at a point. */
function park(build: Schemas, code: ManifestCode, ip: number, sample: Sample): string {
  const run = new Run("rehearsal", null);
  const task = new Durable(run, build.loaded.get(code.id)!);
  task.ip = ip;
  task.frame = {};
  const heap = new Heap(build, code.id, sample);
  for (const entry of code.points[ip]!.live) {
    const slot = entry.includes(".") ? entry.slice(0, entry.indexOf(".")) : entry;
    if (Object.hasOwn(task.frame, slot)) continue;
    Object.defineProperty(task.frame, slot, {
      value: heap.slot(slot),
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  run.root = task;
  return encodeRun(run).text;
}

/** The locals of a task. */
class Heap {
  readonly #build: Schemas;
  readonly #owner: string;
  readonly #sample: Sample;
  readonly #records = new Map<string, object>();

  constructor(build: Schemas, owner: string, sample: Sample) {
    this.#build = build;
    this.#owner = owner;
    this.#sample = sample;
  }

  slot(name: string): unknown {
    const schema = this.#ofModule().find(({ slot }) => slot === name);
    return schema === undefined ? this.#closures(name) : this.#record(schema);
  }

  #ofModule(): readonly ManifestRecord[] {
    const module = this.#owner.slice(0, this.#owner.indexOf("#") + 1);
    return this.#build.records.filter(({ id }) => id.startsWith(module));
  }

  #record(schema: ManifestRecord): object {
    const known = this.#records.get(schema.id);
    if (known !== undefined) return known;
    const { Record } = registry.records.get(schema.id)!;
    const made = new Record() as Record<string, unknown>;
    this.#records.set(schema.id, made);
    for (const name of schema.variables) made[name] = this.#closures(name);
    return made;
  }

  /** The closures that a variable of this name is given or collects, in this function or one around it. */
  #closures(variable: string): unknown {
    const found = closuresIn(this.#owner, variable, this.#build.loaded.values()).map((id) =>
      this.#closure(this.#build.loaded.get(id)!),
    );
    const made = this.#instances(variable);
    const held: readonly unknown[] = [...found, ...made];
    const sample = this.#sample.get(variable) ?? null;
    if (held.length === 0) return sample;
    if (Array.isArray(sample)) return held;
    if (sample instanceof Map) return new Map(held.entries());
    if (sample instanceof Set) return new Set(held);
    if (made.length === 0) return held.length === 1 ? held[0] : held;
    if (sample !== null && Object.getPrototypeOf(sample) !== Object.prototype) return sample;
    // `undo.push(() => …)`: the closures are in it.
    return made.length === 1 ? Object.assign(made[0]!, found.length === 0 ? {} : { found }) : { ...held };
  }

  /** Of each class that a variable leads to by its type an instance. */
  #instances(variable: string): object[] {
    const ids = classesOf(variable, this.#owner, this.#build.codes);
    return ids.flatMap((id) => this.#build.classes.instance(id) ?? []);
  }

  #closure(code: Code): unknown {
    const scopes = code.captures.map((variables) => {
      const fits = this.#ofModule().filter(
        (one) =>
          code.id.startsWith(one.id.slice(0, one.id.lastIndexOf("{"))) &&
          variables.every((name) => one.variables.includes(name)),
      );
      return fits.length === 0 ? null : this.#record(fits[0]!);
    });
    if (scopes.includes(null)) return null;
    return (code.make as unknown as (...scopes: unknown[]) => unknown)(...scopes);
  }
}
