/**
 * Values that are still needed after an external await and cannot be saved, by their types (CF2101). What is live comes from the compiler,
 * which types it has from TypeScript.
 */
import { ts } from "ts-morph";
import type { ManifestCode } from "../abi/index.ts";
import { type Finding, type Place, placeOf } from "./finding.ts";
import { closuresIn } from "./held-closures.ts";
import type { SourceModule, SourceProgram } from "./program.ts";
import { bare, isAsync, type Roles } from "./roles.ts";
import { first, type Savable, type Unsavable } from "./savable.ts";

export function unsavable(
  module: SourceModule,
  program: SourceProgram,
  roles: Roles,
  savable: Savable,
): Finding[] {
  const findings: Finding[] = [];
  for (const code of module.manifest?.codes ?? []) {
    const told = new Set<string>();
    for (const point of code.points) {
      const wait = point === null ? null : awaitAt(module.source, point.line, point.column);
      if (point === null || wait === null || !roles.isExternal(wait.expression)) continue;
      for (const name of namesOf(code, point.live, module.manifest!.codes)) {
        if (told.has(name)) continue;
        const found = findingOf(name, code, wait, module, program, roles, savable);
        if (found === null) continue;
        told.add(name);
        findings.push(found);
      }
    }
  }
  return findings;
}

/** What is live: slots, and variables of scope records that the function or a closure it holds still uses; not the records. */
function namesOf(code: ManifestCode, live: readonly string[], codes: readonly ManifestCode[]): string[] {
  const records = new Set(
    live.filter((one) => one.includes(".")).map((one) => one.slice(0, one.indexOf("."))),
  );
  const names = live.filter((one) => !records.has(one)).map((one) => one.slice(one.indexOf(".") + 1));
  const held = new Set(names.flatMap((name) => closuresIn(code.id, name, codes)));
  const captured = codes.filter(({ id }) => held.has(id)).flatMap(({ captures }) => captures.flat());
  return [...new Set([...names, ...captured])];
}

function findingOf(
  name: string,
  code: ManifestCode,
  wait: ts.AwaitExpression,
  module: SourceModule,
  program: SourceProgram,
  roles: Roles,
  savable: Savable,
): Finding | null {
  const local = localOf(name, code, module.source) ?? implicitOf(name, wait);
  if (local === null || isByReference(local, program)) return null;
  const use = ts.isIdentifier(local) ? useAfter(local, wait, program) : null;
  const refusal =
    madeUnsavable(local, roles) ?? first(typesOf(local, use, program), (type) => savable.refusal(type));
  if (refusal === null) return null;
  const isThis = local.kind === ts.SyntaxKind.ThisKeyword;
  const isSpill = !ts.isIdentifier(local) && !isThis;
  const label = isSpill ? `what ${shorten(local.getText())} gave` : `"${local.getText()}"`;
  const path = refusal.path === "" ? "" : `${isSpill ? "its value" : local.getText()}${refusal.path} is `;
  const places: Place[] = [
    placeOf(module, ts.isIdentifier(local) ? (declarationOf(local) ?? local) : local),
    placeOf(module, wait, "the run parks here"),
  ];
  if (use !== null) places.push(placeOf(module, use, `and needs "${local.getText()}" again here`));
  const what =
    path === "" ? `${refusal.what} cannot be saved` : `${path}${refusal.what}, which cannot be saved`;
  const resource = ts.isIdentifier(local) ? `, or register it with resource("${local.text}", …)` : "";
  const advice = `Open it inside the step that uses it, be done with it before the await${resource}.`;
  const message = `${label} is still needed after this await, but ${what}`;
  const named = isMadeHere(local) && refusal.path === "" ? null : savable.namedLike(refusal);
  // One that is pending is no reason to refuse.
  const severity = named !== null || refusal.path.includes("‹promise›") ? "warning" : "error";
  if (named === null) return { code: "CF2101", severity, message, places, advice, fix: null };
  return {
    ...{ code: "CF2101", severity, message, places, fix: null },
    advice: `Where it is always what "${named}" at the top of a module holds, it is saved by that name. Else: ${advice[0]!.toLowerCase()}${advice.slice(1)}`,
  };
}

