/** Help pages, from the definitions of the commands. Plain text, at most 80 columns. */
import type { ArgsDef } from "citty";
import { globals, type Page } from "./page.ts";

const INDENT = "  ";

/** The page of one command. */
export function helpOf(page: Page): string {
  const entries = Object.entries(page.args);
  const positional = entries.filter(([, arg]) => arg.type === "positional");
  const usage = [
    "coldframe",
    page.name,
    ...positional.map(([name, arg]) => placeholder(name, arg.required !== false)),
  ];
  return sections([
    ["", [page.summary]],
    ["Usage", [`${usage.join(" ")}${page.rest === undefined ? "" : ` <${page.rest}…>`} [options]`]],
    ["Arguments", positional.map(([name, arg]) => [name, arg.description ?? ""] as const)],
    ["Options", optionsOf({ ...page.args, ...globals })],
    ["Examples", page.examples],
    ["", page.notes ?? []],
  ]);
}

/** The page of the whole program. */
export function overview(pages: readonly Page[]): string {
  return sections([
    ["", ["coldframe: look at parked runs, answer them, carry them on."]],
    ["Usage", ["coldframe <command> [options]"]],
    ["Commands", pages.map((page) => [page.name, page.summary] as const)],
    [
      "Options",
      optionsOf({ ...globals, help: { type: "boolean", description: "what a command does, with examples" } }),
    ],
    [
      "Examples",
      ["coldframe runs", "coldframe show expand-42", "coldframe send <key> true", "coldframe work ./main.ts"],
    ],
    ["Exit codes", ["0 done · 1 failed · 2 wrong usage · 3 not found · 4 database unusable"]],
  ]);
}

type Line = string | readonly [term: string, text: string];

function optionsOf(args: ArgsDef): Line[] {
  return Object.entries(args)
    .filter(([, arg]) => arg.type !== "positional")
    .map(([name, arg]) => [
      `--${name}${arg.valueHint === undefined ? "" : ` <${arg.valueHint}>`}`,
      arg.description ?? "",
    ]);
}

function placeholder(name: string, required: boolean): string {
  return required ? `<${name}>` : `[${name}]`;
}

function sections(parts: readonly (readonly [title: string, lines: readonly Line[]])[]): string {
  return parts
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => (title === "" ? unpacked(lines, "") : `${title}\n${unpacked(lines, INDENT)}`))
    .join("\n\n");
}

function unpacked(lines: readonly Line[], indent: string): string {
  const terms = Math.max(0, ...lines.map((line) => (typeof line === "string" ? 0 : line[0].length)));
  return lines
    .map((line) => indent + (typeof line === "string" ? line : `${line[0].padEnd(terms)}  ${line[1]}`))
    .join("\n");
}
