/**
 * Iterators that marked code makes with `text.matchAll(pattern)`: as those of the platform (ECMA-262 §22.2.9), but their state can
 * be saved. A copy of the regular expression keeps the position in its `lastIndex`.
 */
import { type Maker, shell } from "./cursors.ts";
import { isObject, toLength } from "./iterate.ts";
import { $module } from "./registry.ts";

/** What an iterator of matches keeps. The snapshot fills in what it refers to when that exists. */
export interface MatchesState {
  matcher: RegExp;
  text: string;
  global: boolean;
  /** Goes on by code points behind an empty match. */
  unicode: boolean;
  done: boolean;
}

export class Matches {
  readonly #state: MatchesState;

  constructor(state: MatchesState) {
    this.#state = state;
  }

  static state(matches: Matches): MatchesState {
    return matches.#state;
  }

  /** %RegExpStringIteratorPrototype%.next (§22.2.9.2.1) @throws TypeError when `this` is none of these */
  next(): IteratorResult<unknown, undefined> {
    const state = this.#state;
    if (state.done) return { value: undefined, done: true };
    const { matcher, text, global } = state;
    const match = execute(matcher, text);
    if (match === null) {
      state.done = true;
      return { value: undefined, done: true };
    }
    if (!global) state.done = true;
    else if (`${match[0]}` === "") advance(state);
    return { value: match, done: false };
  }
}

/** RegExpExec (§22.2.7.1): `exec` may be the author's. */
function execute(matcher: RegExp, text: string): RegExpExecArray | null {
  const match: unknown = matcher.exec(text);
  if (match === null || isObject(match)) return match as RegExpExecArray | null;
  throw new TypeError("RegExp exec method returned something other than an Object or null");
}

/** AdvanceStringIndex (§22.2.7.3) */
function advance({ matcher, text, unicode }: MatchesState): void {
  const at = toLength(matcher.lastIndex);
  matcher.lastIndex = at + (unicode && (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
}

const { next } = Matches.prototype;
$module("coldframe/machine.matches", "1", { next: () => next });

const platform = Object.getPrototypeOf("".matchAll(/x/g)) as { next: unknown };
const platformNext = platform.next;
const MatchesShell = shell(Matches, platform);

export const matchesPrototype: object = MatchesShell.prototype;

export function createMatches(state: MatchesState): Matches {
  return new MatchesShell(state);
}

const regExpMatchAll = RegExp.prototype[Symbol.matchAll];
const sourceOf = Object.getOwnPropertyDescriptor(RegExp.prototype, "source")!.get!;

/** RegExp.prototype[Symbol.matchAll] (§22.2.6.9) */
function matchAll(pattern: RegExp, text: string): Matches {
  const Species = speciesOf(pattern);
  const flags = `${pattern.flags}`;
  const matcher = new Species(pattern, flags);
  matcher.lastIndex = toLength(pattern.lastIndex);
  const global = flags.includes("g");
  return createMatches({ matcher, text, global, unicode: /[uv]/.test(flags), done: false });
}

/** SpeciesConstructor (§7.3.22) */
function speciesOf(pattern: RegExp): new (pattern: RegExp, flags: string) => RegExp {
  const { constructor } = pattern;
  if (constructor === undefined) return RegExp;
  if (!isObject(constructor)) throw new TypeError("The .constructor property is not an object");
  const species: unknown = (constructor as { [Symbol.species]?: unknown })[Symbol.species];
  return (species ?? RegExp) as typeof RegExp;
}

function isRegExp(value: unknown): value is RegExp {
  if (!isObject(value) || value === RegExp.prototype) return false;
  try {
    Reflect.apply(sourceOf, value, []);
    return true;
  } catch {
    return false;
  }
}

/** String.prototype.matchAll (§22.1.3.14). What is unusual, or an error, is left to the platform. */
const ofString: Maker = (_f, object, [pattern]) => {
  if (object === undefined || object === null || platform.next !== platformNext) return undefined;
  if (!isObject(pattern)) return matchAll(new RegExp(pattern as string, "g"), `${object}`);
  if (typeof object !== "string" || !isRegExp(pattern) || pattern[Symbol.matchAll] !== regExpMatchAll)
    return undefined;
  return `${pattern.flags}`.includes("g") ? matchAll(pattern, object) : undefined;
};

const ofPattern: Maker = (_f, object, [text]) =>
  isRegExp(object) && platform.next === platformNext ? matchAll(object, `${text}`) : undefined;

export const matchesMakers: readonly (readonly [method: unknown, make: Maker])[] = [
  [String.prototype.matchAll, ofString],
  [regExpMatchAll, ofPattern],
];
