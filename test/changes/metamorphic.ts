/**
 * One program, edited while a run of it is parked (trap 1 of the design): what the run comes to is what the new program does from that
 * await on, or it is blocked. The oracle is plain JavaScript: the old and the new program in one, which becomes the other at that await.
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
import { withOwnSteps, withTicks } from "./places.ts";

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

/** Edits may take away what ends a loop or a recursion: so many turns, calls and (tenfold) parks are enough for every fixture. */
const PATIENCE = 10_000;
const OF_PARK = 10;

/** What a run of a program may still do before it is taken for endless. */
class Patience {
  #left: number;

  constructor(most = PATIENCE) {
    this.#left = most;
  }
  /** Called in each loop and function. */
  readonly tick = (): void => this.#take(1);
  /** Called whenever it waits for something outside. */
  readonly park = (): void => this.#take(OF_PARK);

  /** It has been stopped, or would have been if it had not caught that. */
  get isOver(): boolean {
    return this.#left < 0;
  }
  get left(): number {
    return this.#left;
  }
  #take(count: number): void {
    this.#left -= count;
    if (this.#left < 0) throw new Error("it goes on for ever");
  }
}

/** What came of a program; "endless": nothing can be said, for it was stopped. */
type Ending<T> = T | "endless";

async function within<T>(patience: Patience, body: () => Promise<T>): Promise<Ending<T>> {
  try {
    const outcome = await body();
    return patience.isOver ? "endless" : outcome;
  } catch (error) {
    if (patience.isOver) return "endless";
    throw error;
  }
}

/** What has happened outside, by name. */
type Course = readonly string[];

/** A program as plain JavaScript, uncompiled. */
class Plain {
  /** The last run did so much that a compiled one may have been stopped. */
  isLong = false;
  readonly #source: string;
  #code: string | null = null;

  constructor(source: string) {
    this.#source = source;
  }

  /**
   * `$new()` is true as soon as all of a course has happened, until all of a longer one has. Between what happens to a run there may be
   * timers that nobody waits for: to a run they do not happen.
   */
  async run(newAt: Course | null, oldAt: Course | null): Promise<string> {
    let isNew = false;
    let [seen, passed] = [0, 0];
    const way = oldAt ?? newAt ?? [];
    // One that is compiled has but a part of the way to go: what it can do, this one can.
    const patience = new Patience(2 * PATIENCE);
    type Body = (...args: unknown[]) => unknown;
    const $step = (args: Iterable<unknown>, body: Body) => plain.ownStep(async () => body(...args));
    const step = (body: Body) =>
      Object.defineProperty((...args: unknown[]) => $step(args, body), "length", { value: body.length });
    this.#code ??= strip(withOwnSteps(this.#source));
    const program = evaluate(
      this.#code,
      { "../world.ts": plainWorld, coldframe: { ...plain, step } },
      { ...disposables, $step, $tick: patience.tick, $new: () => isNew },
    ) as never as plain.Program;
    const outcome = await within(patience, () =>
      plain.runPlain(program, plainWorld, (course) => {
        patience.park();
        for (; seen < course.length; seen++) if (course[seen] === way[passed]) passed++;
        isNew = newAt !== null && passed >= newAt.length && (oldAt === null || passed < oldAt.length);
      }),
    );
    this.isLong = patience.left < PATIENCE;
    return textOf(outcome);
  }
}

/** A version of the program that can be loaded again and again. */
class Version {
  readonly #code: string;

  /** @throws Error when the compiler refuses it */
  constructor(source: string) {
    this.#code = compiled(source, MODULE);
  }

