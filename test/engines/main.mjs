/**
 * `npm run test:engines`: carries one run through all engines, one await in each, and back, and compares what it did with the
 * uncompiled program; then lets a whole engine with the store in memory finish a workflow in each, mounts the HTTP handler in
 * those that have a server of their own, and runs a program as it is written, by coldframe/register, in Bun and Deno.
 *
 *   --allow-missing   engines that are not to be had here are left out; otherwise that is a failure
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv, env, exit } from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { coldframe } from "coldframe/vite";
import { build } from "vite";
import { fetchEngines } from "./fetch.mjs";
import { HOOKED, hookedIn } from "./hook.mjs";
import { SEEN, serveIn } from "./http.mjs";
import { runIn } from "./run-in.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "coldframe-engines-"));

/** @param {string} entry @param {unknown[]} plugins @returns {Promise<string>} path of the bundle */
async function bundle(entry, plugins) {
  const name = plugins.length > 0 ? "compiled" : "plain";
  await build({
    configFile: false,
    logLevel: "error",
    root,
    plugins,
    resolve: {
      alias: [
        { find: /^coldframe\/machine$/, replacement: join(root, "runtime/machine/index.ts") },
        { find: /^coldframe$/, replacement: join(root, "runtime/index.ts") },
      ],
    },
    build: {
      outDir: join(folder, name),
      target: "es2022",
      minify: false,
      lib: { entry: join(root, "test/engines", entry), formats: ["es"], fileName: () => "bundle.mjs" },
      // One file is what all engines are given, also those that have no files.
      rollupOptions: { output: { inlineDynamicImports: true } },
    },
  });
  return join(folder, name, "bundle.mjs");
}

/** What the program does when nothing is compiled, told the same names. */
async function uncompiled(names) {
  const { tour } = await import(pathToFileURL(await bundle("tour.ts", [])).href);
  globalThis.stops = names;
  return tour(names.length);
}

async function main() {
  const engines = fetchEngines(join(root, "node_modules/.cache/coldframe-engines"));
  const missing = engines.filter(({ program }) => program === null);
  for (const { name, why } of missing) console.log(`✗ ${name.padEnd(9)} left out: ${why}`);
  const present = engines.filter(({ program }) => program !== null);
  const compiled = await bundle("hop.ts", [coldframe()]);
  // Begun in the first, which is also the last: it has been everywhere between.
  const stops = [...present.slice(1), present[0]];
  const names = stops.map(({ name }) => name);
  let { snapshot } = await runIn(present[0], compiled, {
    call: "hop",
    input: { snapshot: null, name: "", stops: stops.length },
  });
  let landing = null;
  for (const engine of stops) {
    const input = { snapshot, name: engine.name, stops: stops.length };
    landing = await runIn(engine, compiled, { call: "hop", input });
    console.log(`✓ ${engine.name.padEnd(9)} carried on ${snapshot.length} characters`);
    if (landing.snapshot !== null) snapshot = landing.snapshot;
  }
  const expected = JSON.stringify(await uncompiled(names));
  if (JSON.stringify(landing.result) !== expected) {
    console.error(
      `✗ the result differs from that of the uncompiled program\n  ${JSON.stringify(landing.result)}\n  ${expected}`,
    );
    return 1;
  }
  console.log(`✓ the same result as uncompiled, after ${stops.length} engines`);
  for (const engine of present) {
    const result = await runIn(engine, compiled, { call: "demo", input: null });
    if (result !== "lamp for 40 by kim") {
      console.error(`✗ ${engine.name}: an engine with the store in memory gave ${JSON.stringify(result)}`);
      return 1;
    }
  }
  console.log(`✓ an engine with the store in memory works in all ${present.length}`);
  for (const engine of present) {
    const seen = await serveIn(engine, root, folder);
    if (seen === null) continue;
    if (seen !== SEEN) {
      console.error(`✗ ${engine.name}: its server gave\n  ${seen} instead of\n  ${SEEN}`);
      return 1;
    }
    console.log(`✓ ${engine.name.padEnd(9)} serves the mount of docs/http.md`);
  }
  for (const engine of present) {
    const printed = hookedIn(engine, root, folder);
    if (printed === null) continue;
    if (printed !== HOOKED) {
      console.error(`✗ ${engine.name}: with coldframe/register it printed\n  ${printed}`);
      return 1;
    }
    console.log(
      `✓ ${engine.name.padEnd(9)} runs TypeScript with coldframe/register, and goes on after it was killed`,
    );
  }
  if (missing.length === 0) return 0;
  const told = `not tried: ${missing.map(({ name }) => name).join(", ")}. What was found holds for the other ${present.length} engines only.`;
  // GitHub shows such a line on the page of the run.
  console.error(env.GITHUB_ACTIONS === "true" ? `::warning title=Engines left out::${told}` : `✗ ${told}`);
  return argv.includes("--allow-missing") ? 0 : 1;
}

try {
  exit(await main());
} finally {
  rmSync(folder, { recursive: true, force: true });
}
