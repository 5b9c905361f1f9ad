/** From the words of the command line to a page and its values. Unlike citty alone, refuses what it does not know. */
import { type ArgsDef, parseArgs } from "citty";
import { ColdframeError } from "../runtime/errors.ts";
import { globals, type Invocation, type Page } from "./page.ts";

export type Request =
  | { readonly kind: "help"; readonly page: Page | null }
  | { readonly kind: "version" }
  | { readonly kind: "run"; readonly page: Page; readonly invocation: Invocation };

/**
 * @param pages of the command that is asked for, or of all
 * @throws ColdframeError CF3201 for anything that is unknown, missing or too much
 */
export function readArguments(
  words: readonly string[],
  pages: readonly Page[],
  env: Readonly<Record<string, string | undefined>>,
): Request {
  const { name, others } = takeCommand(words);
  const options = others.slice(0, others.includes("--") ? others.indexOf("--") : undefined);
  const wantsHelp = options.includes("--help") || options.includes("-h");
  if (name === undefined) {
    if (options.includes("--version")) return { kind: "version" };
    if (wantsHelp) return { kind: "help", page: null };
    throw new ColdframeError(
      "CF3201",
      `a command is missing: one of ${pages.map((page) => page.name).join(", ")}. See coldframe --help.`,
    );
  }
  if (name === "help") {
    const topic = others.find((word) => !word.startsWith("-"));
    return { kind: "help", page: topic === undefined ? null : find(topic, pages) };
  }
  const page = find(name, pages);
  if (wantsHelp) return { kind: "help", page };
  return { kind: "run", page, invocation: invocationOf(page, others, env) };
}

function invocationOf(
  page: Page,
  words: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Invocation {
  const args: ArgsDef = { ...page.args, ...globals };
  const see = `See coldframe ${page.name} --help.`;
  // Missing positional arguments are reported below, in our words.
  const lenient = Object.fromEntries(
    Object.entries(args).map(([key, arg]) => [key, { ...arg, required: false }]),
  );
  // A negative number is a value, not an option.
  const negative = words.includes("--") ? [] : words.filter((word) => /^-\.?\d/.test(word));
  const spread =
    negative.length === 0 ? words : [...words.filter((word) => !negative.includes(word)), "--", ...negative];
  const parsed = parseArgs([...spread], lenient as ArgsDef);
  for (const key of Object.keys(parsed)) {
    // The parser has names of several words in both spellings.
    const spelt = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (key !== "_" && !(key in args) && !(spelt in args))
      throw new ColdframeError("CF3201", `there is no option --${key} here. ${see}`);
  }
  const positional = Object.keys(page.args).filter((key) => page.args[key]!.type === "positional");
  const values: Record<string, string | boolean | undefined> = {};
  for (const [key, arg] of Object.entries(args)) {
    const value = parsed[key] as string | boolean | undefined;
    values[key] = value;
    if (arg.type === "positional" && value === undefined && arg.required !== false) {
      throw new ColdframeError("CF3201", `<${key}> is missing: ${arg.description}. ${see}`);
    }
    if (arg.type === "string" && value === "")
      throw new ColdframeError("CF3201", `--${key} needs a value: <${arg.valueHint}>. ${see}`);
  }
  const rest = parsed._.slice(positional.length);
  if (rest.length > 0 && page.rest === undefined) {
    throw new ColdframeError("CF3201", `"${rest[0]}" is one argument too many; does it need quotes? ${see}`);
  }
  const store = (values["store"] as string | undefined) ?? env["COLDFRAME_STORE"] ?? "";
  const seal = (values["seal"] as string | undefined) ?? env["COLDFRAME_SEAL"] ?? "";
  return {
    ...{ values, rest, json: values["json"] === true },
    store: store === "" ? "coldframe.db" : store,
    seal: seal === "" ? null : seal,
  };
}

/** The first word that is no option and no value of `--store` or `--seal` is the command; options may stand on both sides of it. */
export function takeCommand(words: readonly string[]): { name: string | undefined; others: string[] } {
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "--") break;
    if (word === "--store" || word === "--seal") i++;
    else if (!word.startsWith("-"))
      return { name: word, others: [...words.slice(0, i), ...words.slice(i + 1)] };
  }
  return { name: undefined, others: [...words] };
}

function find(name: string, pages: readonly Page[]): Page {
  const page = pages.find((one) => one.name === name);
  if (page !== undefined) return page;
  const near = pages.find((one) => distance(one.name, name) <= 2);
  const hint =
    near === undefined
      ? `it is one of ${pages.map((one) => one.name).join(", ")}`
      : `did you mean ${near.name}?`;
  throw new ColdframeError("CF3201", `there is no command "${name}"; ${hint}`);
}

/** Levenshtein distance: how many letters have to be changed, added or dropped. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length]!;
}
