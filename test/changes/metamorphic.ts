/**
 * One program, edited while a run of it is parked (trap 1 of the design): what the run comes to is what the old program does, or
 * what the new one does from that await on, or it is blocked. The oracle is plain JavaScript: the old and the new program in one.
 */
import { readFileSync } from "node:fs";
import ts from "typescript";
import { compile } from "../../compiler/index.ts";
import * as api from "../../runtime/index.ts";
import { ColdframeError } from "../../runtime/index.ts";
import * as machine from "../../runtime/machine/index.ts";
import { carryOn, type Parked, trail } from "../fixtures/driver.ts";
import type { Outcome } from "../fixtures/outside.ts";
import * as plain from "../fixtures/plain.ts";
import { root } from "../fixtures/workshop.ts";
import type { Edit } from "./edits.ts";
import { evaluate, loadBeside, unload } from "./load.ts";

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
const compiledWorld = (() => {
  const { code } = compile(worldSource, { filename: "world.ts", moduleId: "fixtures/world.ts" });
  return evaluate(code!, { "coldframe/machine": machine }) as never as plain.WorldModule;
})();

/** Runs a program uncompiled. At its n-th await on the outside, `$new()` begins to be true. */
function runPlain(source: string, turnsNewAt: number): Promise<Outcome> {
  let isNew = false;
  const program = evaluate(
    strip(source),
    { "../world.ts": plainWorld, coldframe: plain },
    { $new: () => isNew },
  ) as never as plain.Program;
  return plain.runPlain(program, plainWorld, (n) => {
    isNew ||= n === turnsNewAt;
  });
}

function load(source: string): plain.Program {
  unload();
  return loadBeside(source, MODULE, {
    "../world.ts": compiledWorld,
    coldframe: api,
  }) as never as plain.Program;
}

export interface Tally {
  wentOn: number;
  blocked: number;
  readonly reasons: Map<string, number>;
}

const textOf = ({ end, trace }: Outcome): string => [...trace, end].join("\n");

/** Blocked: nobody has guessed. Everything else that a restore throws is a fault. */
async function carriedOn(parked: Parked, tally: Tally): Promise<string | null> {
  try {
    const outcome = textOf(await carryOn(parked, compiledWorld));
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

  private constructor(source: string, old: string, parked: readonly Parked[]) {
    this.source = source;
    this.old = old;
    this.parked = parked;
  }

  static async of(source: string): Promise<Subject> {
    const old = textOf(await runPlain(source, -1));
    const { trail: parked, ...outcome } = await trail(load(source), compiledWorld);
    if (textOf(outcome) !== old) throw new Error("this engine lacks what the program needs");
    return new Subject(source, old, parked);
  }

  /** @returns what is wrong, or null */
  async check(edit: Edit, tally: Tally): Promise<string | null> {
    try {
      load(edit.edited);
    } catch {
      // What the compiler refuses, nobody deploys.
      return null;
    }
    for (const [n, parked] of this.parked.entries()) {
      const got = await carriedOn(parked, tally);
      if (got === null || got === this.old) continue;
      const expected = edit.both === null ? "" : textOf(await runPlain(edit.both, n));
      if (got === expected) continue;
      return [
        `${edit.what}\n\nparked at await ${n + 1} of its course, in\n\n${this.source}`,
        `edited to\n\n${edit.edited}`,
        `it came to\n${got}`,
        `the old program comes to\n${this.old}`,
        edit.both === null ? "" : `the new one from there on\n${expected}`,
      ].join("\n\n");
    }
    return null;
  }
}
