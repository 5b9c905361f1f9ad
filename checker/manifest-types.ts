/**
 * `coldframe/manifest-types`: types for the manifests that bundlers write. The plugins know nothing of TypeScript; whoever wants types
 * hands this to them. ts-morph is loaded when the first manifest is written, not with the bundler's configuration.
 */
import type { TypeManifests } from "../abi/index.ts";
import { ColdframeError } from "../runtime/errors.ts";

export type { TypeManifests } from "../abi/index.ts";

/**
 * For the option `types` of the bundler plugins: `coldframe({ types: manifestTypes() })`. It reads the program as TypeScript does, which
 * takes seconds: leave it out where a build is watched.
 * @param options.project the tsconfig.json. Default: the nearest one of each module
 * @throws ColdframeError, while the manifest is written, CF3304 when ts-morph is not installed, CF3203 when there is no tsconfig.json
 */
export function manifestTypes({ project }: { readonly project?: string } = {}): TypeManifests {
  return async (modules) => {
    const { typedManifests } = await loadTyped();
    return typedManifests(modules, project ?? null);
  };
}

async function loadTyped(): Promise<typeof import("./typed-manifests.ts")> {
  try {
    return await import("./typed-manifests.ts");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ERR_MODULE_NOT_FOUND" || !message.includes("ts-morph")) throw error;
    throw new ColdframeError(
      "CF3304",
      "types are read with ts-morph, which is not installed: npm install --save-dev ts-morph",
      { cause: error },
    );
  }
}
