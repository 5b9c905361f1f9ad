/**
 * Small edits of a program, one at a time, and what a program does that is edited while it runs.
 *
 * `both` is the old and the new program in one: `$new()` says which of them it is at the moment. Run uncompiled, and told to
 * become the new one at some await, it does what a run must do that is parked there while the code changes.
 */
import { type NodePath, transformFromAstSync, traverse } from "@babel/core";
import * as t from "@babel/types";
import { type Place, parsed, placesOf } from "./places.ts";

export interface Edit {
  /** What was done, and to which statement. */
  readonly what: string;
  readonly edited: string;
  /** The text of both in one; null: the edit means nothing. */
  readonly both: string | null;
}

/** Behind names that were changed. */
export const RENAMED = "_new";

/** All edits of all statements in functions, in the order of the source. */
export function editsOf(source: string, insertions: readonly string[]): Edit[] {
  return [
    ...placesOf(source).flatMap((place) => editsAt(source, place, insertions)),
    ...literals(source),
    ...renamings(source),
  ];
}

/** A text in place of a part of the source, in the edited program and in the one that is both. */
type Replace = (what: string, edited: string, both: string | null, to?: number) => Edit;

function editsAt(source: string, place: Place, insertions: readonly string[]): Edit[] {
  const { text, start, end, line, declares, isAlone, isAsync } = place;
  const edit: Replace = (what, edited, both, to = end) => {
    const block = (body: string) => (isAlone ? `{ ${body} }` : body);
    const put = (replacement: string) => source.slice(0, start) + block(replacement) + source.slice(to);
    return {
      what: `${what} line ${line}: ${text}`,
      edited: put(edited),
      both: both === null ? null : put(both),
    };
  };
  const found = insertions
    .filter((inserted) => isAsync || !inserted.includes("await"))
    .map((inserted) =>
      edit(`insert ${inserted} before`, `${inserted}\n${text}`, `if ($new()) { ${inserted} }\n${text}`),
    );
  return declares ? found : [...found, ...changes(place, edit), ...wraps(place, edit), ...moves(place, edit)];
}

function changes({ text, next }: Place, edit: Replace): Edit[] {
  const found = [
    edit("delete", ";", `if (!$new()) { ${text} }`),
    edit("duplicate", `${text}\n${text}`, `${text}\nif ($new()) { ${text} }`),
  ];
  if (next !== null && !next.declares) {
    const [one, two] = [text, next.text];
    // Parked in either of them, each program goes on behind it, in its own order.
    // In the old one that is the second behind the first, in the new one the first behind the second: also of a run that was in both.
    const oneAgain = `if ($new()) { ${one}\nif (!$new()) { ${two} } }`;
    const both = `if ($new()) { ${two}\n${oneAgain} } else { ${one}\nif (!$new()) { ${two}\n${oneAgain} } }`;
    found.push(edit("swap with the next", `${two}\n${one}`, both, next.end));
  }
  return found;
}

function wraps({ text, body, jumps, returns, yields, hoists, isAsync }: Place, edit: Replace): Edit[] {
  // They mean nothing: a run is the old one or the new one, which is the same.
  const found = [
    edit("wrap in a block", `{ ${text} }`, null),
    edit("wrap in if", `if (true) { ${text} }`, null),
    edit("wrap in try", `try { ${text} } finally {}`, null),
    edit("wrap in try and catch", `try { ${text} } catch (caught) { throw caught; }`, null),
  ];
  if (!jumps) {
    found.push(edit("wrap in for", `for (let $i = 0; $i < 1; $i++) { ${text} }`, null));
    found.push(edit("wrap in for of", `for (const $one of [1]) { ${text} }`, null));
  }
  if (!jumps && !returns && !yields && !hoists) {
    // Behind it the jobs of others may come first.
    const wrapped = isAsync ? `await (async () => { ${text} })();` : `(() => { ${text} })();`;
    found.push(edit("wrap in a closure", wrapped, `if ($new()) { ${wrapped} } else { ${text} }`));
  }
  if (body !== null && !body.declares && !jumps)
    found.push(edit("unwrap", body.text, `if ($new()) { ${body.text} } else { ${text} }`));
  return found;
}

