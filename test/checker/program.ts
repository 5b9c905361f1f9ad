/** The sources of this repository as a program to be checked: its fixtures and examples. */
import { fileURLToPath } from "node:url";
import { SourceProgram } from "../../checker/index.ts";

export const root = fileURLToPath(new URL("../../", import.meta.url));

export const ownProgram = (): SourceProgram =>
  new SourceProgram(`${root}test/checker/tsconfig.json`, root, (filename) => {
    const file = filename.slice(root.length);
    return { filename: file, moduleId: `coldframe/${file}` };
  });
