/** One check of a program: what is wrong in it, its manifest, and what becomes of the runs of the last release. */
import type { BuildManifest, Lock, Manifest } from "../abi/index.ts";
import { buildManifest, formatDiagnostic } from "../compiler/index.ts";
import { ColdframeError } from "../runtime/errors.ts";
import { calls } from "./calls.ts";
import { Carried } from "./carried.ts";
import { type Change, compare } from "./compare.ts";
import type { Finding } from "./finding.ts";
import { unsavable } from "./live.ts";
import { modulesOf } from "./lock.ts";
import type { SourceProgram } from "./program.ts";
import { Schemas } from "./rehearse.ts";
import { Roles } from "./roles.ts";
import { Savable } from "./savable.ts";
import { withTypes } from "./schemas.ts";
import { unsavableInSteps } from "./steps.ts";

export interface Checked {
  readonly findings: readonly Finding[];
  /** Suspend points of functions that changed since the last release. */
  readonly changes: readonly Change[];
}

/** What is wrong in the program by itself. */
export function findingsOf(program: SourceProgram): Finding[] {
  const findings: Finding[] = [];
  const roles = new Roles(program);
  const savable = new Savable(program);
  for (const module of program.modules.values()) {
    for (const one of module.diagnostics) {
      const { code, severity, file, line, column, excerpt } = one;
      const [title] = formatDiagnostic(one).split("\n");
      const message = title!.slice(code.length + 1);
      findings.push({
        code,
        severity,
        message,
        places: [{ file, line, column, excerpt, note: "" }],
        advice: "",
        fix: null,
      });
    }
    findings.push(...unsavableInSteps(module, program, roles, savable));
    if (module.manifest === null || module.manifest.codes.length === 0) continue;
    findings.push(...unsavable(module, program, roles, savable), ...calls(module, program, roles));
  }
  return unique(findings);
}

/** A function that several calls lead to needs one directive. */
function unique(findings: readonly Finding[]): Finding[] {
  const fixed = new Set<string>();
  return findings.map((one) => {
    if (one.fix === null) return one;
    const key = `${one.fix.path}:${one.fix.position}`;
    if (fixed.has(key)) return { ...one, fix: null };
    fixed.add(key);
    return one;
  });
}

/**
 * The manifest of the program as it stands, with types.
 * @throws ColdframeError CF3303 when two functions have one id
 */
export function manifestOf(program: SourceProgram, project: string): BuildManifest {
  const modules: Manifest[] = [];
  for (const module of program.modules.values())
    if (module.manifest !== null) modules.push(withTypes(module, module.manifest, program));
  try {
    return buildManifest(project, modules);
  } catch (error) {
    if (error instanceof TypeError)
      throw new ColdframeError(
        "CF3303",
        `${error.message}. Ids begin with the name of the nearest package.json and the path in it: give the copies different names, or leave one of them out of tsconfig.json.`,
      );
    throw error;
  }
}

/**
 * What becomes of the runs of the last release, and what is wrong with migrations.
 * @param lock null: nothing was released yet
 */
export function changesSince(
  program: SourceProgram,
  lock: Lock | null,
  manifest: BuildManifest,
): { readonly changes: Change[]; readonly findings: Finding[] } {
  const last = lock?.releases.at(-1);
  const versions = Object.values(lock?.codes ?? {});
  const carried = new Carried(program, new Roles(program));
  const now = new Schemas(manifest.modules, { carry: () => carried.register() });
  // Registering is what is looked at here.
  const bare = new Schemas(manifest.modules);
  const findings = bare.whileLoaded(() => carried.findings(now.codes, versions));
  if (last === undefined || last.build === manifest.build) return { changes: [], findings };
  return { changes: compare(new Schemas(modulesOf(lock!, last), { versions }), now), findings };
}

/** Absolute paths of the modules that a worker has to load: marked ones, and those with migrations. */
export function loadedByWorkers(program: SourceProgram): string[] {
  const marked = [...program.modules].filter(([, { manifest }]) => manifest !== null).map(([path]) => path);
  return [...new Set([...marked, ...new Carried(program, new Roles(program)).paths])];
}
