/** Kinds of databases that are three parts of one store in tests. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "../../runtime/engine/store.ts";
import { memory } from "../../stores/memory/index.ts";
import { sqlite } from "../../stores/sqlite/index.ts";

export const COUNT = 3;

export interface Databases {
  /** Connections to all of them. */
  connect(this: void): readonly Store[];
  dispose(this: void): void;
}

export const kinds: readonly (readonly [name: string, make: () => Databases])[] = [
  [
    "in memory",
    () => {
      const data = Array.from({ length: COUNT }, () => memory());
      return { connect: () => data.map((one) => one.connect()), dispose: () => {} };
    },
  ],
  [
    "in SQLite files",
    () => {
      const folder = mkdtempSync(join(tmpdir(), "coldframe-sharded-"));
      return {
        connect: () => Array.from({ length: COUNT }, (_, place) => sqlite(join(folder, `${place}.db`))),
        dispose: () => rmSync(folder, { recursive: true }),
      };
    },
  ],
];
