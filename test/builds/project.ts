/** A package on disk of which builds are kept, and whose versions the process is started with. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileModule } from "../../plugins/compile-module.ts";
import { bundleBuild, writeBuild } from "../../plugins/keep/index.ts";
import { type Exports, evaluateBeside, type Imports, unload } from "../changes/load.ts";

export class Project {
  readonly folder = mkdtempSync(join(tmpdir(), "coldframe-builds-"));
  readonly builds = join(this.folder, "builds");

  constructor() {
    writeFileSync(
      join(this.folder, "package.json"),
      '{ "name": "shop", "version": "1.2.3", "type": "module" }',
    );
    mkdirSync(this.builds);
  }

  write(name: string, source: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, source);
    return path;
  }

  /** Keeps a version of `flow.ts`. @returns its build and the path of its file */
  async keep(source: string, bundle: readonly string[] = []): Promise<{ build: string; path: string }> {
    const entries = [this.write("flow.ts", source)];
    const bundled = await bundleBuild({ cwd: this.folder, entries, bundle });
    return { build: bundled.manifest.build, path: writeBuild(this.builds, bundled) };
  }

  /** Starts the process with a version of `flow.ts`, and no other. */
  load(source: string, imports: Imports = {}): Exports {
    unload();
    const compiled = compileModule(source, this.write("flow.ts", source))!;
    return evaluateBeside(compiled.code, imports);
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true });
  }
}
