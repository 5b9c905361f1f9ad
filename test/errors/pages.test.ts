/** Every code has a page, every page a code, and what a page shows is what a user sees. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { compile, diagnosticTitles, formatDiagnostic } from "../../compiler/index.ts";
import { errors } from "../../runtime/errors.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = join(root, "docs/errors");
const titles: Readonly<Record<string, string>> = { ...diagnosticTitles, ...errors };
const codes = Object.keys(titles);
const pages = readdirSync(folder).filter((name) => name.startsWith("CF"));

/** The text of each block of this kind. */
function blocks(page: string, kind: string): string[] {
  return [...page.matchAll(/^```(\w*)\n(.*?)^```$/gms)]
    .filter(([, found]) => found === kind)
    .map(([, , text]) => text!.trimEnd());
}

test("the two tables share no code, and each is in the order of its numbers", () => {
  expect(Object.keys(diagnosticTitles).filter((code) => code in errors)).toEqual([]);
  for (const table of [diagnosticTitles, errors])
    expect(Object.keys(table)).toEqual(Object.keys(table).sort());
});

test("no page is without a code, and the index lists all", () => {
  expect(pages.map((name) => name.replace(/\.md$/, "")).sort()).toEqual([...codes].sort());
  const index = readFileSync(join(folder, "README.md"), "utf8");
  for (const code of codes) expect(index).toContain(`| [${code}](${code}.md) | ${titles[code]} |`);
});

describe.each(codes)("%s", (code) => {
  const page = () => readFileSync(join(folder, `${code}.md`), "utf8");

  test("has a page with its title, an example, the text a user sees, and what to do", () => {
    const text = page();
    expect(text.split("\n")[0]).toBe(`# ${code} ${titles[code]}`);
    expect(blocks(text, "").some((shown) => shown.includes(`${code} ${titles[code]}`))).toBe(true);
    expect(text).toMatch(/^\*\*What to do\.\*\* /m);
    expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(45);
  });

  test("is provoked by some test", () => {
    const files = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" });
    const found = files.some(
      (name) => name.endsWith(".test.ts") && readFileSync(join(root, "test", name), "utf8").includes(code),
    );
    expect(found).toBe(true);
  });
});

test.each(Object.keys(diagnosticTitles))(
  "%s: the compiler says of the page's example what the page says",
  (code) => {
    const page = readFileSync(join(folder, `${code}.md`), "utf8");
    const example = [...blocks(page, "ts"), ...blocks(page, "js")][0]!;
    const shown = blocks(page, "").find((text) => text.startsWith(code))!;
    const filename = /^ {2}(\S+?):\d+:\d+ /m.exec(shown)![1]!;
    const sourceType = filename.endsWith(".cjs") ? "commonjs" : "module";
    const { diagnostics } = compile(example, { filename, sourceType });
    expect(diagnostics.map(formatDiagnostic).join("\n")).toBe(shown);
  },
);
