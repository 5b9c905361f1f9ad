/** Loads a version of a module as a later build of it would be: same id, newest wins. */
import { compile } from "../../compiler/index.ts";
import * as api from "../../runtime/index.ts";
import * as machine from "../../runtime/machine/index.ts";

type Exports = { readonly [name: string]: (...args: unknown[]) => Promise<unknown> };

/** @param source a marked module that imports from "coldframe" only, with every import on a line of its own */
export function load(source: string, moduleId = "shop/flow.ts"): Exports {
  const result = compile(source, { filename: "flow.ts", moduleId });
  if (result.code === null) throw new Error(JSON.stringify(result.diagnostics));
  const exported = [...result.code.matchAll(/export (?:function|const) (\w+)/g)].map(([, name]) => name);
  const body = result.code
    .replace(/import \{([^}]*)\} from "coldframe\/machine";/g, "const {$1} = machine;")
    .replace(/import \{([^}]*)\} from "coldframe";/g, "const {$1} = api;")
    .replace(/^export /gm, "");
  const { codes, modules } = machine.registry;
  for (const id of [...codes.keys()]) if (id.startsWith(`${moduleId}#`)) codes.delete(id);
  modules.delete(moduleId);
  machine.registry.hot = true;
  return new Function("machine", "api", `${body}\nreturn { ${exported.join(", ")} };`)(
    machine,
    api,
  ) as Exports;
}