/**
 * What the type of a local tells of its values: that which is declared; what a constant is given, which may be more; where a `let` has neither
 * type nor value, that of its next use.
 */
function typesOf(local: ts.Expression, use: ts.Node | null, { types }: SourceProgram): ts.Type[] {
  const declared = types.getTypeAtLocation(local);
  const { parent } = local;
  if (!ts.isVariableDeclaration(parent) || parent.name !== local) return [declared];
  const isConst = (ts.getCombinedNodeFlags(parent) & ts.NodeFlags.Constant) !== 0;
  if (isConst && parent.initializer !== undefined)
    return [declared, types.getTypeAtLocation(bare(parent.initializer))];
  const isOpen = parent.type === undefined && parent.initializer === undefined;
  return isOpen && use !== null && !isLooped(parent) ? [types.getTypeAtLocation(use)] : [declared];
}

/** `for (const one of list)` declares it without a value. */
const isLooped = ({ parent }: ts.VariableDeclaration): boolean =>
  ts.isForOfStatement(parent.parent) || ts.isForInStatement(parent.parent);

/** What the compiler keeps by itself: `this`, and what a `for of` goes over. */
function implicitOf(name: string, wait: ts.AwaitExpression): ts.Expression | null {
  if (/^\$this(\$\d+)?$/.test(name)) return thisIn(wait);
  if (!/^\$of(\$\d+)?$/.test(name)) return null;
  for (let at: ts.Node = wait; !ts.isFunctionLike(at) && at.parent !== undefined; at = at.parent)
    if (ts.isForOfStatement(at.parent) && at.parent.statement === at && at.parent.awaitModifier === undefined)
      return at.parent.expression;
  return null;
}

/** Some `this` of the function that awaits. */
function thisIn(wait: ts.Node): ts.Expression | null {
  let owner = wait;
  while (owner.parent !== undefined && (ts.isArrowFunction(owner) || !ts.isFunctionLike(owner)))
    owner = owner.parent;
  const visit = (node: ts.Node): ts.Node | undefined =>
    node.kind === ts.SyntaxKind.ThisKeyword
      ? node
      : ts.isFunctionLike(node) && !ts.isArrowFunction(node)
        ? undefined
        : ts.forEachChild(node, visit);
  return (ts.forEachChild(owner, visit) as ts.Expression | undefined) ?? null;
}

/** `const socket = connect()`: nothing that has a name of its own. */
function isMadeHere(local: ts.Expression): boolean {
  const value = ts.isIdentifier(local) ? initializerOf(local) : bare(local);
  return value !== null && !ts.isIdentifier(value) && value.kind !== ts.SyntaxKind.ThisKeyword;
}

/** What the type does not tell, and the expression does that gives a local its value. */
function madeUnsavable(local: ts.Node, roles: Roles): Unsavable | null {
  const value = ts.isIdentifier(local) ? initializerOf(local) : bare(local as ts.Expression);
  if (value === null) return null;
  if (ts.isNewExpression(value) && value.expression.getText() === "Proxy")
    return { path: "", what: "a Proxy" };
  const target = ts.isCallExpression(value) ? roles.target(value) : null;
  if (target === null || roles.roleOf(target) !== "unmarked") return null;
  if ((target as ts.FunctionLikeDeclaration).asteriskToken !== undefined)
    return { path: "", what: "a generator that unmarked code has made" };
  if (isAsync(target) || !returnsClosure(target)) return null;
  return { path: "", what: "a function that unmarked code has made" };
}

/** `(name) => (text) => …`: all that it returns are functions written in it. */
function returnsClosure(target: ts.Node): boolean {
  const { body } = target as ts.FunctionLikeDeclaration;
  if (body === undefined) return false;
  if (!ts.isBlock(body)) return ts.isFunctionLike(bare(body as ts.Expression));
  const returned: (ts.Expression | undefined)[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isReturnStatement(node)) returned.push(node.expression);
    if (!ts.isFunctionLike(node)) ts.forEachChild(node, visit);
  };
  ts.forEachChild(body, visit);
  return returned.length > 0 && returned.every((one) => one !== undefined && ts.isFunctionLike(bare(one)));
}

