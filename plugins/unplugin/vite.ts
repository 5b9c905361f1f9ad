/** `import { coldframe } from "coldframe/vite"` for `plugins: [coldframe()]`. */
import type { Plugin } from "vite";
import { type BundlerOptions, coldframe as plugin } from "./index.ts";

export const coldframe = (options: BundlerOptions = {}): Plugin => plugin.vite(options) as Plugin;
