/** A MySQL or MariaDB server of a test's own. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import { findProgram, type OwnServer, ownServer } from "./own.ts";

export interface MysqlPrograms {
  readonly server: string;
  /** MariaDB has a program of its own for it. */
  readonly install: string | null;
}

export function mysqlPrograms(): MysqlPrograms | null {
  const folders = ["/usr/sbin", "/usr/local/sbin", "/usr/libexec"];
  const server = findProgram(["mariadbd", "mysqld"], folders);
  if (server === null) return null;
  return { server, install: findProgram(["mariadb-install-db", "mysql_install_db"], folders) };
}

export function ownMysql(
  { server, install }: MysqlPrograms,
  settings: Readonly<Record<string, string>> = {},
): Promise<OwnServer> {
  const recipe = {
    version: spawnSync(server, ["--version"], { encoding: "utf8" }).stdout.trim(),
    make(home: string, run: (program: string, args: readonly string[]) => void) {
      const data = `--datadir=${join(home, "data")}`;
      if (install === null) run(server, ["--no-defaults", "--initialize-insecure", data]);
      else
        run(install, ["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", data]);
    },
    command(home: string, port: number): readonly [string, readonly string[]] {
      const all = {
        datadir: join(home, "data"),
        socket: join(home, "s"),
        "pid-file": join(home, "pid"),
        "bind-address": "127.0.0.1",
        port,
        ...settings,
      };
      const set = Object.entries(all).map(([name, value]) => `--${name}=${value}`);
      return [server, ["--no-defaults", ...set]];
    },
    url: (port: number) => `mysql://root@127.0.0.1:${port}/test`,
    answers,
  };
  return ownServer(recipe);
}

/** The database is made by the one who asks first. */
async function answers(url: string): Promise<boolean> {
  try {
    const connection = await createConnection({ uri: url.replace(/\/test$/, "/"), connectTimeout: 2000 });
    await connection.query("CREATE DATABASE IF NOT EXISTS test");
    await connection.end();
    return true;
  } catch {
    return false;
  }
}
