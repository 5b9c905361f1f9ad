/**
 * A Postgres primary with a synchronous standby, behind one port. When the primary has ended, its standby is promoted, and gets a new
 * standby made from it: whatever was acknowledged is on both.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, realpathSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { findProgram, type OwnServer, ordinaryUser, ownServer } from "./own.ts";
import { ownPostgres, postgresRecipe } from "./own-postgres.ts";

/** How long a standby may take to follow, in ms. */
const PATIENCE = 60_000;

/**
 * @param settings of both servers
 * @throws when `pg_basebackup`, which makes standbys, is not installed beside the server
 */
export async function ownPair(bin: string, settings: Readonly<Record<string, string>>): Promise<OwnServer> {
  const copy = findProgram(["pg_basebackup"], [realpathSync(bin)]);
  if (copy === null) throw new Error("pg_basebackup is not installed");
  const all = { ...settings, wal_level: "replica", hot_standby: "on", max_wal_senders: "8" };
  let primary = await ownPostgres(bin, all);
  let standby: OwnServer | null = null;
  /** The primary has ended, and its standby knows all that it had acknowledged. */
  let fails = false;
  let past = "";
  const front = await Front.open(primary.port);

  const retire = async (server: OwnServer) => {
    past += server.log();
    await server.remove();
  };
  const follow = async () => {
    standby = await standbyOf(bin, copy, all, primary.port);
    await standby.start();
  };
  const start = async () => {
    if (fails && standby !== null) {
      await ask(standby.url, "SELECT pg_promote(true, 60)");
      const old = primary;
      primary = standby;
      standby = null;
      front.target = primary.port;
      await retire(old);
    }
    fails = false;
    await primary.start();
    if (standby === null) await follow();
    else await (standby as OwnServer).start();
    // From now on nothing is acknowledged that only one of them has; what is cloned from here has the setting, too.
    await ask(primary.url, "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()");
    for (const end = Date.now() + PATIENCE; !(await isSynchronous(primary)); ) {
      if (Date.now() > end) throw new Error("the standby does not follow");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  return {
    url: primary.url.replace(/:\d+\//, `:${front.port}/`),
    port: front.port,
    version: `with a standby, ${primary.version}`,
    start,
    async crash(signal) {
      fails = await isSynchronous(primary);
      await primary.crash(signal);
    },
    log: () => [past, primary.log(), standby?.log()].join("\n"),
    async remove() {
      front.close();
      await standby?.remove();
      await primary.remove();
    },
  };
}

async function standbyOf(
  bin: string,
  copy: string,
  settings: Readonly<Record<string, string>>,
  port: number,
): Promise<OwnServer> {
  const home = mkdtempSync(join(tmpdir(), "coldframe-standby-"));
  const user = ordinaryUser();
  if (user.uid !== undefined) chownSync(home, user.uid, user.gid!);
  const from = ["-h", "127.0.0.1", "-p", String(port), "-U", "postgres"];
  const how = ["-D", join(home, "data"), "-X", "stream", "-R", "-c", "fast", "--no-sync"];
  const child = spawn(copy, [...from, ...how], { ...user, cwd: home, stdio: "ignore" });
  const [status] = (await once(child, "exit")) as [number | null];
  if (status !== 0) throw new Error(`pg_basebackup ended with ${status}`);
  return ownServer({ ...postgresRecipe(bin, settings), make: () => {} }, home);
}

async function isSynchronous(primary: OwnServer): Promise<boolean> {
  const rows = await ask(primary.url, "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'");
  return rows.length > 0;
}

async function ask(url: string, ...statements: readonly string[]): Promise<readonly unknown[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  client.on("error", () => {});
  await client.connect();
  try {
    let rows: readonly unknown[] = [];
    for (const text of statements) rows = (await client.query(text)).rows;
    return rows;
  } finally {
    await client.end().catch(() => {});
  }
}

/** One port for whichever server is the primary. */
class Front {
  target: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: number) {
    this.target = target;
    this.#server = createServer((client) => this.#carry(client));
  }

  static async open(target: number): Promise<Front> {
    const front = new Front(target);
    front.#server.listen(0, "127.0.0.1");
    await once(front.#server, "listening");
    return front;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #carry(client: Socket): void {
    const server = connect(this.target, "127.0.0.1");
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}
