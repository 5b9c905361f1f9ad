/** The manifest of a build, from those of its modules. */
import {
  ABI_VERSION,
  type BuildManifest,
  buildIdOf,
  MANIFEST_FORMAT,
  type Manifest,
  type ManifestCode,
} from "../abi/index.ts";

/**
 * Puts the modules of a build together. The result depends on their contents only, not on the order in which a bundler met them.
 * A module that was compiled more than once with the same contents counts once.
 * @param project name of the package that is built
 * @throws TypeError when two modules have the same id and different codes, or two codes the same id
 */
export function buildManifest(project: string, modules: Iterable<Manifest>): BuildManifest {
  const byId = new Map<string, Manifest>();
  for (const one of modules) {
    const known = byId.get(one.module);
    if (known !== undefined && fingerprintOf(known) !== fingerprintOf(one))
      throw new TypeError(
        `${one.module} was compiled twice with different text, from ${known.file} and ${one.file}`,
      );
    byId.set(one.module, one);
  }
  const sorted = [...byId.values()].sort((a, b) => (a.module < b.module ? -1 : 1));
  const codes = new Map<string, ManifestCode>();
  for (const { codes: own, file } of sorted) {
    for (const code of own) {
      const known = codes.get(code.id);
      if (known !== undefined)
        throw new TypeError(`two functions are called ${code.id} (${file}:${known.line}, ${code.line})`);
      codes.set(code.id, code);
    }
  }
  const registered = sorted.filter(({ hash }) => hash !== "");
  return {
    format: MANIFEST_FORMAT,
    abi: ABI_VERSION,
    project,
    build: buildIdOf(registered.map(({ module: id, hash }) => ({ id, hash }))),
    modules: sorted,
  };
}

/** All of a module on which runs depend. Lines and columns are not part of it: comments change them. */
function fingerprintOf({ module, codes, records, steps }: Manifest): string {
  return JSON.stringify([
    module,
    codes.map(({ id, hash, points }) => [
      id,
      hash,
      points.map((point) => point && [point.name, point.fingerprint, point.live]),
    ]),
    records,
    steps,
  ]);
}

/** `coldframe.manifest.json`: JSON with a line for each code, so that differences of two builds can be read. */
export function manifestText({ modules, ...head }: BuildManifest): string {
  const list = (items: readonly unknown[], indent: string) =>
    items.map((one) => `\n${indent}${JSON.stringify(one)}`).join(",");
  const texts = modules.map(
    ({ module, file, hash, codes, records, steps }) =>
      `\n  {"module":${JSON.stringify(module)},"file":${JSON.stringify(file)},"hash":${JSON.stringify(hash)},"codes":[${list(codes, "   ")}],\n   "records":${JSON.stringify(records)},"steps":${JSON.stringify(steps)}}`,
  );
  return `${JSON.stringify(head).slice(0, -1)},\n "modules":[${texts.join(",")}\n]}\n`;
}
