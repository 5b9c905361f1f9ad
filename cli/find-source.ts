/** Finds the author's source file of a function by its module id: the folder above whose package has that name. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * @param code `module#function`, the module being the package's name and the file's path in it
 * @param file path in the package
 * @param cwd where to look, and in all folders above
 * @returns the text, or null when this is not the machine or folder that has it
 */
export function findSource(code: string, file: string, cwd: string): string | null {
  const module = code.slice(0, code.lastIndexOf("#"));
  const owner = module.endsWith(`/${file}`) ? module.slice(0, -file.length - 1) : null;
  for (let folder = cwd; ; folder = dirname(folder)) {
    const path = join(folder, file);
    if (existsSync(path) && (owner === null || nameOfPackage(folder) === owner))
      return readFileSync(path, "utf8");
    if (dirname(folder) === folder) return null;
  }
}

function nameOfPackage(folder: string): string | null {
  try {
    const { name } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { name?: string };
    return name ?? null;
  } catch {
    return null;
  }
}
