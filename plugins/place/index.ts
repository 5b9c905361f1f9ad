/** How the plugins would compile a file, for tools that compile for themselves: the checker. */
import { packageNameOf, placeOf } from "../compile-module.ts";
import { importedBy } from "../imported.ts";
import { optionsOf } from "../include.ts";
import { decoratorsOf } from "../tsconfig.ts";

/** @param filename absolute path */
export function describeModule(
  filename: string,
  source: string,
): { readonly filename: string; readonly moduleId: string; readonly imported: string } & ReturnType<
  typeof decoratorsOf
> {
  const { file, moduleId } = placeOf(filename);
  const imported = importedBy(source, filename).digest;
  return { filename: file, moduleId, imported, ...decoratorsOf(filename) };
}

/** The packages that the package.json of a folder, or of the nearest one around it, says are compiled as they are. */
export const includedIn = (folder: string): readonly string[] => optionsOf(folder).include ?? [];

export { packageNameOf };
