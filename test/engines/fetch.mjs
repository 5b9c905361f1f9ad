/**
 * The engines of the tour. They come from the npm registry, without install scripts, into a cache that git ignores; Chromium is
 * looked for on the machine (`CHROMIUM`, or `chromium` on the path): Debian's package of that name has it.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { arch, env, platform } from "node:process";

const { linux, darwin } = {
  linux: {
    x64: ["linux-x64", "linux-x64", "linux-x64-glibc", "linux-64"],
    arm64: ["linux-arm64", "linux-aarch64", "linux-arm64-glibc", "linux-arm64"],
  },
  darwin: {
    x64: ["darwin-x64", "darwin-x64", "darwin-x64", "darwin-64"],
    arm64: ["darwin-arm64", "darwin-aarch64", "darwin-arm64", "darwin-arm64"],
  },
};

/** @typedef {{ name: string, kind: "node" | "bun" | "deno" | "workerd" | "chromium", program: string | null, why: string }} Engine */

/**
 * @param {string} folder of the cache
 * @returns {Engine[]} in the order of the tour; `program` null where it is not to be had, and `why`
 */
export function fetchEngines(folder) {
  const names = { linux, darwin }[platform]?.[arch];
  const packages = names === undefined ? [] : packagesOf(names);
  const missing = packages.filter(({ program }) => !existsSync(join(folder, program)));
  let failure = names === undefined ? `no packages for ${platform} ${arch}` : "";
  if (missing.length > 0) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "private": true }');
    const wanted = packages.map(({ alias, from }) => `${alias}@npm:${from}`);
    const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--force"];
    try {
      execFileSync("npm", ["install", ...options, ...wanted], {
        cwd: folder,
        stdio: ["ignore", "ignore", "pipe"],
      });
    } catch (error) {
      failure = `npm could not install it: ${String(error.stderr).split("\n")[0]}`;
    }
  }
  const engines = packages.map(({ name, kind, program }) => {
    const path = join(folder, program);
    return { name, kind, program: existsSync(path) ? path : null, why: failure };
  });
  const chromium = findChromium();
  return [
    ...engines,
    {
      name: "Chromium",
      kind: "chromium",
      program: chromium,
      why: "not on this machine: apt-get install chromium, or set CHROMIUM",
    },
  ];
}

function packagesOf([node, bun, deno, workerd]) {
  const nodes = [20, 22, 24, 26].map((major) => ({
    name: `Node ${major}`,
    kind: "node",
    alias: `node-${major}`,
    from: `node-${node}@${major}`,
    program: `node_modules/node-${major}/bin/node`,
  }));
  return [
    ...nodes,
    {
      name: "Bun",
      kind: "bun",
      alias: "bun-engine",
      from: `@oven/bun-${bun}@1`,
      program: "node_modules/bun-engine/bin/bun",
    },
    {
      name: "Deno",
      kind: "deno",
      alias: "deno-engine",
      from: `@deno/${deno}@2`,
      program: "node_modules/deno-engine/deno",
    },
    {
      name: "workerd",
      kind: "workerd",
      alias: "workerd-engine",
      from: `@cloudflare/workerd-${workerd}@1`,
      program: "node_modules/workerd-engine/bin/workerd",
    },
  ];
}

function findChromium() {
  if (env.CHROMIUM) return env.CHROMIUM;
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    try {
      return execFileSync("which", [name], { encoding: "utf8" }).trim();
    } catch {
      // The next one.
    }
  }
  return null;
}
