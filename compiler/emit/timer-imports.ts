/**
 * Timers that a marked module imports are those of the machine, as the global ones are:
 *
 * ```
 * import { setTimeout as wait, scheduler } from "node:timers/promises"
 *   ↦  import { $delay as wait } from "coldframe/machine"; import { scheduler } from "node:timers/promises"
 * ```
 */
import * as t from "@babel/types";

const timers: { readonly [name: string]: string } = {
  setTimeout: "$setTimeout",
  setInterval: "$setInterval",
  clearTimeout: "$clearTimeout",
  clearInterval: "$clearInterval",
};
const replaced: { readonly [source: string]: { readonly [name: string]: string } } = {
  timers,
  "timers/promises": { setTimeout: "$delay" },
};

/** @param machine what compiled code imports its helpers from */
export function timerImports(statement: t.Statement, machine: string): readonly t.Statement[] {
  if (!t.isImportDeclaration(statement)) return [statement];
  const source = statement.source.value.replace(/^node:/, "");
  if (!Object.hasOwn(replaced, source)) return [statement];
  const names = replaced[source]!;
  const durable: t.ImportSpecifier[] = [];
  const rest: t.ImportDeclaration["specifiers"] = [];
  for (const specifier of statement.specifiers) {
    const name = t.isImportSpecifier(specifier) ? nameOf(specifier.imported) : "";
    if (Object.hasOwn(names, name))
      durable.push(t.importSpecifier(specifier.local, t.identifier(names[name]!)));
    else rest.push(specifier);
  }
  if (durable.length === 0) return [statement];
  const own = t.importDeclaration(durable, t.stringLiteral(machine));
  return rest.length === 0 ? [own] : [own, { ...statement, specifiers: rest }];
}

function nameOf(imported: t.Identifier | t.StringLiteral): string {
  return t.isIdentifier(imported) ? imported.name : imported.value;
}
