/** The command line as people have it, in a process of its own, and in that of the test, which takes a tenth of the time. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { commandLine } from "../../../cli/command-line.ts";
import { styleFor } from "../../../cli/render/style.ts";

export const root = fileURLToPath(new URL("../../../", import.meta.url));
export const main = join(root, "dist/cli/main.js");

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What the command line takes from the environment, which nobody's shell is to decide. */
type Env = Readonly<Record<string, string>>;

/** Runs a program of Node to its end. */
export function node(args: readonly string[], env: Env = {}, cwd = root): Promise<Ended> {
  const { NO_COLOR: _, COLDFRAME_STORE: __, COLDFRAME_SEAL: ___, ...inherited } = process.env;
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd, env: { ...inherited, ...env } }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out: out.trimEnd(), err: err.trimEnd() });
    });
  });
}

/** One command, here. Not for those that load the user's modules: here these would be loaded by the test runner. */
export async function here(words: readonly string[], env: Env = {}, cwd = root): Promise<Ended> {
  const said = { out: [] as string[], err: [] as string[] };
  const code = await commandLine(words, {
    print: (text) => void said.out.push(text),
    warn: (text) => void said.err.push(text),
    width: 80,
    style: styleFor({ isTTY: false } as NodeJS.WriteStream, {}),
    cwd,
    env,
  });
  return { code, out: said.out.join("\n").trimEnd(), err: said.err.join("\n").trimEnd() };
}
