/** The manifests of the modules that a bundler meets, for the file that it writes beside the bundle. */
import type { TypeManifests } from "../abi/index.ts";
import { buildManifest, type Manifest, manifestText } from "../compiler/index.ts";
import { packageNameOf } from "./compile-module.ts";
import { isInModules } from "./files.ts";

/** What the file is called, in the output folder of the build. */
export const MANIFEST_FILE = "coldframe.manifest.json";

export class MetModules {
  readonly #byFile = new Map<string, Manifest>();

  /** @param manifest null: nothing in the file is marked, any more */
  meet(filename: string, manifest: Manifest | null): void {
    if (manifest === null) this.#byFile.delete(filename);
    else this.#byFile.set(filename, manifest);
  }

  /** Text of the manifest; null when no marked module was met. The project is the package of the author's first module. */
  async text(types: TypeManifests | undefined): Promise<string | null> {
    const files = [...this.#byFile]
      .sort(([, a], [, b]) => (a.module < b.module ? -1 : 1))
      .map(([file]) => file);
    const first = files.find((one) => !isInModules(one)) ?? files[0];
    if (first === undefined) return null;
    const modules = types === undefined ? this.#byFile : await types(this.#byFile);
    return manifestText(buildManifest(packageNameOf(first) ?? "", modules.values()));
  }
}
