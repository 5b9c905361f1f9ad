/**
 * `node --import coldframe/register main.ts`: compiles marked modules and erases TypeScript while modules are loaded.
 * `"coldframe": { "include": ["p-limit"] }` in the package.json of the working directory compiles packages, too.
 * Synchronous hooks where Node has them (22.15, 23.5), else hooks on a loader thread.
 */
import * as nodeModule from "node:module";
import { load, resolve } from "./hooks.ts";
import { hookRequire } from "./require.ts";

type RegisterHooks = (hooks: { load: unknown; resolve: unknown }) => void;

process.setSourceMapsEnabled(true);
const { registerHooks } = nodeModule as unknown as { registerHooks?: RegisterHooks };
if (registerHooks !== undefined) registerHooks({ load, resolve });
else {
  nodeModule.register(new URL("./hooks.js", import.meta.url));
  hookRequire();
}
