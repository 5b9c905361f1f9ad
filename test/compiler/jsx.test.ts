/** JSX with awaits and local components: compiled and uncompiled make the same elements in the same order. */
import ts from "typescript";
import { expect, test } from "vitest";
import { compile } from "../../compiler/index.ts";
import * as machine from "../../runtime/machine/index.ts";

const element = (type: unknown, properties: unknown, ...children: unknown[]) => ({
  type: typeof type === "function" ? type.name : type,
  properties,
  children,
});

let count = 0;

/** Runs the body of an async function; what it returns, and what it said. */
async function run(body: string, compiled: boolean): Promise<unknown> {
  const source = `const Outer = (x) => x;\nexport async function main(say) { ${body} }`;
  const marked = compile(`"use workflow"; ${source}`, { filename: `view${++count}.jsx` });
  if (compiled) expect(marked.diagnostics).toEqual([]);
  const { outputText } = ts.transpileModule(compiled ? marked.code! : source, {
    compilerOptions: {
      jsx: ts.JsxEmit.React,
      jsxFactory: "h",
      jsxFragmentFactory: "Fragment",
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.CommonJS,
    },
  });
  const said: unknown[] = [];
  const exports: { main?: (say: unknown) => Promise<unknown> } = {};
  new Function("h", "Fragment", "exports", "require", outputText)(
    element,
    "fragment",
    exports,
    () => machine,
  );
  const value = await exports.main!((x: unknown) => {
    said.push(x);
    return x;
  });
  return { value, said };
}

const programs: readonly (readonly [name: string, body: string])[] = [
  ["attributes", "return <p a={say(1)} b={await say(2)} c={say(3)} d />;"],
  ["spreads", "const o = { x: 1 }; return <p {...o} {...await say({ y: (o.x = 2) })} {...o} z={say(3)} />;"],
  ["children", "return <p>text {say(1)}{await say(2)}<b>{say(3)}</b>{await say(4)} more</p>;"],
  ["nested", "return <p x={<i>{await say(1)}</i>}><b a={say(2)}>{await say(3)}</b><u>{say(4)}</u></p>;"],
  ["fragments", "return <><b>{say(1)}</b>{await say(2)}<></></>;"],
  ["a variable that changes", "let x = 1; return <p a={x} b={await say(x = 2)} c={x} />;"],
  [
    "local components",
    "const Card = Outer; await say(1); const f = () => <Card a={1} />; return [<Card />, f(), <Outer />];",
  ],
  [
    "members",
    "const ui = { Card: Outer }; const f = () => <ui.Card />; return [<ui.Card a={await say(1)} />, f()];",
  ],
  [
    "this",
    "const o = { Card: Outer, async make() { return <this.Card a={await say(1)} />; } }; return o.make();",
  ],
  ["conditions", "return say(1) && <p>{(await say(false)) ? <b /> : <i a={await say(2)} />}</p>;"],
  [
    "attribute names are none",
    "const Name = 1; const f = () => Name; return [<p Name={await say(2)} />, f()];",
  ],
];

test.each(programs)("%s", async (_, body) => {
  expect(await run(body, true)).toEqual(await run(body, false));
});
