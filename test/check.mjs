/**
 * `npm run check`: lint, and types twice, since the runtime has to do without those of Node. Types of everything take as long as the
 * rest together, so they are looked at beside it. Prints what each says; ends with 1 when one of them complains.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const bin = (...path) => join(root, "node_modules", ...path);
const types = (project) => [bin("typescript/bin/tsc"), "-p", project];
const lint = [bin("@biomejs/biome/bin/biome"), "check", "--error-on-warnings", "."];

/** @returns whether it has nothing to complain about */
async function passes(command) {
  const child = spawn(process.execPath, command, { cwd: root });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => said.push(chunk));
  const code = await new Promise((resolve) => child.on("close", resolve));
  process.stdout.write(Buffer.concat(said));
  return code === 0;
}

async function inTurn(...commands) {
  let passed = true;
  for (const command of commands) passed = (await passes(command)) && passed;
  return passed;
}

const passed = await Promise.all([
  inTurn(types("tsconfig.json")),
  inTurn(lint, types("runtime/tsconfig.json")),
]);
if (passed.includes(false)) process.exit(1);
