/** What programs of the suite stand upon: its `harness`, and the machine. Compiled once for all programs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import vm from "node:vm";
import { toCode } from "./realm.mjs";

export class Harness {
  /** The folder of the suite. */
  suite;
  /** The machine as a script. */
  machine;
  #scripts = new Map();

  constructor(suite, bundle) {
    this.suite = suite;
    this.machine = new vm.Script(readFileSync(bundle, "utf8"), { filename: "machine.js" });
  }

  /** Evaluates what the program asks for, compiled by us or not. */
  load(realm, { flags, includes }, isCompiled) {
    if (flags.has("raw")) return;
    for (const name of ["assert.js", "sta.js", ...includes])
      realm.script(
        this.script(name, () => readFileSync(join(this.suite, "harness", name), "utf8"), isCompiled),
      );
  }

  /** @param {() => string} text */
  script(name, text, isCompiled) {
    const key = `${name} ${isCompiled}`;
    let script = this.#scripts.get(key);
    if (script === undefined) {
      script = new vm.Script(isCompiled ? toCode(text(), name, "script") : text(), { filename: name });
      this.#scripts.set(key, script);
    }
    return script;
  }
}

export function describe(error) {
  if (error === null || typeof error !== "object") return `throws ${String(error)}`;
  return `${error.constructor?.name ?? error.name ?? "Error"}: ${String(error.message).slice(0, 300)}`;
}

/** Lets jobs and timers of the realm have their turn until there is an end, or patience is over. */
export async function until(isEnd, turns = 200) {
  for (let turn = 0; !isEnd() && turn < turns; turn++)
    await new Promise((resolve) => (turn < turns / 2 ? setImmediate(resolve) : setTimeout(resolve, 5)));
}
