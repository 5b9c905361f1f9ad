import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// Tests run the sources; only child processes (examples, kill matrix, fresh-process regime) run `dist/`.
export default defineConfig({
  resolve: {
    alias: [
      { find: /^coldframe$/, replacement: at("./runtime/index.ts") },
      { find: /^coldframe\/machine$/, replacement: at("./runtime/machine/index.ts") },
      { find: /^coldframe\/testing$/, replacement: at("./runtime/testing/index.ts") },
      { find: /^coldframe\/compiler$/, replacement: at("./compiler/index.ts") },
      { find: /^coldframe\/(memory|sqlite|postgres|mysql)$/, replacement: at("./stores/$1/index.ts") },
      { find: /^coldframe\/seal$/, replacement: at("./stores/sealed/index.ts") },
      {
        find: /^coldframe\/(babel|builds|otel|diagnostics|watchdog)$/,
        replacement: at("./plugins/$1/index.ts"),
      },
      { find: /^coldframe\/http$/, replacement: at("./plugins/http/index.ts") },
      { find: /^coldframe\/http\/node$/, replacement: at("./plugins/http/node/index.ts") },
      { find: /^coldframe\/vite$/, replacement: at("./plugins/unplugin/vite.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/servers/global-setup.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
