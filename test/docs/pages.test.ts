/**
 * The programs in the pages of `docs/`: blocks that begin with `// name.ts` are its files, `main.ts` is run by Node with
 * `coldframe/register`, and has to print what the page's `text` block says.
 */
import { execFile } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const docs = join(root, "docs");

interface Block {
  readonly language: string;
  readonly text: string;
}

function blocksOf(page: string): Block[] {
  const text = readFileSync(join(docs, page), "utf8");
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language, body]) => ({
    language: language!,
    text: body!,
  }));
}

function filesOf(blocks: readonly Block[]): Map<string, string> {
  const files = new Map<string, string>();
  for (const { language, text } of blocks) {
    const name = /^\/\/ ([\w./-]+\.ts)\n/.exec(text)?.[1];
    if (language === "ts" && name !== undefined) files.set(name, text);
  }
  return files;
}

const pages = readdirSync(docs).filter(
  (page) => page.endsWith(".md") && filesOf(blocksOf(page)).has("main.ts"),
);

describe("the program of", () => {
  it.each(pages)("docs/%s prints what the page says", { timeout: 60_000 }, async (page) => {
    const blocks = blocksOf(page);
    const expected = blocks.find(({ language }) => language === "text");
    const folder = mkdtempSync(join(tmpdir(), "coldframe-docs-"));
    try {
      mkdirSync(join(folder, "node_modules"));
      symlinkSync(root, join(folder, "node_modules", "coldframe"), "dir");
      writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
      for (const [name, text] of filesOf(blocks)) writeFileSync(join(folder, name), text);
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ["--import", "coldframe/register", "main.ts"],
        { cwd: folder },
      );
      expect(stdout).toBe(expected?.text);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("docs/runs.md is among them", () => {
    expect(pages).toContain("runs.md");
  });
});