/** The identifier that declares a local, or the expression that a spill keeps. */
export function localOf(
  name: string,
  code: ManifestCode,
  source: ts.SourceFile,
): ts.Identifier | ts.Expression | null {
  const declared = code.declared.find(([one]) => one === name);
  if (declared !== undefined) {
    const node = nodeAt(source, declared[1], declared[2], (one) => ts.isIdentifier(one));
    return node as ts.Identifier | null;
  }
  const spill = code.spills.find(([one]) => one === name);
  if (spill === undefined) return null;
  const end = positionOf(source, spill[3], spill[4]);
  return nodeAt(
    source,
    spill[1],
    spill[2],
    (one) => ts.isExpression(one) && one.getEnd() === end,
  ) as ts.Expression | null;
}

/** What a top-level binding holds is saved by its name, and a resource by its own. */
function isByReference(local: ts.Node, program: SourceProgram): boolean {
  const value = ts.isIdentifier(local) ? (initializerOf(local) ?? local) : bare(local as ts.Expression);
  if (ts.isCallExpression(value) && ts.isIdentifier(value.expression) && value.expression.text === "resource")
    return true;
  return (value !== local || !ts.isIdentifier(local)) && isTopLevel(value, program);
}

function isTopLevel(value: ts.Node, program: SourceProgram): boolean {
  // `systems.db` of `import * as systems`
  if (ts.isPropertyAccessExpression(value)) return isNamespace(value.expression, program);
  if (!ts.isIdentifier(value)) return false;
  const symbol = program.types.getSymbolAtLocation(value);
  const [declaration] = symbol?.declarations ?? [];
  if (declaration === undefined) return false;
  if (symbol!.flags & ts.SymbolFlags.Alias) return true;
  const list = declaration.parent;
  const isConst = ts.isVariableDeclarationList(list) && (list.flags & ts.NodeFlags.Const) !== 0;
  return isConst && ts.isVariableStatement(list.parent) && ts.isSourceFile(list.parent.parent);
}

function isNamespace(value: ts.Expression, { types }: SourceProgram): boolean {
  const declarations = types.getSymbolAtLocation(value)?.declarations ?? [];
  return declarations.some((one) => ts.isNamespaceImport(one));
}

function initializerOf(name: ts.Identifier): ts.Expression | null {
  const { parent } = name;
  return ts.isVariableDeclaration(parent) && parent.name === name && parent.initializer !== undefined
    ? bare(parent.initializer)
    : null;
}

function declarationOf(name: ts.Identifier): ts.Node | null {
  const { parent } = name;
  if (!ts.isVariableDeclaration(parent)) return parent;
  return ts.isVariableStatement(parent.parent.parent) ? parent.parent.parent : parent;
}

/** The next use behind the await; in a loop, any. */
function useAfter(name: ts.Identifier, wait: ts.AwaitExpression, program: SourceProgram): ts.Node | null {
  const symbol = program.types.getSymbolAtLocation(name);
  let next: ts.Node | null = null;
  let any: ts.Node | null = null;
  const visit = (node: ts.Node): void => {
    if (
      ts.isIdentifier(node) &&
      node !== name &&
      node.text === name.text &&
      program.types.getSymbolAtLocation(node) === symbol
    ) {
      if (node.getStart() >= wait.getEnd()) next ??= node;
      else any ??= node;
    }
    ts.forEachChild(node, visit);
  };
  visit(name.getSourceFile());
  return next ?? any;
}

export function awaitAt(source: ts.SourceFile, line: number, column: number): ts.AwaitExpression | null {
  return nodeAt(source, line, column, (node) => ts.isAwaitExpression(node)) as ts.AwaitExpression | null;
}

/** The outermost node of a kind that begins at a place. */
function nodeAt(
  source: ts.SourceFile,
  line: number,
  column: number,
  is: (node: ts.Node) => boolean,
): ts.Node | null {
  const position = positionOf(source, line, column);
  const visit = (node: ts.Node): ts.Node | null => {
    if (node.getEnd() <= position || node.getFullStart() > position) return null;
    if (node.getStart(source) === position && is(node)) return node;
    return ts.forEachChild(node, visit) ?? null;
  };
  return visit(source);
}

/** Line from 1, column from 0. */
function positionOf(source: ts.SourceFile, line: number, column: number): number {
  const starts = source.getLineStarts();
  return (starts[line - 1] ?? 0) + column;
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
