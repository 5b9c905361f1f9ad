/** Servers of a test's own: started from what is installed, in temporary folders, never as root. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

export interface OwnServer {
  readonly url: string;
  readonly port: number;
  readonly version: string;
  /** Starts it, again when it was ended. Resolves when it answers. */
  start(): Promise<void>;
  /** Ends it with no chance to tidy up; resolves when it has. */
  crash(signal: NodeJS.Signals): Promise<void>;
  /** What it has written to its log, over all starts. */
  log(): string;
  /** Ends it, and removes its folder. */
  remove(): Promise<void>;
}

interface User {
  readonly uid?: number;
  readonly gid?: number;
}

/** Servers refuse to be root's. */
export function ordinaryUser(): User {
  if (process.getuid?.() !== 0) return {};
  const number = (flag: string) => Number(spawnSync("id", [flag, "nobody"], { encoding: "utf8" }).stdout);
  return { uid: number("-u"), gid: number("-g") };
}

/** @returns the path of the first of these programs that is in `PATH` or one of `folders`, or null */
export function findProgram(names: readonly string[], folders: readonly string[] = []): string | null {
  const all = [...(process.env["PATH"] ?? "").split(delimiter), ...folders];
  for (const name of names)
    for (const folder of all) if (existsSync(join(folder, name))) return join(folder, name);
  return null;
}

/** Folders of the versions of a program, the newest first. */
export function versionFolders(root: string): readonly string[] {
  if (!existsSync(root)) return [];
  const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(root, version, "bin"));
}

export interface Recipe {
  readonly version: string;
  /** Makes the database in `folder`; throws what went wrong. */
  make(folder: string, run: (program: string, args: readonly string[]) => void): void;
  /** The program and its arguments, which stays in the foreground and writes its log to its error output. */
  command(folder: string, port: number): readonly [program: string, args: readonly string[]];
  url(port: number): string;
  answers(url: string): Promise<boolean>;
}

/** How long a server may take to answer after a crash, in ms: what it has to recover is little. */
const PATIENCE = 60_000;

/** @param folder where its files are to be; default: a temporary one */
export async function ownServer(recipe: Recipe, folder?: string): Promise<OwnServer> {
  const home = folder ?? mkdtempSync(join(tmpdir(), "coldframe-server-"));
  mkdirSync(home, { recursive: true });
  const user = ordinaryUser();
  if (user.uid !== undefined) chownSync(home, user.uid, user.gid!);
  const options = { ...user, cwd: home, env: { ...process.env, LC_ALL: "C" } };
  recipe.make(home, (program, args) => {
    const { status, stderr, stdout, error } = spawnSync(program, args, { ...options, encoding: "utf8" });
    if (status !== 0) throw error ?? new Error(`${program} failed: ${stderr}${stdout}`);
  });
  const port = await freePort();
  const [program, args] = recipe.command(home, port);
  const url = recipe.url(port);
  const logFile = join(mkdtempSync(join(tmpdir(), "coldframe-log-")), "log");
  let child: ChildProcess | null = null;
  const end = () => child?.kill("SIGKILL");
  process.once("exit", end);
  const isUp = () => child !== null && child.exitCode === null && child.signalCode === null;
  const launch = () => {
    const log = openSync(logFile, "a");
    child = spawn(program, args, { ...options, stdio: ["ignore", log, log] });
    child.on("error", () => {});
    closeSync(log);
  };
  const crash = async (signal: NodeJS.Signals) => {
    if (!isUp()) return;
    const ended = once(child!, "exit");
    child!.kill(signal);
    await ended;
  };
  return {
    url,
    port,
    version: recipe.version,
    async start() {
      const patient = Date.now() + PATIENCE;
      for (;;) {
        if (!isUp()) launch();
        if (await recipe.answers(url)) return;
        if (Date.now() > patient) throw new Error(`${program} does not answer: ${tail(logFile)}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    crash,
    log: () => readFileSync(logFile, "utf8"),
    async remove() {
      await crash("SIGKILL");
      process.off("exit", end);
      rmSync(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
      rmSync(join(logFile, ".."), { recursive: true, force: true });
    },
  };
}

const tail = (file: string): string => readFileSync(file, "utf8").split("\n").slice(-12).join("\n");

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