function moves({ text, body, jumps, next, end }: Place, edit: Replace): Edit[] {
  const found: Edit[] = [];
  if (next?.body != null && !next.declares && !jumps) {
    const { head, tail, text: inner } = next.body;
    const into = `${head}{ ${text}\n${inner} }${tail}`;
    const both = `if (!$new()) { ${text} }\n${head}{ if ($new()) { ${text} }\n${inner} }${tail}`;
    found.push(edit("move into the next", into, both, next.end));
  }
  if (body?.first != null) {
    const { head, tail, first, rest } = body;
    const both = `if ($new()) { ${first} }\n${head}{ if (!$new()) { ${first} }\n${rest} }${tail}`;
    found.push(edit("move its first out of", `${first}\n${head}{ ${rest} }${tail}`, both, end));
  }
  return found;
}

/**
 * It stands in a step in a function that has the name and the text of another one. Which of the two was called is not told: a call under
 * way is carried out by the one that still has the text (nested-steps.test.ts), as if it had been before the edit.
 */
function isInEqualStep(path: NodePath, source: string): boolean {
  for (let at = path.getFunctionParent(); at !== null; at = at.getFunctionParent()) {
    const { body, start, end } = at.node;
    const isStep =
      t.isBlockStatement(body) && body.directives.some(({ value }) => value.value === "use step");
    const text = source.slice(start!, end!);
    if (isStep && at.getFunctionParent() !== null && source.split(text).length > 2) return true;
  }
  return false;
}

/** Each number and text of each function, one more. */
function literals(source: string): Edit[] {
  const edits: Edit[] = [];
  traverse(parsed(source), {
    "NumericLiteral|StringLiteral"(path) {
      const node = path.node as t.NumericLiteral | t.StringLiteral;
      const isValue =
        path.isExpression() && !path.parentPath?.isTSType() && path.getFunctionParent() !== null;
      const isName =
        (path.key === "key" && (path.parent as t.ObjectProperty).computed !== true) ||
        path.parentPath?.isImportDeclaration() ||
        path.parentPath?.isTSLiteralType() ||
        path.parentPath?.isTSEnumMember();
      const { start, end, loc, value } = node;
      // Another text would be no duration, of which plain code and the engine say so in words of their own.
      const isDuration = typeof value === "string" && /^\d+(ms|[smhdw])$/.test(value);
      if (!isValue || isName || isDuration || isInEqualStep(path, source)) return;
      const next = JSON.stringify(typeof value === "number" ? value + 1 : `${value}_`);
      const put = (text: string) => source.slice(0, start!) + text + source.slice(end!);
      const old = source.slice(start!, end!);
      edits.push({
        what: `change ${old} in line ${loc!.start.line}`,
        edited: put(next),
        both: put(`($new() ? ${next} : ${old})`),
      });
    },
  });
  return edits;
}

/** Each variable of each function by another name. The text is made when it is asked for: printing takes longer than all else. */
function renamings(source: string): Edit[] {
  const edits: Edit[] = [];
  const inScopes = (visit: (scope: NodePath["scope"], index: number) => void) => {
    const tree = parsed(source);
    let index = 0;
    traverse(tree, {
      Scope({ scope }) {
        if (!scope.path.isProgram()) visit(scope, index++);
      },
    });
    return tree;
  };
  const renamed = (name: string, at: number) => {
    const tree = inScopes((scope, index) => {
      if (index === at) scope.rename(name, name + RENAMED);
    });
    return transformFromAstSync(tree, source, { configFile: false, babelrc: false })!.code!;
  };
  inScopes((scope, index) => {
    for (const name of Object.keys(scope.bindings)) {
      // `this` as a parameter is a type.
      if (name === "this") continue;
      edits.push({
        what: `rename ${name}`,
        get edited() {
          return renamed(name, index);
        },
        both: null,
      });
    }
  });
  return edits;
}
