/** A project as a user has it, and the command line in it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { type Ended, here, main, node, root } from "../cli/support/command-line.ts";

/** Where it is. */
export let folder: string;

export const flow = `"use workflow";
import { event } from "coldframe";

export async function flow(n: number) {
  const k = n * 2;
  const first = await event<number>({ key: "first" });
  return [first, k];
}
`;

export const run = (args: readonly string[]): Promise<Ended> => node(args, {}, folder);
export const child = (...words: string[]): Promise<Ended> => run([main, ...words]);
/** The same in this process, which has TypeScript loaded already. */
export const cli = (...words: string[]): Promise<Ended> => here(words, {}, folder);

export const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
export const read = (name: string) => readFileSync(join(folder, name), "utf8");

export const compilerOptions = {
  ...{ target: "ES2022", module: "NodeNext", strict: true, noEmit: true, skipLibCheck: true },
  ...{ types: ["node"], allowImportingTsExtensions: true },
};

/** Makes it before all tests of a file; what a test has written is as it was before the next. */
export function useShop(): void {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "coldframe-check-"));
    mkdirSync(join(folder, "node_modules/@types"), { recursive: true });
    symlinkSync(root, join(folder, "node_modules/coldframe"), "dir");
    symlinkSync(join(root, "node_modules/@types/node"), join(folder, "node_modules/@types/node"), "dir");
    write("package.json", JSON.stringify({ name: "shop", version: "1.2.0", type: "module" }));
    const few = { ...compilerOptions, lib: ["ES2023"], types: [] };
    write("few-types.json", JSON.stringify({ compilerOptions: few, include: ["*.ts"] }));
  });
  beforeEach(() => {
    write("tsconfig.json", JSON.stringify({ compilerOptions, include: ["*.ts"] }));
    write("flow.ts", flow);
    for (const name of [
      "coldframe.lock.json",
      "coldframe.lock.d.ts",
      "coldframe.migrations.ts",
      "runs.db",
      "ask.ts",
    ])
      rmSync(join(folder, name), { force: true });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
}
