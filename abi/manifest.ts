/**
 * The manifest: what a build contains, without its code. For each function its suspend points and what its frames hold there.
 * The compiler makes it, the bundler plugins write it, the checker adds types and compares that of one build with that of another.
 */
import type { CodeKind, Point, ValueKind } from "./frame.ts";

/** Raised when files of an earlier form cannot be read as they are any more. */
export const MANIFEST_FORMAT = 1;

/** A suspend point, as in `Code.points`. Its place is that of the `await`. */
export type ManifestPoint = Point;

export interface ManifestCode {
  readonly id: string;
  readonly hash: string;
  readonly kind: CodeKind;
  readonly line: number;
  /** All slots of its frames, in order of first use. */
  readonly slots: readonly string[];
  readonly captures: readonly (readonly string[])[];
  /**
   * Where the author declared what its frames and scope records hold: names, lines, columns (from 0). For a constant whose
   * initialiser tells: the kinds of values that it can hold.
   */
  readonly declared: readonly (readonly [
    name: string,
    line: number,
    column: number,
    ...kinds: readonly ValueKind[],
  ])[];
  /** Which expressions of the author spills keep: names of slots, and the place of the expression. */
  readonly spills: readonly (readonly [
    name: string,
    line: number,
    column: number,
    endLine: number,
    endColumn: number,
  ])[];
  /** Index 0, the entry, is null. */
  readonly points: readonly (ManifestPoint | null)[];
  /**
   * TypeScript types of what was declared, by name, written out: `{ id: string; tags: string[] }`. Only what went through the
   * checker has them. They decide nothing: values are carried over by name. Of a class those of its own fields, private ones by `#name`.
   */
  readonly types?: Readonly<Record<string, string>>;
  /** Ids of marked classes whose instances those types lead to, by name of the local. As `types`. Of a class, as `extends`, that above it. */
  readonly classes?: Readonly<Record<string, readonly string[]>>;
}

/** A class of scope records, as in `RecordSchema`. */
export interface ManifestRecord {
  readonly id: string;
  /** Name of the slots that hold one. */
  readonly slot: string;
  readonly variables: readonly string[];
}

/** One module. */
export interface Manifest {
  readonly module: string;
  readonly file: string;
  /** Over its text and what it imports of its package, without comments and types: what it is registered with. Empty: nothing of it is. */
  readonly hash: string;
  readonly codes: readonly ManifestCode[];
  readonly records: readonly ManifestRecord[];
  readonly steps: readonly string[];
}

/** `coldframe.manifest.json`: all marked modules of one build. The same for every bundler, minified or not. */
export interface BuildManifest {
  readonly format: typeof MANIFEST_FORMAT;
  readonly abi: number;
  /** Name of the package that was built. */
  readonly project: string;
  /** `buildIdOf` its modules: equal for builds whose marked modules are the same, and what they import of their package. */
  readonly build: string;
  /** In the order of their ids. */
  readonly modules: readonly Manifest[];
}

/** Adds types to the manifests of the modules of a build, which are given by the absolute paths of their files. */
export type TypeManifests = (
  modules: ReadonlyMap<string, Manifest>,
) => Promise<ReadonlyMap<string, Manifest>>;

/** A code of a release: one entry for each hash, however many releases have it. */
export interface ReleasedCode extends ManifestCode {
  readonly file: string;
}

/** One entry of `coldframe.lock.json`. */
export interface Release {
  readonly build: string;
  /** Version of the package. */
  readonly version: string;
  /** Keys of `codes`. */
  readonly codes: readonly string[];
  readonly records: readonly ManifestRecord[];
  /** Ids of `"use step"` functions. Releases of early versions do not tell them. */
  readonly steps?: readonly string[];
}

/** `coldframe.lock.json`: what has been released, the oldest first. Only ever appended to. */
export interface Lock {
  readonly format: typeof MANIFEST_FORMAT;
  readonly abi: number;
  readonly project: string;
  readonly releases: readonly Release[];
  /** By `id@hash`. */
  readonly codes: Readonly<Record<string, ReleasedCode>>;
}
