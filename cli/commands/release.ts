/** `coldframe release`: remembers this build as released, for `coldframe check`. */
import { existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { loadChecker, lockOf } from "../load-checker.ts";
import type { Page } from "../page.ts";

export const release: Page = {
  name: "release",
  summary: "remember this build as released",
  args: {
    project: {
      type: "string",
      valueHint: "file",
      description: "the tsconfig.json (default: the nearest one)",
    },
  },
  examples: ["coldframe release && git add coldframe.lock.*"],
  notes: [
    "Appends to coldframe.lock.json, which belongs into version control, and",
    "writes coldframe.lock.d.ts: migrate() knows by it what old locals were.",
  ],
  async run(invocation, terminal) {
    const loaded = await loadChecker(invocation, terminal);
    const { checker, program, project, version, lockPath } = loaded;
    const lock = lockOf(loaded);
    const manifest = checker.manifestOf(program, project);
    const next = checker.append(lock, manifest, version);
    const isNew = next !== lock;
    if (isNew) writeFileSync(lockPath, checker.lockText(next));
    const typesPath = join(dirname(lockPath), checker.LOCK_TYPES_FILE);
    if (isNew || !existsSync(typesPath)) writeFileSync(typesPath, checker.lockTypes(next, program));
    const { build } = manifest;
    if (invocation.json) terminal.print(JSON.stringify({ build, version, released: isNew }));
    else
      terminal.print(
        isNew ? `release ${build} is in ${checker.LOCK_FILE}` : `release ${build} is the last one already`,
      );
  },
};
