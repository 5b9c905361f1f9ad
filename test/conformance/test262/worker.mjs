/** Runs programs of the suite one after another, each compiled, and compiled and parked between any two jobs; natively, when one of these fails. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import vm from "node:vm";
import { modesOf, readProgram } from "./program.mjs";
import { Realm, Refused, toCode } from "./realm.mjs";

const [suite, bundle] = process.argv.slice(2);
const machine = new vm.Script(readFileSync(bundle, "utf8"), { filename: "machine.js" });
/** Turns of the event loop after which a program that is not done is stuck. */
const PATIENCE = 200;

// Programs may leave promises rejected.
process.on("unhandledRejection", () => {});
process.on("uncaughtException", () => {});

const harness = new Map();
/** A file of the harness as a script, compiled by us or not. */
function include(name, isCompiled) {
  const key = `${name} ${isCompiled}`;
  let script = harness.get(key);
  if (script === undefined) {
    const text = readFileSync(join(suite, "harness", name), "utf8");
    script = new vm.Script(isCompiled ? toCode(text, name, "script") : text, { filename: name });
    harness.set(key, script);
  }
  return script;
}

/** @returns {Promise<string>} `passed`, or why not; `refused …` when the compiler refuses the program */
async function evaluate(program, mode, regime) {
  const { flags, negative } = program;
  const path = join(suite, "test", program.path);
  const isCompiled = regime !== "native";
  const isAsync = flags.has("async");
  let end = null;
  const done = (error) => {
    end ??= error === undefined ? "passed" : describe(error);
  };
  let thrown = null;
  let phase = "parse";
  try {
    const source = mode === "strict" ? `"use strict";\n${program.text}` : program.text;
    let code = source;
    if (mode !== "module") {
      if (isCompiled) code = toCode(source, path, "script");
      new vm.Script(code, { filename: path });
    }
    const realm = new Realm({ machine: isCompiled ? machine : null, parked: regime === "parked", done });
    if (!flags.has("raw"))
      for (const name of ["assert.js", "sta.js", ...program.includes])
        realm.script(include(name, regime === "parked"), name);
    phase = "runtime";
    if (mode === "module") await realm.module(source, path);
    else realm.script(code, path);
    if (!isAsync) end = "passed";
  } catch (error) {
    if (error instanceof Refused) return `refused: ${error.message}`;
    thrown = error;
  }
  if (negative) {
    if (thrown === null) return `no ${negative.type}`;
    if (negative.phase === "parse" && mode !== "module" && phase !== "parse")
      return `late: ${describe(thrown)}`;
    return thrown.constructor?.name === negative.type ? "passed" : describe(thrown);
  }
  if (thrown !== null) return describe(thrown);
  for (let turn = 0; end === null && turn < PATIENCE; turn++)
    await new Promise((resolve) => (turn < PATIENCE / 2 ? setImmediate(resolve) : setTimeout(resolve, 5)));
  return end ?? "never done";
}

function describe(error) {
  if (error === null || typeof error !== "object") return `throws ${String(error)}`;
  return `${error.constructor?.name ?? error.name ?? "Error"}: ${String(error.message).slice(0, 300)}`;
}

process.on("message", async (path) => {
  const program = readProgram(path, readFileSync(join(suite, "test", path), "utf8"));
  const results = [];
  for (const mode of modesOf(program)) {
    const result = { mode };
    const run = async (regime) => {
      process.send({ path, now: `${mode}, ${regime}` });
      result[regime] = await evaluate(program, mode, regime);
      return result[regime] === "passed";
    };
    const passed = [await run("compiled"), await run("parked")];
    // Only then is the engine asked.
    if (passed.includes(false)) await run("native");
    results.push(result);
  }
  process.send({ path, results });
});
process.send({ ready: true });
