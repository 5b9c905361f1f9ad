/**
 * `npm run test:packages`: packages of other people, unmodified, compiled by `include`, and once more saved and restored between any two
 * jobs, against themselves. They come from the npm registry into a cache that git ignores.
 *
 *   npm run test:packages -- lodash yaml     only these programs
 */
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { argv, env, execPath, exit } from "node:process";
import { fileURLToPath } from "node:url";
import { programs } from "./programs.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = fileURLToPath(new URL("../../", import.meta.url));
const cache = join(root, "node_modules/.cache/coldframe-packages");
const modules = join(cache, "node_modules");

/** What the programs import. Versions are those that were tried; what they depend on is compiled with them. */
const wanted = `acorn@8 ajv@8 async@3 bluebird@3 bottleneck@2 chess.js@1 commander@14 csv-parse@6 dayjs@1 decimal.js@10 escodegen@2
  esprima@4 fast-xml-parser@5 handlebars@4 htmlparser2@10 immer@10 ini@5 joi@18 jsonata@2 lodash@4 luxon@3 marked@16 mathjs@14 moment@2
  p-limit@7 p-map@7 p-queue@9 pegjs@0.10 ramda@0.32 rxjs@7 sucrase@3 terser@5 xstate@5 yaml@2 yargs-parser@22 zod@4`;

function install() {
  const stamp = join(cache, "installed");
  if (existsSync(stamp)) return;
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, "package.json"), '{ "private": true, "type": "module" }');
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  execFileSync("npm", ["install", ...options, ...wanted.split(/\s+/)], { cwd: cache, stdio: "inherit" });
  writeFileSync(stamp, "");
}

/** All that was installed, so that no package calls one that is not compiled. */
function installed() {
  return readdirSync(modules).flatMap((name) =>
    name.startsWith("@") ? readdirSync(join(modules, name)).map((one) => `${name}/${one}`) : [name],
  );
}

function run(names, options, environment = {}) {
  const output = execFileSync(execPath, [...options, "run.mjs", ...names], {
    cwd: cache,
    encoding: "utf8",
    env: { ...env, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 1 << 28,
  });
  return new Map(output.split("\n").filter(Boolean).map(JSON.parse));
}

install();
const include = installed().filter((name) => name !== "coldframe" && !name.startsWith("."));
writeFileSync(
  join(cache, "package.json"),
  JSON.stringify({ private: true, type: "module", coldframe: { include } }),
);
if (!existsSync(join(modules, "coldframe"))) symlinkSync(root, join(modules, "coldframe"), "junction");
for (const file of ["programs.mjs", "run.mjs"]) copyFileSync(join(here, file), join(cache, file));

const names = argv.length > 2 ? argv.slice(2) : Object.keys(programs);
const expected = run(names, []);
const register = ["--import", "coldframe/register"];
const regimes = { compiled: run(names, register), parked: run(names, register, { PARKED: "1" }) };
let failed = 0;
for (const name of names) {
  for (const [regime, results] of Object.entries(regimes)) {
    const [is, was] = [results.get(name), expected.get(name)].map((one) => JSON.stringify(one));
    if (is === was) continue;
    failed++;
    console.log(`${name}, ${regime}\n  is  ${is}\n  was ${was}`);
  }
}
console.log(`${names.length * 2 - failed} passed, ${failed} failed`);
exit(failed === 0 ? 0 : 1);
