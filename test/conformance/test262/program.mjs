/** A program of the suite: what its front matter says, and the modes in which it is to be run (test262, INTERPRETING.md). */

/**
 * @typedef {object} Program
 * @property {string} path below the suite's `test`
 * @property {string} text
 * @property {Set<string>} flags
 * @property {string[]} includes files of the suite's `harness`
 * @property {string[]} features
 * @property {{ phase: string, type: string } | null} negative the error that it must end with
 */

/**
 * @param {string} path
 * @param {string} text
 * @returns {Program}
 */
export function readProgram(path, text) {
  const front = /\/\*---([\s\S]*?)---\*\//.exec(text)?.[1] ?? "";
  const negative = /^negative:\s*\n((?:[ \t]+.*\n?)+)/m.exec(front)?.[1];
  return {
    path,
    text,
    flags: new Set(list(front, "flags")),
    includes: list(front, "includes"),
    features: list(front, "features"),
    negative: negative ? { phase: scalar(negative, "phase"), type: scalar(negative, "type") } : null,
  };
}

/** `module`, or `sloppy` and `strict`. */
export function modesOf({ flags }) {
  if (flags.has("module")) return ["module"];
  if (flags.has("onlyStrict")) return ["strict"];
  if (flags.has("noStrict") || flags.has("raw")) return ["sloppy"];
  return ["sloppy", "strict"];
}

function list(front, key) {
  const inline = new RegExp(`^${key}:\\s*\\[([^\\]]*)\\]`, "m").exec(front)?.[1];
  if (inline !== undefined) return inline.split(",").flatMap((one) => one.trim() || []);
  const block = new RegExp(`^${key}:\\s*\\n((?:\\s*-.*\\n?)+)`, "m").exec(front)?.[1];
  return (block ?? "").split("\n").flatMap((line) => /^\s*-\s*(\S+)/.exec(line)?.[1] ?? []);
}

const scalar = (text, key) => new RegExp(`${key}:\\s*(\\S+)`).exec(text)?.[1] ?? "";
