/** The list of a function's suspend points that the store keeps once per code hash, so that later builds can align with it. */
import type { Code } from "../../abi/index.ts";
import { ColdframeError } from "../errors.ts";
import { guarded, parse } from "./format.ts";
import { broken, list, string } from "./kind.ts";

export interface PointRecord {
  readonly name: string;
  readonly fingerprint: string;
  readonly line: number;
  readonly live: readonly string[];
}

export interface CodePoints {
  readonly id: string;
  readonly hash: string;
  readonly file: string;
  readonly line: number;
  /** In the order of the source, without the entry. */
  readonly points: readonly PointRecord[];
}

/** `{ key, body }` for the store: `module#path@hash`, and JSON of the points. */
export function codeRecord(code: Code): { readonly key: string; readonly body: string } {
  const points = code.points
    .slice(1)
    .map(({ name, fingerprint, line, live }) => ({ name, fingerprint, line, live }));
  const { id, hash, file, line } = code;
  return {
    key: codeKey(id, hash),
    body: JSON.stringify({ id, hash, file, line, points } satisfies CodePoints),
  };
}

export function codeKey(id: string, hash: string): string {
  return `${id}@${hash}`;
}

/**
 * Reads the body of a code record.
 * @throws ColdframeError CF2102 when it is none
 */
export function parsePoints(body: string): CodePoints {
  return guarded(() => {
    const parsed = parse(body) as CodePoints | null;
    if (typeof parsed !== "object" || parsed === null) return broken("a code record is missing");
    // A record may hold the entry of the function, too, as `Code.points` does.
    const points = (list(parsed.points) as readonly (PointRecord | null)[]).filter((point) => point !== null);
    for (const point of points) {
      string(point.name);
      string(point.fingerprint);
      list(point.live).forEach(string);
    }
    return { ...parsed, points };
  });
}

/** Finds the list of points of older code, by its hash and id; undefined when nobody kept it. */
export type PointsOf = (hash: string, id: string) => CodePoints | undefined;

/** CF2103: a variable is needed after the await that the snapshot does not hold. */
export function needsMigration(variable: string, code: Code): ColdframeError {
  return new ColdframeError(
    "CF2103",
    `migration needed: ${code.id} (${code.file}:${code.line}) now needs "${variable}" after the await at which this run is parked, and the snapshot does not hold it. Deploy a migration that gives it a value, or the old build`,
  );
}
