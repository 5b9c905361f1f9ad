/**
 * `coldframe.lock.json`: what has been released. Releases are appended and never changed, and belong into version control. A code that
 * did not change between two releases stands in it once.
 */
import {
  ABI_VERSION,
  type BuildManifest,
  type Lock,
  MANIFEST_FORMAT,
  type Manifest,
  type Release,
  type ReleasedCode,
} from "../abi/index.ts";
import { ColdframeError } from "../runtime/errors.ts";

export const LOCK_FILE = "coldframe.lock.json";

const keyOf = ({ id, hash }: { readonly id: string; readonly hash: string }) => `${id}@${hash}`;

/** The lock with a release more; the same lock when its last release is this build. */
export function append(lock: Lock | null, manifest: BuildManifest, version: string): Lock {
  const { project, build, modules } = manifest;
  if (lock?.releases.at(-1)?.build === build) return lock;
  const codes: Record<string, ReleasedCode> = { ...lock?.codes };
  const keys: string[] = [];
  for (const { file, codes: own } of modules) {
    for (const code of own) {
      // What an earlier version of coldframe did not write is added; what stands there stays.
      const known = codes[keyOf(code)];
      if (known?.types === undefined) codes[keyOf(code)] = { ...code, file };
      keys.push(keyOf(code));
    }
  }
  const release: Release = {
    build,
    version,
    codes: keys,
    records: modules.flatMap(({ records }) => records),
    steps: modules.flatMap(({ steps }) => steps),
  };
  const releases = [...(lock?.releases ?? []), release];
  return { format: MANIFEST_FORMAT, abi: ABI_VERSION, project, releases, codes };
}

/** The modules of a release, as its manifest had them. */
export function modulesOf(
  lock: Lock,
  release: Release,
): Pick<Manifest, "file" | "codes" | "records" | "steps">[] {
  const byFile = new Map<string, ReleasedCode[]>();
  for (const key of release.codes) {
    const code = lock.codes[key]!;
    const known = byFile.get(code.file);
    if (known === undefined) byFile.set(code.file, [code]);
    else known.push(code);
  }
  return [
    ...[...byFile].map(([file, codes]) => ({ file, codes, records: [], steps: [] })),
    { file: "", codes: [], records: release.records, steps: release.steps ?? [] },
  ];
}

/** JSON with a line for each release and each code: merges of two branches conflict only where both released. */
export function lockText({ releases, codes, ...head }: Lock): string {
  const lines = (items: readonly string[]) => items.map((one) => `\n  ${one}`).join(",");
  const entries = Object.keys(codes)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${JSON.stringify(codes[key])}`);
  return `${JSON.stringify(head).slice(0, -1)},\n "releases":[${lines(releases.map((one) => JSON.stringify(one)))}\n],\n "codes":{${lines(entries)}\n}}\n`;
}

/**
 * @param path as messages name it
 * @param project name of the package that is checked
 * @throws ColdframeError CF3301 when the text is no lock file, or damaged; CF3302 when it is that of another project
 */
export function readLock(text: string, path: string, project: string): Lock {
  const broken = (what: string): never => {
    throw new ColdframeError(
      "CF3301",
      `"${path}": ${what}. Take it from version control; what was released cannot be found out from the sources of today.`,
    );
  };
  let lock: Lock;
  try {
    lock = JSON.parse(text) as Lock;
  } catch (error) {
    return broken(
      /^[<=>]{7}/m.test(text)
        ? "it has the marks of a merge conflict in it; keep the lines of both sides"
        : `it is not JSON (${(error as Error).message})`,
    );
  }
  if (typeof lock !== "object" || lock === null || !Array.isArray(lock.releases))
    return broken("it lists no releases");
  if (lock.format !== MANIFEST_FORMAT)
    return broken(
      `it has format ${JSON.stringify(lock.format)}, and this version of coldframe reads ${MANIFEST_FORMAT}`,
    );
  if (lock.project !== project) {
    throw new ColdframeError(
      "CF3302",
      `"${path}" tells of the releases of "${lock.project}", and this is "${project}". A package that was renamed has other ids for all its functions: give it its name back, or delete the file and let every run end first.`,
    );
  }
  if (typeof lock.codes !== "object" || lock.codes === null) return broken("it has no codes");
  for (const [i, release] of lock.releases.entries()) {
    const isRelease =
      typeof release?.build === "string" &&
      [release.codes, release.records, release.steps ?? []].every(Array.isArray);
    if (!isRelease) return broken(`its ${i + 1}. release is damaged`);
    for (const key of release.codes) {
      const code = lock.codes[key];
      if (code === undefined) return broken(`release ${release.build} has ${key}, which is not in it`);
      if (keyOf(code) !== key || !isCode(code)) return broken(`what it says of ${key} is damaged`);
    }
  }
  return lock;
}

function isCode(code: ReleasedCode): boolean {
  const texts = (list: unknown) => Array.isArray(list) && list.every((one) => typeof one === "string");
  return (
    typeof code.file === "string" &&
    typeof code.kind === "string" &&
    Array.isArray(code.captures) &&
    code.captures.every(texts) &&
    Array.isArray(code.points) &&
    code.points.every(
      (point, i) =>
        (point === null && i === 0) ||
        (typeof point?.name === "string" && typeof point.fingerprint === "string" && texts(point.live)),
    )
  );
}
