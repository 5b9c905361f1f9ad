/** Two builds of the program of the simulation, as packages in a folder: what one has begun, the other may have to carry on. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { MODULE, SOURCE } from "../simulation/program.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

export type Build = "old" | "new";

/** What the new build does otherwise: an await more where runs are parked for long, and code that the old one lacks. */
const EDITS: readonly (readonly [from: string, to: string])[] = [
  ['case "sleep":', 'case "sleep":\n      await sleep(2);'],
  ["async function perform(", "async function noted(text) {\n  return text;\n}\n\nasync function perform("],
  ['return "raced";', 'return await noted("raced");'],
];

/** Makes `old` and `new` in `folder`. @returns the path of the module of each */
export function makeBuilds(folder: string): Readonly<Record<Build, string>> {
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules", "coldframe"));
  const edited = EDITS.reduce((source, [from, to]) => {
    if (!source.includes(from)) throw new Error(`the program has no ${from}`);
    return source.replace(from, to);
  }, SOURCE);
  return { old: make(join(folder, "old"), SOURCE), new: make(join(folder, "new"), edited) };
}

function make(folder: string, source: string): string {
  const file = join(folder, MODULE.path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: MODULE.package, type: "module" }));
  writeFileSync(file, source.replace('from "world"', 'from "./world.mjs"'));
  writeFileSync(join(dirname(file), "world.mjs"), "export const world = globalThis.world;\n");
  return file;
}
