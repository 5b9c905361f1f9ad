/**
 * What goes into steps and comes out of them, by types: arguments, variables of the functions around, results. All are written down, so
 * what cannot be saved fails at the call, or when the step has done its work (CF2101).
 */
import { ts } from "ts-morph";
import { type Finding, placeOf } from "./finding.ts";
import type { SourceModule, SourceProgram } from "./program.ts";
import { bare, isStep, nameOf, type Roles, saysStep } from "./roles.ts";
import type { Savable, Unsavable } from "./savable.ts";

/** A step, and what of it is not looked at. */
interface Step {
  readonly body: ts.FunctionLikeDeclaration;
  /** Of its parameters, how many the engine gives: the transaction. */
  readonly given: number;
  /** Schemas make something else of them. */
  readonly schemas: { readonly args: boolean; readonly result: boolean };
}

/** What to do about a value that goes into a step. */
const MAKE_IT_THERE = "Hand over what it is made from, and make it in the step.";

const PLAIN = { given: 0, schemas: { args: false, result: false } };

export function unsavableInSteps(
  module: SourceModule,
  program: SourceProgram,
  roles: Roles,
  savable: Savable,
): Finding[] {
  if (!/\b(step|transactional)\b/.test(module.source.text)) return [];
  return stepsIn(module.source, roles, program.types).flatMap((step) => [
    ...(step.schemas.args ? [] : argumentsOf(step, module, program, savable)),
    ...variablesOf(step, module, program, savable),
    ...(step.schemas.result ? [] : resultOf(step, module, program, savable)),
  ]);
}

function stepsIn(source: ts.SourceFile, roles: Roles, types: ts.TypeChecker): Step[] {
  const found: Step[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && roles.makesStep(node)) {
      const body = bodyOf(node.arguments[0], source, types);
      if (body !== null && !isMarked(body)) found.push({ body, ...optionsOf(node) });
    }
    if (ts.isFunctionLike(node) && isMarked(node))
      found.push({ body: node as ts.FunctionLikeDeclaration, ...PLAIN });
    // What stands in a step is its own.
    else ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** `"use step"`; that of a file is about what it exports. */
function isMarked(node: ts.Node): boolean {
  return isStep(node) && (saysStep(node) || isExported(node));
}

function isExported(node: ts.Node): boolean {
  let statement = node;
  while (statement.parent !== undefined && !ts.isSourceFile(statement.parent)) {
    if (statement !== node && ts.isFunctionLike(statement)) return false;
    statement = statement.parent;
  }
  const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
  return (modifiers ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
}

/** The function that `step(f)` is given, where it is written there or declared in the file. */
function bodyOf(
  given: ts.Expression | undefined,
  source: ts.SourceFile,
  types: ts.TypeChecker,
): ts.FunctionLikeDeclaration | null {
  if (given === undefined) return null;
  let value: ts.Node = bare(given);
  if (ts.isIdentifier(value)) {
    const declaration = types.getSymbolAtLocation(value)?.valueDeclaration;
    if (declaration === undefined || declaration.getSourceFile() !== source) return null;
    const init = ts.isVariableDeclaration(declaration) ? declaration.initializer : undefined;
    value = init === undefined ? declaration : bare(init);
  }
  return ts.isFunctionLike(value) ? (value as ts.FunctionLikeDeclaration) : null;
}

function optionsOf(call: ts.CallExpression): Omit<Step, "body"> {
  const given = call.expression.getText().endsWith("transactional") ? 1 : 0;
  const options = call.arguments[1];
  // What is not written out here may have schemas.
  const isWritten = options === undefined || ts.isObjectLiteralExpression(options);
  const has = (name: string) =>
    !isWritten || options?.properties.some((one) => nameOf(one) === name || one.name === undefined) === true;
  return { given, schemas: { args: has("args"), result: has("result") } };
}

function argumentsOf(
  { body, given }: Step,
  module: SourceModule,
  { types }: SourceProgram,
  savable: Savable,
): Finding[] {
  const name = stepName(body);
  return body.parameters.slice(given).flatMap((parameter) => {
    const label = ts.isIdentifier(parameter.name) ? parameter.name.text : null;
    return finding(
      savable.refusal(types.getTypeAtLocation(parameter)),
      `${label === null ? "a value" : `"${label}"`} is an argument of ${name}`,
      label ?? "it",
      module,
      parameter.name,
      MAKE_IT_THERE,
    );
  });
}

/** Of the functions around: what the body reads of their variables goes with the call. */
function variablesOf(
  { body }: Step,
  module: SourceModule,
  { types }: SourceProgram,
  savable: Savable,
): Finding[] {
  const findings: Finding[] = [];
  const told = new Set<ts.Symbol>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const symbol = types.getSymbolAtLocation(node);
      const declaration = symbol?.valueDeclaration;
      if (
        symbol !== undefined &&
        declaration !== undefined &&
        !told.has(symbol) &&
        isAround(declaration, body)
      ) {
        told.add(symbol);
        const what = `"${node.text}" goes with each call of ${stepName(body)}`;
        const refusal = savable.refusal(types.getTypeAtLocation(node));
        findings.push(...finding(refusal, what, node.text, module, node, MAKE_IT_THERE));
      }
    }
    ts.forEachChild(node, visit);
  };
  if (body.body !== undefined) visit(body.body);
  return findings;
}

/** Whether a variable is one of a function that the step stands in. */
function isAround(declaration: ts.Node, body: ts.Node): boolean {
  let owner: ts.Node = declaration;
  while (owner.parent !== undefined && (owner === declaration || !ts.isFunctionLike(owner)))
    owner = owner.parent;
  if (!ts.isFunctionLike(owner) || owner === body) return false;
  for (let at = body.parent; at !== undefined; at = at.parent) if (at === owner) return true;
  return false;
}

function resultOf(
  { body }: Step,
  module: SourceModule,
  { types }: SourceProgram,
  savable: Savable,
): Finding[] {
  const signature = types.getSignatureFromDeclaration(body);
  if (signature === undefined) return [];
  const returned = types.getReturnTypeOfSignature(signature);
  const refusal = savable.refusal(types.getAwaitedType(returned) ?? returned);
  const at = body.name ?? (ts.isVariableDeclaration(body.parent) ? body.parent.name : body);
  return finding(
    refusal,
    `what ${stepName(body)} returns is written down`,
    "it",
    module,
    at,
    "Return what the run needs of it: its text, some fields, an id.",
  );
}

function finding(
  refusal: Unsavable | null,
  what: string,
  value: string,
  module: SourceModule,
  at: ts.Node,
  advice: string,
): Finding[] {
  if (refusal === null) return [];
  const { path, what: kind } = refusal;
  const why = path === "" ? `${kind} cannot be saved` : `${value}${path} is ${kind}, which cannot be saved`;
  const places = [placeOf(module, at)];
  return [{ code: "CF2101", severity: "error", message: `${what}, but ${why}`, places, advice, fix: null }];
}

function stepName(body: ts.FunctionLikeDeclaration): string {
  // `charge: step(async () => …)`
  const holder = ts.isCallExpression(body.parent) ? body.parent.parent : body.parent;
  const name = nameOf(body) || (ts.isBlock(holder) ? "" : nameOf(holder));
  return name === "" ? "a step" : `step "${name}"`;
}
