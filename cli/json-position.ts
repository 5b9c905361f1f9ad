/** Where a text stops being JSON (RFC 8259). `JSON.parse` says so in some engines and for some mistakes only. */

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING =
  /"(?:[^"\\\p{Cc}\u2028\u2029]|[\u007f-\u009f\u2028\u2029]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*/uy;
const SPACE = /[ \t\n\r]*/y;

class Mistake {
  readonly at: number;
  constructor(at: number) {
    this.at = at;
  }
}

/** Index of the first character that cannot stand where it stands; the length of the text when something is missing. */
export function jsonMistake(text: string): number | null {
  try {
    const end = skip(text, value(text, skip(text, 0)));
    return end === text.length ? null : end;
  } catch (mistake) {
    if (mistake instanceof Mistake) return mistake.at;
    throw mistake;
  }
}

function value(text: string, at: number): number {
  const first = text[at];
  if (first === "{") return sequence(text, at + 1, "}", (from) => member(text, from));
  if (first === "[") return sequence(text, at + 1, "]", (from) => value(text, from));
  if (first === '"') return string(text, at);
  for (const word of ["true", "false", "null"]) {
    if (first === word[0]) return literal(text, at, word);
  }
  const end = match(NUMBER, text, at);
  if (end === at) throw new Mistake(at);
  return end;
}

function sequence(text: string, at: number, close: string, element: (at: number) => number): number {
  at = skip(text, at);
  if (text[at] === close) return at + 1;
  for (;;) {
    at = skip(text, element(at));
    if (text[at] === close) return at + 1;
    at = skip(text, literal(text, at, ","));
  }
}

function member(text: string, at: number): number {
  const colon = skip(text, string(text, at));
  return value(text, skip(text, literal(text, colon, ":")));
}

function string(text: string, at: number): number {
  const end = match(STRING, text, at);
  if (end === at || text[end] !== '"') throw new Mistake(end);
  return end + 1;
}

function literal(text: string, at: number, word: string): number {
  for (let i = 0; i < word.length; i++) if (text[at + i] !== word[i]) throw new Mistake(at + i);
  return at + word.length;
}

function skip(text: string, at: number): number {
  return match(SPACE, text, at);
}

function match(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return at + (pattern.exec(text)?.[0].length ?? 0);
}
