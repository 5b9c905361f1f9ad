/** Compiles a program and loads it beside the built package: `"coldframe"` is `dist/`. */
import * as coldframe from "coldframe";
import { compile } from "coldframe/compiler";
import * as machine from "coldframe/machine";

/**
 * @param {string} source of a marked module
 * @param {string} id of the module
 * @param {Record<string, object>} more modules that it imports
 * @returns {Record<string, (...args: unknown[]) => Promise<unknown>>} its exports
 */
export function load(source, id, more = {}) {
  const { code, diagnostics } = compile(source, { filename: id, moduleId: id });
  if (code === null || diagnostics.length > 0) throw new Error(JSON.stringify(diagnostics));
  const names = [];
  const body = code
    .replace(/^import \{([^}]*)\} from "([^"]*)";$/gm, (_, bindings, from) => {
      return `const {${bindings.replaceAll(" as ", ": ")}} = $modules[${JSON.stringify(from)}];`;
    })
    .replace(/^export ((?:async )?(?:function\*?|const|class)) (\w+)/gm, (_, kind, name) => {
      names.push(name);
      return `${kind} ${name}`;
    });
  const modules = { coldframe, "coldframe/machine": machine, ...more };
  return new Function("$modules", `"use strict";${body}\nreturn { ${names.join(", ")} };`)(modules);
}
