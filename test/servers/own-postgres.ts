/** A Postgres cluster of a test's own. */
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { findProgram, type OwnServer, ownServer, type Recipe, versionFolders } from "./own.ts";
import { answers } from "./postgres.ts";

/** Where packages put what is not in `PATH`. */
const PLACES = ["/usr/lib/postgresql", "/opt/homebrew/opt/postgresql", "/usr/local/pgsql"];

/** The folder with `initdb` and `postgres`, or null. */
export function postgresPrograms(): string | null {
  const initdb = findProgram(["initdb"], PLACES.flatMap(versionFolders));
  return initdb === null ? null : dirname(initdb);
}

/** @param settings of the server; @param folder where its files are to be */
export function ownPostgres(
  bin: string,
  settings: Readonly<Record<string, string>> = {},
  folder?: string,
): Promise<OwnServer> {
  return ownServer(postgresRecipe(bin, settings), folder);
}

export function postgresRecipe(bin: string, settings: Readonly<Record<string, string>>): Recipe {
  return {
    version: spawnSync(join(bin, "postgres"), ["--version"], { encoding: "utf8" }).stdout.trim(),
    make(home, run) {
      const made = ["-D", join(home, "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"];
      run(join(bin, "initdb"), [...made, "--no-sync", "--wal-segsize=1"]);
    },
    command(home, port) {
      const all = { port, listen_addresses: "127.0.0.1", unix_socket_directories: home, ...settings };
      const set = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
      return [join(bin, "postgres"), ["-D", join(home, "data"), ...set]];
    },
    url: (port) => `postgres://postgres@127.0.0.1:${port}/postgres`,
    answers,
  };
}
