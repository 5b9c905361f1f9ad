/**
 * What the compiler writes down about functions in one text each, the machine reads: whatever they and their variables are called.
 */
import { expect, test } from "vitest";
import { compile } from "../../compiler/index.ts";
import * as machine from "../../runtime/machine/index.ts";

/** Compiles a module and loads it; its registration is then what the manifest says. */
function load(source: string, id: string) {
  const { code, manifest, diagnostics } = compile(source, { filename: "src/odd.js", moduleId: id });
  expect(diagnostics).toEqual([]);
  const body = code!
    .replace(/^import \{([^}]*)\} from "coldframe\/machine";/, "const {$1} = machine;")
    .replaceAll("export ", "");
  new Function("machine", `"use strict";${body}`)(machine);
  return { code: code!, manifest: manifest! };
}

const source = `
"use workflow";
export async function flow(xs, __proto__) {
  const undo = [];
  const methods = {
    async "with a blank, \`quotes\`, 100% \${x} \\\\ and\\n a line"(constructor) {
      await xs[0]();
      undo.push(() => constructor);
      return constructor;
    },
  };
  try {
    for (const x of xs) await xs.of\u00e9(x, undo, methods);
  } catch (error) {
    await undo[0](error);
    throw error;
  }
  await __proto__;
  return __proto__;
}
`;

test("descriptors say what the manifest says", () => {
  const { manifest } = load(source, "descriptors/odd");
  expect(manifest.codes.length).toBeGreaterThan(2);
  expect(manifest.codes.some(({ points }) => points.some((point) => point?.handler))).toBe(true);
  expect(manifest.codes.some(({ captures }) => captures.length > 0)).toBe(true);
  for (const { id, hash, kind, line, captures, points } of manifest.codes) {
    const code = machine.codeOf(id)!;
    expect({ id: code.id, hash: code.hash, kind: code.kind, line: code.line }).toEqual({
      id,
      hash,
      kind,
      line,
    });
    expect(code.file).toBe("src/odd.js");
    expect(code.captures).toEqual(captures);
    expect(code.points.length).toBe(Math.max(points.length, 1));
    expect(code.points.slice(1)).toEqual(points.slice(1));
  }
});

test("scope records are registered with their variables", () => {
  load(source, "descriptors/records");
  const schema = machine.registry.records.get("descriptors/records#flow.{}");
  expect(schema?.variables).toEqual(["xs", "undo"]);
  const inner = [...machine.registry.records.values()].find(({ variables }) =>
    variables.includes("constructor"),
  );
  expect(Object.keys(new inner!.Record())).toEqual(["constructor"]);
});
