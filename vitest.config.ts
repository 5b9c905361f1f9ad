import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { alone } from "./test/alone.ts";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// Tests run the sources; only child processes (examples, kill matrix, fresh-process regime) run `dist/`.
const resolve = {
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
};

const limits = { testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  resolve,
  test: {
    globalSetup: ["test/servers/global-setup.ts"],
    maxWorkers: 2,
    // Vitest begins with the first by name.
    projects: [
      { resolve, test: { ...limits, name: "alone", include: [...alone] } },
      {
        resolve,
        test: {
          ...limits,
          name: "together",
          include: ["test/**/*.test.ts"],
          exclude: [...alone],
          isolate: false,
          setupFiles: ["test/clean-process.ts"],
          // Classes are registered there: evaluated anew, it has forgotten those of other files.
          server: { deps: { inline: ["superjson"] } },
        },
      },
    ],
  },
});
