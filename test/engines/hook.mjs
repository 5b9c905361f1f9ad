/** Programs that an engine runs as they are, TypeScript and all, with the hook that compiles them; a run is parked when the process is killed. */
import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What the second process has to print. */
export const HOOKED = "lamp for 40, paid by kim\n";

const flow = `"use workflow";
import { event } from "coldframe";
import { price } from "./systems.ts";
class Basket<T> {
  readonly #items: T[] = [];
  add(item: T): this { this.#items.push(item); return this; }
  get items(): readonly T[] { return this.#items; }
}
export async function order(name: string): Promise<string> {
  const basket = new Basket<string>().add(name);
  const cost = await price(basket.items[0]!);
  const paid = (by: string) => \`\${basket.items.join()} for \${cost}, paid by \${by}\`;
  return paid(await event<string>("paid"));
}
`;
const systems = `"use step";\nexport async function price(name: string): Promise<number> { return name.length * 10; }\n`;
const main = `import { createEngine } from "coldframe";
import { sqlite } from "coldframe/sqlite";
import { order } from "./flow.ts";
const engine = await createEngine({ store: sqlite("runs.db") });
const run = await engine.start(order, ["lamp"], { id: "one" });
if (process.argv[2] === "park") {
  for await (const { waits } of run.watch()) if (waits.some(({ kind }) => kind === "event")) break;
  process.kill(process.pid, "SIGKILL");
}
await engine.send("paid", "kim");
console.log(await run.result());
await engine.close();
`;

/** How the engine is told to load the hook. */
const words = {
  bun: ["--preload", "coldframe/register"],
  deno: ["run", "-A", "--preload", "npm:coldframe/register"],
};

/**
 * @param {import("./fetch.mjs").Engine} engine
 * @param {string} root of the package
 * @param {string} folder for files
 * @returns {string | null} what the second process printed; null: there is no hook for this kind
 */
export function hookedIn(engine, root, folder) {
  if (words[engine.kind] === undefined) return null;
  const cwd = join(folder, `hook-${engine.kind}`);
  mkdirSync(join(cwd, "node_modules"), { recursive: true });
  symlinkSync(root, join(cwd, "node_modules/coldframe"), "dir");
  const files = {
    "package.json": '{ "name": "shop", "type": "module", "dependencies": { "coldframe": "*" } }',
    "flow.ts": flow,
    "systems.ts": systems,
    "main.ts": main,
  };
  for (const [file, text] of Object.entries(files)) writeFileSync(join(cwd, file), text);
  const start = (...args) =>
    spawnSync(engine.program, [...words[engine.kind], "main.ts", ...args], {
      cwd,
      encoding: "utf8",
      timeout: 60_000,
    });
  const parked = start("park");
  if (parked.signal !== "SIGKILL") return parked.stdout + parked.stderr;
  const { stdout, stderr } = start();
  return stdout + stderr;
}
