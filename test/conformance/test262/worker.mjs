/** Runs programs of the suite one after another, as main.mjs sends them, and says how each ended. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { runPlanted } from "./awaits.mjs";
import { Harness } from "./harness.mjs";
import { runPlain } from "./plain.mjs";
import { readProgram } from "./program.mjs";

const { suite, bundle, mode, ...options } = JSON.parse(process.argv[2]);
const harness = new Harness(suite, bundle);

// Programs may leave promises rejected.
process.on("unhandledRejection", () => {});
process.on("uncaughtException", () => {});

process.on("message", async (path) => {
  const program = readProgram(path, readFileSync(join(suite, "test", path), "utf8"));
  const now = (under) => process.send({ path, now: under });
  const run = mode === "awaits" ? runPlanted : runPlain;
  process.send({ path, results: await run(program, harness, now, options) });
});
process.send({ ready: true });
