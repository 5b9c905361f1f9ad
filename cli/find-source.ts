/** Finds the author's source file of a function by its module id: in the folder above whose package has that name, or where that is linked. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * @param code `module#function`, the module being the package's name and the file's path in it
 * @param file path in the package; another one than the module's where another tool has compiled that before
 * @param cwd where to look, and in all folders above
 * @returns the text, or null when this is not the machine or folder that has it
 */
export function findSource(code: string, file: string, cwd: string): string | null {
  const module = code.slice(0, code.lastIndexOf("#"));
  // A package that is installed has its major version in the name.
  const owner = ownerOf(module, file)?.replace(/(?<=.)@\d+$/, "") ?? null;
  for (let folder = cwd; ; folder = dirname(folder)) {
    const linked = owner === null ? null : join(folder, "node_modules", owner);
    for (const root of linked === null ? [folder] : [folder, linked]) {
      const path = join(root, file);
      if (existsSync(path) && (owner === null || nameOfPackage(root) === owner))
        return readFileSync(path, "utf8");
    }
    if (dirname(folder) === folder) return null;
  }
}

/** Null: the file belongs to no package. */
function ownerOf(module: string, file: string): string | null {
  if (module.endsWith(`/${file}`)) return module.slice(0, -file.length - 1);
  return module === file || file.endsWith(`/${module}`)
    ? null
    : (/^(?:@[^/]+\/)?[^/]+/.exec(module)?.[0] ?? null);
}

function nameOfPackage(folder: string): string | null {
  try {
    const { name } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { name?: string };
    return name ?? null;
  } catch {
    return null;
  }
}
