/** How the plugins would compile a file, for tools that compile for themselves: the checker. */
import { packageNameOf, placeOf } from "../compile-module.ts";
import { decoratorsOf } from "../tsconfig.ts";

/** @param filename absolute path */
export function describeModule(
  filename: string,
): { readonly filename: string; readonly moduleId: string } & ReturnType<typeof decoratorsOf> {
  const { file, moduleId } = placeOf(filename);
  return { filename: file, moduleId, ...decoratorsOf(filename) };
}

export { packageNameOf };
