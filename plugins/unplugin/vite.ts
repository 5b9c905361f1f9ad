/** `import { coldframe } from "coldframe/vite"` for `plugins: [coldframe()]`. */
import type { Plugin } from "vite";
import { coldframe as plugin } from "./index.ts";

export const coldframe = (): Plugin => plugin.vite(undefined) as Plugin;
