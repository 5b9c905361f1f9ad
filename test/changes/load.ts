/** Loads a version of a module as a later build of it would be: the process knows nothing of the version before. */
import { compile } from "../../compiler/index.ts";
import * as api from "../../runtime/index.ts";
import * as machine from "../../runtime/machine/index.ts";

export type Exports = { readonly [name: string]: (...args: unknown[]) => Promise<unknown> };

const MODULES = "shop/";

/** Forgets all versions of all modules of these tests, and what was said about how they changed. */
export function unload(): void {
  const { registry } = machine;
  const { codes, modules, records, classes, steps, policies, templates, constructors } = registry;
  const { renames, migrations } = registry;
  for (const known of [codes, modules, records, classes, steps, policies, templates, constructors])
    for (const id of [...known.keys()]) if (id.startsWith(MODULES)) known.delete(id);
  registry.unresolved = registry.unresolved.filter(({ name }) => !name.startsWith(MODULES));
  registry.unlisted = [];
  renames.clear();
  migrations.clear();
}

/** @param source a marked module that imports from "coldframe" only, with every import on a line of its own */
export function load(source: string, moduleId = "shop/flow.ts"): Exports {
  unload();
  return loadBeside(source, moduleId, {});
}

/** Loads a module beside those that are loaded. */
export function loadBeside(source: string, moduleId: string, imports: Imports): Exports {
  return evaluateBeside(compiled(source, moduleId), imports);
}

/** @throws Error what the compiler says of it */
export function compiled(source: string, moduleId: string): string {
  const { code, diagnostics } = compile(source, { filename: "flow.ts", moduleId });
  if (code === null) throw new Error(JSON.stringify(diagnostics));
  return code;
}

/** Evaluates what was compiled, beside what is loaded. */
export const evaluateBeside = (
  code: string,
  imports: Imports,
  free: Readonly<Record<string, unknown>> = {},
) => evaluate(code, { "coldframe/machine": machine, coldframe: api, ...imports }, free);

/** What modules import, by the names that they use. */
export type Imports = Readonly<Record<string, object>>;

/** Evaluates the text of a module here, with what it imports and with free variables. */
export function evaluate(
  code: string,
  imports: Imports,
  free: Readonly<Record<string, unknown>> = {},
): Exports {
  const exported = [...code.matchAll(/^export (?:async )?(?:function\*?|const|let|class) ([\w$]+)/gm)].map(
    ([, name]) => name,
  );
  const body = code
    .replace(
      /^import (?:\* as ([\w$]+)|\{([^}]*)\}) from ["']([^"']+)["'];/gm,
      (_, all: string | undefined, names: string, from: string) =>
        `const ${all ?? `{${names.replaceAll(" as ", ": ")}}`} = $imports[${JSON.stringify(from)}];`,
    )
    .replaceAll("import.meta", "$meta")
    .replace(/^export (?=(?:async )?(?:function|const|let|class))/gm, "");
  const parameters = Object.keys(free);
  return new Function(
    "$imports",
    "$meta",
    ...parameters,
    `"use strict";\n${body}\nreturn { ${exported.join(", ")} };`,
  )(imports, import.meta, ...Object.values(free)) as Exports;
}

/** The hash of a function of the version that is loaded. */
export function hashOf(path: string, moduleId = "shop/flow.ts"): string {
  return machine.registry.codes.get(`${moduleId}#${path}`)!.hash;
}
