/** To read the types of Node and the browser takes most of a check: it is done once, and then as `--watch` does it. */
import { existsSync, readFileSync } from "node:fs";

type Module = typeof import("../../checker/program.ts");

/** What to put in the place of `checker/program.ts`. */
export function keeping(module: Module): Module {
  const kept = new Map<string, InstanceType<Module["SourceProgram"]>>();
  const SourceProgram = new Proxy(module.SourceProgram, {
    construct(Program, given: ConstructorParameters<Module["SourceProgram"]>) {
      const [tsconfig, folder, , more] = given;
      const text = existsSync(tsconfig) ? readFileSync(tsconfig, "utf8") : "";
      const name = JSON.stringify([tsconfig, text, folder, more]);
      const known = kept.get(name);
      known?.refresh();
      const program = known ?? new Program(...given);
      kept.set(name, program);
      return program;
    },
  });
  return { ...module, SourceProgram };
}
