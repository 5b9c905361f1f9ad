/** A program as it is, in each of its modes: compiled whole, and parked between any two jobs; natively, when one of these fails. */
import { join } from "node:path";
import vm from "node:vm";
import { describe, until } from "./harness.mjs";
import { modesOf } from "./program.mjs";
import { Realm, Refused, toCode } from "./realm.mjs";

/** @returns {Promise<{ mode: string, [regime: string]: string }[]>} how it ended: `passed`, `refused …`, or why not */
export async function runPlain(program, harness, now) {
  const results = [];
  for (const mode of modesOf(program)) {
    const result = { mode };
    const run = async (regime) => {
      now(`${mode}, ${regime}`);
      result[regime] = await evaluate(program, harness, mode, regime);
      return result[regime] === "passed";
    };
    const passed = [await run("compiled"), await run("parked")];
    // Only then is the engine asked.
    if (passed.includes(false)) await run("native");
    results.push(result);
  }
  return results;
}

async function evaluate(program, harness, mode, regime) {
  const { flags, negative } = program;
  const path = join(harness.suite, "test", program.path);
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
    const machine = isCompiled ? harness.machine : null;
    const realm = new Realm({ machine, parked: regime === "parked", done });
    harness.load(realm, program, regime === "parked");
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
  await until(() => end !== null);
  return end ?? "never done";
}
