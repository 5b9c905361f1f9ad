/** `coldframe build`: which build the sources are, and a copy of it for workers that have newer code. */
import { existsSync } from "node:fs";
import { relative, resolve } from "node:path";
import { ColdframeError } from "../../runtime/errors.ts";
import type { Page } from "../page.ts";

export const build: Page = {
  name: "build",
  summary: "which build this is, and keep a copy of it",
  args: {
    keep: { type: "boolean", description: "write it into a folder, for workers with newer code" },
    folder: { type: "string", valueHint: "folder", description: "that of the copies (default: builds)" },
    bundle: {
      type: "string",
      valueHint: "name,…",
      description: 'packages to put into the copy, "*" for all (default: none)',
    },
  },
  rest: "module",
  examples: [
    "coldframe build ./main.ts",
    "coldframe build ./main.ts --keep && coldframe work ./main.ts --builds builds",
  ],
  notes: [
    "The marked modules that can be reached from these are bundled with what",
    "they import: one file, named by the build and by its content. Keep each",
    "build that you deploy as long as runs of it may be parked. What is in",
    "packages is imported from where the file is, unless --bundle names them.",
  ],
  async run({ rest, values, json }, terminal) {
    if (rest.length === 0)
      throw new ColdframeError("CF3201", "a module is missing. See coldframe build --help.");
    const { cwd } = terminal;
    const entries = rest.map((module) => resolve(cwd, module));
    for (const path of entries)
      if (!existsSync(path)) throw new ColdframeError("CF3203", `there is no module "${path}"`);
    const packages = ((values["bundle"] as string | undefined) ?? "").split(",").map((name) => name.trim());
    // Asked for here, so that no other command loads the compiler.
    const { bundleBuild, writeBuild } = await import("../../plugins/keep/index.ts");
    const bundled = await bundleBuild({ cwd, entries, bundle: packages.filter((name) => name !== "") });
    const { build: id, modules } = bundled.manifest;
    const folder = resolve(cwd, (values["folder"] as string | undefined) ?? "builds");
    const path = values["keep"] === true ? writeBuild(folder, bundled) : null;
    const file = path === null ? null : relative(cwd, path);
    const counted = `${modules.length} marked ${modules.length === 1 ? "module" : "modules"}`;
    if (json)
      terminal.print(JSON.stringify({ build: id, modules: modules.map(({ module }) => module), file }));
    else
      terminal.print(
        file === null ? `build ${id} of ${counted}` : `build ${id} of ${counted} is kept in ${file}`,
      );
  },
};
