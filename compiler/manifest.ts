/** What a module contains, for the checker and for people: the same that compiled code registers, without the code. */

import type { CodeKind } from "../abi/index.ts";

export interface ManifestPoint {
  readonly name: string;
  readonly fingerprint: string;
  readonly line: number;
  readonly column: number;
  readonly live: readonly string[];
  /** Set inside of a `catch` or `finally`. */
  readonly handler?: true;
}

export interface ManifestCode {
  readonly id: string;
  readonly hash: string;
  readonly kind: CodeKind;
  readonly line: number;
  readonly slots: readonly string[];
  readonly captures: readonly (readonly string[])[];
  /** Where the author declared what its frames and scope records hold: names, lines, columns (from 0). */
  readonly declared: readonly (readonly [name: string, line: number, column: number])[];
  /** Index 0, the entry, is null. */
  readonly points: readonly (ManifestPoint | null)[];
}

export interface Manifest {
  readonly module: string;
  readonly file: string;
  readonly codes: readonly ManifestCode[];
  readonly steps: readonly string[];
}
