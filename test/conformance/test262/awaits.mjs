/**
 * A program as the body of a marked async function, with awaits in its expressions. What the engine makes of that text is what it
 * means; the compiled text has to mean the same:
 *
 * | regime   | the run                                                                                            |
 * |----------|----------------------------------------------------------------------------------------------------|
 * | compiled | goes through in memory                                                                             |
 * | saved    | is saved as text between two jobs, and what is read back goes on; before all jobs, or every nth       |
 * | in place | is saved into the very objects that it consists of. Where `saved` is refused or fails                        |
 */
import { join } from "node:path";
import vm from "node:vm";
import { describe, until } from "./harness.mjs";
import { plant } from "./plant.mjs";
import { modesOf } from "./program.mjs";
import { randomOf } from "./random.mjs";
import { Realm, Refused, toCode } from "./realm.mjs";
import { inventory } from "./shared-objects.mjs";

const NAME = "$program";
const DONE = "function $DONE(error) { $262.done(error); }";

/**
 * @returns {Promise<{ mode: string, [regime: string]: string }[]>} one, or none when the program cannot be a function's body. How it
 *   ended: `passed`, `refused …`, or why not; `text` is what was run, `parks` how often it was saved
 */
export async function runPlanted(program, harness, now, { seed, rate, every }) {
  const { flags, negative } = program;
  if (flags.has("module") || flags.has("raw") || (negative && negative.phase !== "runtime")) return [];
  const random = randomOf(`${seed} ${program.path}`);
  const modes = modesOf(program);
  const mode = modes[Math.floor(random() * modes.length)];
  const result = { mode };
  const evaluator = new Evaluator(program, harness, join(harness.suite, "test", program.path));
  let text = null;
  // Awaits take time: what depends on the order of jobs bears fewer of them.
  for (const [share, boxed] of [
    [rate, false],
    [rate, true],
    [rate / 4, true],
  ]) {
    now(`${mode}, native`);
    const planted = planting(wrapped(program.text, mode), { rate: share, boxed, random });
    if (planted === null || planted.count === 0) return [];
    result.native = await evaluator.run(planted.text, "native", every);
    if (result.native !== "passed") continue;
    text = planted.text;
    break;
  }
  if (text === null) return [result];
  result.text = text;
  let code;
  try {
    code = toCode(text, evaluator.path, "script", "directives");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return [{ ...result, compiled: `refused: ${error.message}` }];
  }
  const run = async (regime) => {
    now(`${mode}, ${regime}`);
    result[regime] = await evaluator.run(code, regime, every);
  };
  await run("compiled");
  await run("saved");
  if (result.saved !== "passed") await run("in place");
  await excuse(result, evaluator, text);
  return [{ ...result, parks: evaluator.parks }];
}

const hasFailed = (end) => end !== undefined && !/^(passed|refused)/.test(end);

/** What nothing can be done about is no failure: the program has done it to its realm, of which there is one only. */
async function excuse(result, evaluator, text) {
  const regimes = ["compiled", "saved", "in place"].filter((regime) => hasFailed(result[regime]));
  if (regimes.length === 0) return;
  const { keeps, breaks } = await evaluator.leaves(text);
  if (breaks !== null)
    for (const regime of regimes)
      result[regime] = `refused: built-ins: ${breaks} is another one: ${result[regime]}`;
  else if (regimes.join() !== "saved") return;
  else if (keeps !== null)
    result.saved = `refused: shared: the program keeps an object of its own at ${keeps}, in the realm`;
  // What `import()` gives is a promise of the engine, and closures that wait for it are those of the run before.
  else if (/\bInterrupted\b/.test(result.saved) || /\bimport\s*\(/.test(text))
    result.saved = "refused: native: a promise of the engine was pending";
}

const wrapped = (text, mode) =>
  `${mode === "strict" ? '"use strict"; ' : ""}async function ${NAME}() { "use workflow"; ${text}\n}\n`;

function planting(text, options) {
  try {
    return plant(text, options);
  } catch {
    // It is no body of an async function.
    return null;
  }
}

class Evaluator {
  #program;
  #harness;
  /** How often the program was saved and restored. */
  parks = 0;

  constructor(program, harness, path) {
    this.#program = program;
    this.#harness = harness;
    this.path = path;
  }

  async run(code, regime, every) {
    let end = null;
    const done = (error) => {
      end ??= error === undefined ? "passed" : describe(error);
    };
    try {
      const realm = this.#realm(regime, done);
      realm.script(code, this.path);
      const call = regime === "native" ? native(realm) : hosted(realm, regime === "saved" ? every : 0);
      const isOver = () => call.thrown !== null || end !== null || !this.#program.flags.has("async");
      await until(() => call.advance() && isOver());
      this.parks += call.parks;
      return this.#end(call, end);
    } catch (error) {
      return describe(error);
    }
  }

  #end(call, end) {
    const { negative, flags } = this.#program;
    const { thrown, refusals } = call;
    const outcome = () => {
      if (negative) {
        if (thrown === null) return `no ${negative.type}`;
        return thrown[0]?.constructor?.name === negative.type ? "passed" : describe(thrown[0]);
      }
      if (thrown !== null) return describe(thrown[0]);
      if (!call.advance()) return "never done";
      return flags.has("async") ? (end ?? "never done") : "passed";
    };
    const found = outcome();
    if (found !== "passed" || refusals.size === 0) return found;
    return `refused: ${[...refusals].map(([code, message]) => `${code} ${message}`).join("\n")}`;
  }

  /** What the program leaves in its realm; see shared-objects.mjs. */
  async leaves(text) {
    const realm = this.#realm("native", () => {});
    realm.script(text, this.path);
    const found = inventory(realm.context);
    const call = native(realm);
    await until(call.advance);
    return found();
  }

  #realm(regime, done) {
    const isCompiled = regime !== "native";
    const machine = isCompiled ? this.#harness.machine : null;
    const realm = new Realm({ machine, parked: regime === "in place", done });
    realm.context.$262.done = done;
    this.#harness.load(realm, this.#program, isCompiled);
    realm.script(this.#harness.script("done.js", () => DONE, isCompiled));
    return realm;
  }
}

/** Called as natively it is. */
function native(realm) {
  const call = { thrown: null, parks: 0, refusals: new Map(), advance: () => isOver };
  let isOver = false;
  const end = (thrown) => {
    isOver = true;
    call.thrown = thrown;
  };
  const start = vm.runInContext(
    `(async (end) => { let thrown = null; try { await ${NAME}(); } catch (error) { thrown = [error]; } end(thrown); })`,
    realm.context,
  );
  void start(end);
  return call;
}

/** Called as a run. */
function hosted(realm, every) {
  return new realm.testing.Session(realm.context[NAME], { every });
}
