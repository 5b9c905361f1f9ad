/**
 * `node --import coldframe/register main.ts`, `bun --preload coldframe/register main.ts`, `deno run -A --preload npm:coldframe/register
 * main.ts`: compiles marked modules and erases TypeScript while modules are loaded. `require("coldframe/register")` does so from there on.
 * `"coldframe": { "include": ["p-limit"] }` in the package.json of the working directory compiles packages, too.
 * Synchronous hooks where Node has them (22.15, 23.5), else hooks on a loader thread.
 */
import * as nodeModule from "node:module";
import { optionsOf } from "../include.ts";
import type { Bun } from "./bun.ts";
import { hookRequire } from "./require.ts";

type RegisterHooks = (hooks: { load: unknown; resolve: unknown }) => void;

process.setSourceMapsEnabled(true);
const { registerHooks } = nodeModule as unknown as { registerHooks?: RegisterHooks };
const { Bun: bun } = globalThis as { readonly Bun?: Bun };
// The compiler is loaded where it is used only: there are two threads, and a process of seconds would load it twice. It is required, not
// imported: nothing is awaited here, so that `node --require` and `require("coldframe/register")` work as well.
const require = nodeModule.createRequire(import.meta.url);
if (bun !== undefined)
  (require("./bun.js") as typeof import("./bun.ts")).hookBun(bun, optionsOf(process.cwd()));
else if (registerHooks !== undefined) {
  const { load, resolve } = require("./hooks.js") as typeof import("./hooks.ts");
  registerHooks({ load, resolve });
} else {
  nodeModule.register(new URL("./hooks.js", import.meta.url));
  hookRequire(optionsOf(process.cwd()));
}
