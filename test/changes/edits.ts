/**
 * Small edits of a program, one at a time, and what a program does that is edited while it runs.
 *
 * `both` is the old and the new program in one: `$new()` says which of them it is at the moment. Run uncompiled, and told to
 * become the new one at some await, it does what a run must do that is parked there while the code changes.
 */
import { transformFromAstSync, traverse } from "@babel/core";
import { parse } from "@babel/parser";
import * as t from "@babel/types";

export interface Edit {
  /** What was done, and to which statement. */
  readonly what: string;
  readonly edited: string;
  /** The text of both in one; null: the edit means nothing. */
  readonly both: string | null;
}

interface Place {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly declares: boolean;
  /** It leaves a loop, switch or label around it. */
  readonly jumps: boolean;
  readonly isAsync: boolean;
  readonly next: Place | null;
}

const parsed = (source: string) =>
  parse(source, {
    sourceType: "module",
    plugins: ["typescript", "decorators", "decoratorAutoAccessors", "explicitResourceManagement"],
  });

/** All edits of all statements in functions, in the order of the source. */
export function editsOf(source: string, insertions: readonly string[]): Edit[] {
  return [...placesOf(source).flatMap((place) => editsAt(source, place, insertions)), ...renamings(source)];
}

function editsAt(source: string, place: Place, insertions: readonly string[]): Edit[] {
  const { text, start, end, line, declares, jumps, isAsync, next } = place;
  const edit = (name: string, edited: string, both: string | null, to = end): Edit => {
    const put = (replacement: string) => source.slice(0, start) + replacement + source.slice(to);
    return {
      what: `${name} line ${line}: ${text}`,
      edited: put(edited),
      both: both === null ? null : put(both),
    };
  };
  const found = insertions
    .filter((inserted) => isAsync || !inserted.includes("await"))
    .map((inserted) =>
      edit(`insert ${inserted} before`, `${inserted}\n${text}`, `if ($new()) { ${inserted} }\n${text}`),
    );
  if (declares) return found;
  found.push(
    edit("delete", ";", `if (!$new()) { ${text} }`),
    edit("duplicate", `${text}\n${text}`, `${text}\nif ($new()) { ${text} }`),
    edit("wrap in a block", `{ ${text} }`, null),
    edit("wrap in if", `if (true) { ${text} }`, null),
    edit("wrap in try", `try { ${text} } finally {}`, null),
  );
  if (!jumps) found.push(edit("wrap in for", `for (let $i = 0; $i < 1; $i++) { ${text} }`, null));
  if (next !== null && !next.declares) {
    const one = text;
    const two = next.text;
    // Parked in either of them, the new program goes on behind it, in its own order.
    const both = `if ($new()) { ${two}\n${one} } else { ${one}\nif (!$new()) { ${two}\nif ($new()) { ${one} } } }`;
    found.push(edit("swap with the next", `${two}\n${one}`, both, next.end));
  }
  return found;
}

function placesOf(source: string): Place[] {
  const places: Place[] = [];
  traverse(parsed(source), {
    BlockStatement({ node, scope }) {
      const fn = scope.getFunctionParent()?.block;
      if (fn === undefined || !t.isFunction(fn)) return;
      let next: Place | null = null;
      const found: Place[] = [];
      for (const one of [...node.body].reverse()) {
        next = placeOf(source, one, fn.async === true, next);
        found.push(next);
      }
      places.push(...found.reverse());
    },
  });
  return places;
}

function placeOf(source: string, node: t.Statement, isAsync: boolean, next: Place | null): Place {
  let jumps = false;
  t.traverseFast(node, (one) => {
    if (t.isBreakStatement(one) || t.isContinueStatement(one)) jumps = true;
  });
  return {
    text: source.slice(node.start!, node.end!),
    start: node.start!,
    end: node.end!,
    line: node.loc!.start.line,
    declares: t.isDeclaration(node) || t.isLabeledStatement(node),
    jumps,
    isAsync,
    next,
  };
}

/** Each variable of each function by another name. */
function renamings(source: string): Edit[] {
  const edits: Edit[] = [];
  const count = { scopes: 0 };
  const scopesOf = (
    visit: (names: string[], rename: (from: string, to: string) => void, index: number) => void,
  ) => {
    const tree = parsed(source);
    let index = 0;
    traverse(tree, {
      Scope({ scope }) {
        if (!scope.path.isProgram())
          visit(Object.keys(scope.bindings), (from, to) => scope.rename(from, to), index++);
      },
    });
    return tree;
  };
  const names: string[][] = [];
  scopesOf((own) => {
    names[count.scopes++] = own;
  });
  names.forEach((own, scope) => {
    for (const name of own) {
      const tree = scopesOf((_, rename, index) => {
        if (index === scope) rename(name, `${name}$new`.replace("$", "_"));
      });
      const edited = transformFromAstSync(tree, source, { configFile: false, babelrc: false })!.code!;
      edits.push({ what: `rename ${name}`, edited, both: null });
    }
  });
  return edits;
}
