/** `import { coldframe } from "coldframe/vite"` for `plugins: [coldframe()]`. */
import type { Plugin } from "vite";
import { type PluginOptions, coldframe as plugin } from "./index.ts";

export const coldframe = (options: PluginOptions = {}): Plugin => plugin.vite(options) as Plugin;
