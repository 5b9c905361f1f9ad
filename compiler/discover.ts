/**
 * Pass 1, discover: which functions are marked, which are steps, and what can never be kept.
 *
 * | where the directive stands | meaning |
 * |---|---|
 * | `"use workflow"` at the top of the module or of an async function | the module is marked: all its functions are compiled |
 * | `"use step"` at the top of an async function | that function is an external call |
 * | `"use step"` at the top of the module | every exported async function is an external call |
 */

import * as t from "@babel/types";
import { childKeys } from "./children.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { feedName } from "./names.ts";

export interface Discovered {
  readonly marked: boolean;
  readonly steps: ReadonlySet<t.Node>;
  /** Functions with `"use workflow"` of their own, or all exported async ones of a module that has it. */
  readonly workflows: ReadonlySet<t.Node>;
}

const WORKFLOW = "use workflow";
const STEP = "use step";

/** A quick look at the text: a file without these words is left alone without parsing it. */
export function mayBeMarked(source: string): boolean {
  return /["'`]\s*use[\s_-]*(?!strict|client|server|asm)[a-z]{2,10}\s*["'`]/i.test(source);
}

export function discover(file: t.File, diagnostics: Diagnostics, markAll: boolean): Discovered {
  const steps = new Set<t.Node>();
  const workflows = new Set<t.Node>();
  let marked = markAll;
  let moduleStep = false;
  for (const directive of file.program.directives) {
    const word = read(directive, diagnostics);
    if (word === WORKFLOW) marked = true;
    if (word === STEP) moduleStep = true;
  }
  if (marked && moduleStep && !markAll)
    diagnostics.error(
      "CF1006",
      file.program.directives[0],
      'keep "use workflow" and "use step" in files or functions of their own.',
    );

  const visit = (node: t.Node, parent: t.Node | null): void => {
    if (t.isFunction(node) && t.isBlockStatement(node.body)) {
      const words = node.body.directives.map((one) => [one, read(one, diagnostics)] as const);
      for (const [directive, word] of words) {
        if (word === null) continue;
        if (!node.async) {
          diagnostics.error(
            "CF1002",
            directive,
            isCompiledAway(parent)
              ? `another tool has made it of an async function. Let that write ES2017 or newer, or let coldframe come before it.`
              : `write "async" before ${nameOf(node, parent)}, or remove "${word}".`,
          );
          continue;
        }
        if (node.generator) {
          diagnostics.error(
            "CF1012",
            directive,
            `a generator as a ${word === WORKFLOW ? "workflow" : "step"}; write an async function that returns its values.`,
          );
          continue;
        }
        if (word === WORKFLOW) {
          marked = true;
          workflows.add(node);
        } else steps.add(node);
      }
      if (workflows.has(node) && steps.has(node))
        diagnostics.error(
          "CF1006",
          node,
          `${nameOf(node, parent)} has both "use workflow" and "use step"; keep one.`,
        );
    }
    if (
      t.isExpressionStatement(node) &&
      t.isStringLiteral(node.expression) &&
      !node.expression.extra?.["parenthesized"]
    ) {
      const word = near(node.expression.value);
      if (word !== null)
        diagnostics.error(
          "CF1003",
          node,
          `move "${word}" before every other statement of its function or file.`,
        );
    }
    for (const key of childKeys(node.type)) {
      const child = (node as unknown as { [key: string]: unknown })[key];
      if (Array.isArray(child)) for (const one of child) one && visit(one as t.Node, node);
      else if (child !== null && child !== undefined) visit(child as t.Node, node);
    }
  };
  visit(file.program, null);

  if (moduleStep) {
    for (const fn of exportedAsync(file.program)) if (!workflows.has(fn)) steps.add(fn);
    if (steps.size === 0)
      diagnostics.error(
        "CF1003",
        file.program.directives[0],
        `the file exports no async function that "${STEP}" could be about.`,
      );
  }
  return { marked, steps, workflows };
}

/** The directive's word, after a complaint when it is nearly one of ours. */
function read(directive: t.Directive, diagnostics: Diagnostics): string | null {
  const text = directive.value.value;
  if (text === WORKFLOW || text === STEP) return text;
  const word = near(text);
  if (word !== null) diagnostics.error("CF1004", directive, `"${text}" is not a directive; write "${word}".`);
  return null;
}

/** The directive that `text` is, or is at most two letters away from. */
function near(text: string): string | null {
  if (text.length > 20 || !/^\s*use/i.test(text)) return null;
  for (const word of [WORKFLOW, STEP]) if (distance(text.toLowerCase().trim(), word) <= 2) return word;
  return null;
}

/** Edit distance (Levenshtein 1966), row by row. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length]!;
}

function exportedAsync(program: t.Program): t.Node[] {
  const found: t.Node[] = [];
  const take = (node: t.Node | null | undefined) => {
    if (t.isFunction(node) && node.async) found.push(node);
  };
  for (const statement of program.body) {
    if (t.isExportDefaultDeclaration(statement)) take(statement.declaration);
    if (!t.isExportNamedDeclaration(statement)) continue;
    const declaration = statement.declaration;
    take(declaration);
    if (t.isVariableDeclaration(declaration)) for (const one of declaration.declarations) take(one.init);
    for (const one of statement.specifiers)
      if (t.isExportSpecifier(one)) take(declared(program, one.local.name));
  }
  return found;
}

function declared(program: t.Program, name: string): t.Node | null {
  for (const statement of program.body) {
    if (t.isFunctionDeclaration(statement) && statement.id?.name === name) return statement;
    if (t.isVariableDeclaration(statement))
      for (const one of statement.declarations) if (t.isIdentifier(one.id, { name })) return one.init ?? null;
  }
  return null;
}

/** What tsc, Babel and swc hand the body of an async function to, where they write code for engines that have none. */
function isCompiledAway(parent: t.Node | null): boolean {
  if (!t.isCallExpression(parent)) return false;
  const callee = t.isSequenceExpression(parent.callee) ? parent.callee.expressions.at(-1)! : parent.callee;
  return /awaiter|async_?to_?generator|regenerator/i.test(feedName(callee));
}

function nameOf(node: t.Function, parent: t.Node | null): string {
  if ("id" in node && node.id) return `"${node.id.name}"`;
  if (t.isVariableDeclarator(parent) && t.isIdentifier(parent.id)) return `"${parent.id.name}"`;
  if ("key" in node && t.isIdentifier(node.key)) return `"${node.key.name}"`;
  return "this function";
}
