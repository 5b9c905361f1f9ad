/** Sloppy functions whose parameters and arguments object are one, saved and restored as a whole between any two jobs. */
import { expect, test } from "vitest";
import { compile } from "../../compiler/index.ts";
import * as machine from "../../runtime/machine/index.ts";
import { runScenario } from "../../runtime/testing/index.ts";

const source = `
async function writes(a, b) { a = 5; await 1; a++; await 2; return [arguments[0], arguments.length, b]; }
async function written(a, b) { await 1; arguments[0] = 7; await 2; arguments[1] = 8; await 3; return [a, b]; }
async function deleted(a, b) { delete arguments[0]; await 1; arguments[0] = 3; b = await 4; return [a, arguments[0], arguments[1]]; }
async function defined(a, b) {
  Object.defineProperty(arguments, "0", { writable: false, value: 9 }); await 1;
  if (arguments.length > 1) Object.defineProperty(arguments, "1", { get: () => 42 });
  await 2;
  a = 10; b = 11; await 3;
  return [a, arguments[0], b, arguments[1], Object.getOwnPropertyDescriptor(arguments, "0").writable];
}
async function captured(a) {
  const inc = () => ++a, args = arguments; await 1; inc(); await 2;
  return [args[0], inc(), args[0], [].join.call(args, "-"), args.callee === captured, Object.keys(args).join()];
}
async function twice(a, a) { a = await 3; return [arguments[0], arguments[1], a]; }
async function given(a) { await 1; change(arguments); await 2; return [a, arguments.length]; }
function change(args) { args[0] = "changed"; args.length = 4; args.extra = 1; }
function* generator(a) { a = yield arguments[0]; a = yield arguments[0]; return arguments[0]; }
async function generators(a) {
  const it = generator(a); const seen = [it.next().value]; await 1; seen.push(it.next("x").value); await 2; seen.push(it.next("y").value);
  return seen;
}
async function frozen(a) { Object.freeze(arguments); await 1; a = 2; await 3; return [a, arguments[0], Object.isFrozen(arguments)]; }
function inner(a) { return { set: (x) => { a = x; }, args: arguments }; }
async function outlives(a) { const { set, args } = inner(a); await 1; set(4); await 2; return [args[0], (args[0] = 6, args[0])]; }
exports.program = async function () {
  const results = [];
  for (const f of [writes, written, deleted, defined, captured, twice, given, generators, frozen, outlives])
    results.push(f.name, JSON.stringify(await f(1, 2)), JSON.stringify(await f(1)));
  return results;
};`;

function load(text: string): () => Promise<unknown> {
  const exports: { program?: () => Promise<unknown> } = {};
  new Function("require", "exports", text)(() => machine, exports);
  return exports.program!;
}

test("writes go both ways, until an element is deleted or defined anew", async () => {
  const plain = await load(source)();
  const options = { filename: "mapped.cjs", sourceType: "commonjs", mark: "all" } as const;
  const { code, diagnostics } = compile(source, options);
  expect(diagnostics).toEqual([]);
  const program = load(code!);
  expect(await program()).toEqual(plain);
  for (const regime of ["memory", "park"] as const) {
    const outcome = await runScenario(program, [], { regime, between: "job" });
    expect(outcome).toMatchObject({ status: "done", value: plain });
    if (regime === "park") expect(outcome.parks).toBeGreaterThan(50);
  }
});
