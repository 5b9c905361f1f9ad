/** Code of documentation pages as files: a block of `ts` that opens with `// name.ts` is that file. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../../", import.meta.url));

export interface Page {
  /** Where its files are, inside of the package: so they import it by its name. */
  readonly folder: string;
  /** What a file prints according to the page: the block of `text` behind it. */
  readonly printed: ReadonlyMap<string, string>;
  /** Text of all blocks. */
  readonly blocks: readonly string[];
  write(file: string, text: string): void;
  run(...args: string[]): Promise<{ stdout: string; stderr: string }>;
  remove(): void;
}

/** @param name of the page in `docs/` */
export function openPage(name: string): Page {
  const text = readFileSync(join(root, "docs", name), "utf8");
  const folder = mkdtempSync(join(root, "test/docs/.page-"));
  const printed = new Map<string, string>();
  const blocks: string[] = [];
  const write = (file: string, code: string) => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), code);
  };
  let last = "";
  for (const [, language, code] of text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)) {
    blocks.push(code!);
    const file = /^\/\/ ([\w./-]+\.ts)\n/.exec(code!)?.[1];
    if (language === "ts" && file !== undefined) write((last = file), code!);
    else if (language === "text" && last !== "") printed.set(last, code!);
  }
  return {
    folder,
    ...{ printed, blocks, write },
    run: (...args) => promisify(execFile)(process.execPath, args, { cwd: folder }),
    remove: () => rmSync(folder, { recursive: true }),
  };
}
