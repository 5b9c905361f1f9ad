/**
 * One program, edited while a run of it is parked (trap 1 of the design): what the run comes to is what the old program does, or
 * what the new one does from that await on, or it is blocked. The oracle is plain JavaScript: the old and the new program in one.
 */
import { readFileSync } from "node:fs";
import ts from "typescript";
import * as api from "../../runtime/index.ts";
import { ColdframeError } from "../../runtime/index.ts";
import { carryOn, type Parked, trail, trailFrom } from "../fixtures/driver.ts";
import { disposables } from "../fixtures/oracle-disposables.ts";
import type { Outcome } from "../fixtures/outside.ts";
import * as plain from "../fixtures/plain.ts";
import { root } from "../fixtures/workshop.ts";
import { type Edit, RENAMED } from "./edits.ts";
import { compiled, evaluate, evaluateBeside, loadBeside, unload } from "./load.ts";
import { withTicks } from "./places.ts";

const MODULE = "shop/program.ts";
const worldSource = readFileSync(`${root}fixtures/world.ts`, "utf8");

function strip(source: string): string {
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
    },
  });
  return outputText;
}

const plainWorld = evaluate(strip(worldSource), {}) as never as plain.WorldModule;
const compiledWorld = loadBeside(worldSource, "fixtures/world.ts", {}) as never as plain.WorldModule;

/** Edits may take away what ends a loop: so many turns of loops are enough for every fixture. */
const PATIENCE = 5_000;
let ticks = 0;
/** Called in each loop. */
const $tick = (): void => {
  if (++ticks > PATIENCE) throw new Error("it goes on for ever");
};

/** Runs a program uncompiled. `$new()` is true from its n-th await on the outside until another one. */
function runPlain(source: string, newAt: number, oldAt = Number.POSITIVE_INFINITY): Promise<Outcome> {
  let isNew = false;
  const program = evaluate(
    strip(source),
    { "../world.ts": plainWorld, coldframe: plain },
    { ...disposables, $tick, $new: () => isNew },
  ) as never as plain.Program;
  return plain.runPlain(program, plainWorld, (n) => {
    if (n === newAt) isNew = true;
    if (n === oldAt) isNew = false;
  });
}

/** A version of the program that can be loaded again and again. */
class Version {
  readonly #code: string;

  /** @throws Error when the compiler refuses it */
  constructor(source: string) {
    this.#code = compiled(source, MODULE);
  }

  load(): plain.Program {
    unload();
    const imports = { "../world.ts": compiledWorld, coldframe: api };
    return evaluateBeside(this.#code, imports, { $tick }) as never as plain.Program;
  }
}

export interface Tally {
  wentOn: number;
  blocked: number;
  readonly reasons: Map<string, number>;
}

const textOf = ({ end, trace }: Outcome): string => [...trace, end].join("\n");

/** What comes of it; null when it is blocked: nobody has guessed. Everything else that a restore throws is a fault. */
async function unlessBlocked<T>(body: () => Promise<T>, tally: Tally): Promise<T | null> {
  try {
    const outcome = await body();
    tally.wentOn++;
    return outcome;
  } catch (error) {
    if (!(error instanceof ColdframeError) || !/^CF2(103|401)$/.test(error.code)) throw error;
    tally.blocked++;
    const reason = /ambiguous|migration needed|was changed or removed|no loaded code|uses other scopes/.exec(
      error.message,
    );
    const kind = reason?.[0] ?? error.message;
    tally.reasons.set(kind, (tally.reasons.get(kind) ?? 0) + 1);
    return null;
  }
}

/** A program whose runs can be parked, and what becomes of them. */
export class Subject {
  readonly source: string;
  readonly old: string;
  readonly parked: readonly Parked[];
  readonly #version: Version;

  private constructor(source: string, version: Version, old: string, parked: readonly Parked[]) {
    this.source = source;
    this.#version = version;
    this.old = old;
    this.parked = parked;
  }

