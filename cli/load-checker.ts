/** The checker and the program that it is to look at. Asked for by import(), so that no other command loads TypeScript. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Lock } from "../abi/index.ts";
import { ColdframeError } from "../runtime/errors.ts";
import type { Invocation, Terminal } from "./page.ts";

type Checker = typeof import("../checker/index.ts");

export interface Loaded {
  readonly checker: Checker;
  readonly program: InstanceType<Checker["SourceProgram"]>;
  /** Name of the package. */
  readonly project: string;
  readonly version: string;
  readonly lockPath: string;
}

/**
 * @throws ColdframeError CF3304 when ts-morph is not installed, CF3203 when there is no tsconfig.json
 */
export async function loadChecker(invocation: Invocation, { cwd }: Pick<Terminal, "cwd">): Promise<Loaded> {
  const checker = await importChecker();
  const { describeModule, includedIn, packageNameOf } = await import("../plugins/place/index.ts");
  const given = invocation.values["project"] as string | undefined;
  const tsconfig = given === undefined ? checker.findTsconfig(cwd) : resolve(cwd, given);
  const besideLock = [checker.MIGRATIONS_FILE, checker.LOCK_TYPES_FILE].map((name) => join(cwd, name));
  const program = new checker.SourceProgram(tsconfig, cwd, describeModule, besideLock, includedIn(cwd));
  return {
    checker,
    program,
    project: packageNameOf(join(cwd, "package.json")) ?? "",
    version: versionOf(cwd),
    lockPath: join(cwd, checker.LOCK_FILE),
  };
}

async function importChecker(): Promise<Checker> {
  try {
    return await import("../checker/index.ts");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ERR_MODULE_NOT_FOUND" || !message.includes("ts-morph")) throw error;
    throw new ColdframeError(
      "CF3304",
      "types are read with ts-morph, which is not installed: npm install --save-dev ts-morph",
      { cause: error },
    );
  }
}

function versionOf(folder: string): string {
  const path = join(folder, "package.json");
  if (!existsSync(path)) return "";
  return (JSON.parse(readFileSync(path, "utf8")) as { version?: string }).version ?? "";
}

/** The lock file; null when nothing was released yet. */
export function lockOf({ checker, lockPath, project }: Loaded): Lock | null {
  return existsSync(lockPath)
    ? checker.readLock(readFileSync(lockPath, "utf8"), checker.LOCK_FILE, project)
    : null;
}
