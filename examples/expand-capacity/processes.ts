/** Child processes of the tour: the worker that will be killed, and the command line. None outlives the tour. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const children = new Map<ChildProcess, Promise<Ended>>();

/** What a program printed and how it ended. */
export interface Ended {
  readonly output: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly pid: number;
  /** Resolves when the process is gone. */
  readonly ended: Promise<Ended>;
  kill(): void;
}

/** Starts Node with these arguments, in the root of the repository. */
export function node(args: readonly string[], env: Readonly<Record<string, string>>): Child {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const ended = once(child, "close").then(([code, signal]): Ended => {
    children.delete(child);
    return { output, code, signal };
  });
  children.set(child, ended);
  return { pid: child.pid!, ended, kill: () => void child.kill("SIGKILL") };
}

/** Kills what is still there, by process id, and resolves when all of it is gone: then nobody writes files any more. */
export async function endAll(): Promise<void> {
  for (const child of children.keys()) child.kill("SIGKILL");
  await Promise.allSettled(children.values());
}
