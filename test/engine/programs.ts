/**
 * Compiles programs in tests and loads them beside the sources of the runtime: what they import from `"coldframe"` is
 * `runtime/index.ts`, from `"world"` what the test hands in.
 */
import { compile } from "../../compiler/index.ts";
import * as coldframe from "../../runtime/index.ts";
import * as machine from "../../runtime/machine/index.ts";

// biome-ignore lint/suspicious/noExplicitAny: programs of tests, called with what the test knows of them
export type Program = (...args: any[]) => Promise<any>;

let count = 0;

/**
 * @param source of a marked module
 * @param world what it may import from `"world"`
 * @param id of the module; the default is different for each call
 * @returns its exports
 */
export function load(
  source: string,
  world: Record<string, unknown> = {},
  id = `test/program-${++count}.ts`,
): Record<string, Program> {
  const result = compile(source, { filename: id.slice(id.lastIndexOf("/") + 1), moduleId: id });
  if (result.code === null || result.diagnostics.length > 0) {
    throw new Error(JSON.stringify(result.diagnostics, null, 2));
  }
  const names: string[] = [];
  const code = result.code
    .replace(/^import \{([^}]*)\} from "([^"]*)";$/gm, (_, bindings: string, from: string) => {
      return `const {${bindings.replaceAll(" as ", ": ")}} = $modules[${JSON.stringify(from)}];`;
    })
    .replace(/^export ((?:async )?(?:function\*?|const|class)) (\w+)/gm, (_, kind: string, name: string) => {
      names.push(name);
      return `${kind} ${name}`;
    })
    .replace(/^export \{ (\S+) as default \};$/gm, (_, name: string) => {
      names.push(`default: ${name}`);
      return "";
    });
  const modules = { coldframe, "coldframe/machine": machine, world };
  return new Function("$modules", `"use strict";${code}\nreturn { ${names.join(", ")} };`)(modules);
}

const HEAD =
  'import { sleep, event, shield, step, start, send, mutex, semaphore, pool, group, channel, waitUntil, rateLimit, moveTo } from "coldframe"; import { log, world } from "world";';

/**
 * A program of one workflow and one step: `call("x", …)` notes what it is called with and does `world.x(…)`, or
 * answers "x".
 */
export function program(
  body: string,
  world: Record<string, unknown> = {},
): Program & { readonly calls: unknown[][] } {
  const calls: unknown[][] = [];
  const log = (...args: unknown[]) => void calls.push(args);
  const { main } = load(
    `${HEAD}
    export async function call(name, ...args) { "use step"; log(name, ...args); return world[name] ? world[name](...args) : name; }
    export async function main(...args) { "use workflow"; ${body} }`,
    { log, world },
  );
  return Object.assign(main!, { calls });
}