  load(patience: Patience): plain.Program {
    unload();
    const imports = { "../world.ts": compiledWorld, coldframe: api };
    return evaluateBeside(this.#code, imports, { $tick: patience.tick }) as never as plain.Program;
  }
}

export interface Tally {
  wentOn: number;
  blocked: number;
  /** Edits that took away what ends the program. */
  endless: number;
  readonly reasons: Map<string, number>;
}

const ENDLESS = "It goes on for ever.";

const textOf = (outcome: Ending<Outcome>): string =>
  outcome === "endless" ? ENDLESS : [...outcome.trace, outcome.end].join("\n");

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
    const old = await new Plain(source).run(null, null);
    const version = new Version(source);
    const patience = new Patience();
    const program = version.load(patience);
    const outcome = await within(patience, () => trail(program, compiledWorld, patience.park));
    if (textOf(outcome) !== old || outcome === "endless")
      throw new Error(`compiled it does\n${textOf(outcome)}\nand not\n${old}`);
    return new Subject(source, version, old, outcome.trail);
  }

  /**
   * Parks it at each await, and carries it on under the edited program; from one of them on, under the old one again a while later.
   * @returns what is wrong, or null
   */
  async check(edit: Edit, random: (n: number) => number, tally: Tally): Promise<string | null> {
    let edited: Version;
    try {
      edited = new Version(edit.edited);
      edited.load(new Patience());
    } catch {
      // What the compiler refuses, nobody deploys.
      return null;
    }
    const fair = edit.both === null ? null : new Plain(edit.both);
    // Mostly, what comes to the same as before was to: to look takes as long as all else.
    const isTrusting = random(4) > 0;
    const back = random(this.parked.length + 1);
    for (const [n, parked] of this.parked.entries()) {
      const there =
        n === back
          ? await under(edited, parked, trailFrom, tally)
          : await under<Outcome & { readonly trail?: undefined }>(edited, parked, carryOn, tally);
      if (there === null) continue;
      const wrong = await this.#judge(edit, fair, isTrusting, textOf(there), [parked]);
      if (wrong !== null) return wrong;
      if (there === "endless") {
        tally.endless++;
        // Each of the others would, with hardly an exception, take as long.
        return null;
      }
      if (there.trail === undefined) continue;
      // The first is where it was parked.
      const later = 1 + random(there.trail.length);
      const next = there.trail[later];
      if (next === undefined) continue;
      const again = await under(this.#version, next, carryOn, tally);
      if (again === null) continue;
      const wrongAgain = await this.#judge(edit, fair, isTrusting, textOf(again), [parked, next]);
      if (wrongAgain !== null) return wrongAgain;
    }
    return null;
  }

  /**
   * @param fair what both programs are in one; null: they mean the same
   * @param isTrusting what comes to the same as the old program is taken for right
   * @param parks where the program became the new one, and the old one again
   */
  async #judge(
    edit: Edit,
    fair: Plain | null,
    isTrusting: boolean,
    text: string,
    parks: readonly [Parked, Parked?],
  ): Promise<string | null> {
    // Functions and classes tell their names.
    const unnamed = (one: string) => one.replaceAll(RENAMED, "");
    const got = unnamed(text);
    if ((isTrusting || fair === null) && got === unnamed(this.old)) return null;
    const [newAt, oldAt] = parks.map((park) => park!.outside.course!);
    const expected = await fair?.run(newAt!, oldAt ?? null);
    if (expected !== undefined && got === unnamed(expected)) return null;
    if (got === ENDLESS && fair?.isLong) return null;
    return [
      `${edit.what}\n\nparked after ${parks.map((park) => park!.outside.course!.join(", ") || "nothing").join("\n, and back again after ")}, in\n\n${this.source}`,
      `edited to\n\n${edit.edited}`,
      `it came to\n${got}`,
      `the old program comes to\n${this.old}`,
      ...(expected === undefined ? [] : [`the new one from there on\n${expected}`]),
    ].join("\n\n");
  }
}

/** Carries a run on under a version; null when that blocks it. */
function under<T extends Outcome>(
  version: Version,
  parked: Parked,
  how: (parked: Parked, world: plain.WorldModule, onPark: () => void) => Promise<T>,
  tally: Tally,
): Promise<Ending<T> | null> {
  const patience = new Patience();
  version.load(patience);
  return within(patience, () => unlessBlocked(() => how(parked, compiledWorld, patience.park), tally));
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