  static async of(text: string): Promise<Subject> {
    const source = withTicks(text);
    const old = textOf(await patiently(() => runPlain(source, -1)));
    const version = new Version(source);
    const program = version.load();
    const { trail: parked, ...outcome } = await patiently(() => trail(program, compiledWorld));
    if (textOf(outcome) !== old) throw new Error(`compiled it does\n${textOf(outcome)}\nand not\n${old}`);
    return new Subject(source, version, old, parked);
  }

  /**
   * Parks it at each await, and carries it on under the edited program; from one of them on, under the old one again a while later.
   * @returns what is wrong, or null
   */
  async check(edit: Edit, random: (n: number) => number, tally: Tally): Promise<string | null> {
    let edited: Version;
    try {
      edited = new Version(edit.edited);
      edited.load();
    } catch {
      // What the compiler refuses, nobody deploys.
      return null;
    }
    const back = random(this.parked.length + 1);
    for (const [n, parked] of this.parked.entries()) {
      const wrong =
        n === back
          ? await this.#thereAndBack(edit, edited, parked, n, random, tally)
          : await this.#there(edit, edited, parked, n, tally);
      if (wrong !== null) return wrong;
    }
    return null;
  }

  async #there(edit: Edit, edited: Version, parked: Parked, n: number, tally: Tally): Promise<string | null> {
    edited.load();
    ticks = 0;
    const got = await unlessBlocked(() => carryOn(parked, compiledWorld), tally);
    return got === null ? null : this.#judge(edit, textOf(got), [n]);
  }

  async #thereAndBack(
    edit: Edit,
    edited: Version,
    parked: Parked,
    n: number,
    random: (n: number) => number,
    tally: Tally,
  ): Promise<string | null> {
    edited.load();
    ticks = 0;
    const there = await unlessBlocked(() => trailFrom(parked, compiledWorld), tally);
    if (there === null) return null;
    const wrong = await this.#judge(edit, textOf(there), [n]);
    // The first is where it was parked.
    const later = 1 + random(there.trail.length);
    const next = there.trail[later];
    if (wrong !== null || next === undefined) return wrong;
    this.#version.load();
    ticks = 0;
    const got = await unlessBlocked(() => carryOn(next, compiledWorld), tally);
    return got === null ? null : this.#judge(edit, textOf(got), [n, n + later]);
  }

  /** @param turns at which awaits of its course the program became the new one, and the old one again */
  async #judge(edit: Edit, text: string, turns: readonly [number, number?]): Promise<string | null> {
    // Functions and classes tell their names.
    const unnamed = (one: string) => one.replaceAll(RENAMED, "");
    const got = unnamed(text);
    if (got === unnamed(this.old) || ticks > PATIENCE) return null;
    const expected: string[] = [];
    if (edit.both !== null) {
      for (const [from, to] of turns.length === 1 ? [turns] : [turns, turns.slice(0, 1)]) {
        const fair = textOf(await patiently(() => runPlain(edit.both!, from!, to)));
        if (got === unnamed(fair) || ticks > PATIENCE) return null;
        expected.push(fair);
      }
    }
    return [
      `${edit.what}\n\nparked at await ${turns.map((n) => n! + 1).join(", and back again at ")} of its course, in\n\n${this.source}`,
      `edited to\n\n${edit.edited}`,
      `it came to\n${got}`,
      `the old program comes to\n${this.old}`,
      ...expected.map((fair) => `the new one from there on\n${fair}`),
    ].join("\n\n");
  }
}

function patiently<T>(body: () => Promise<T>): Promise<T> {
  ticks = 0;
  return body();
}

/** Modules of `fixtures/migrate/` export a flow, and wait for events. */
export function asProgram(source: string): string {
  if (!/^export async function flow\(/m.test(source)) return source;
  const keys = [...new Set([...source.matchAll(/key: ["'`]([\w-]+(?:\$\{\w+\})?)/g)].map(([, key]) => key!))];
  const posts = keys
    .flatMap((key) => (key.includes("$") ? [0, 1, 2].map((n) => key.replace(/\$.*/, String(n))) : [key]))
    .map((key, i) => `post(${JSON.stringify(key)}, ${10 * (i + 1)}, ${i + 1});`);
  return `${source}\nimport { post } from "../world.ts";\nexport async function program() { ${posts.join(" ")} return flow(3); }\n`;
}
