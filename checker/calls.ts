/**
 * Calls that go wrong: a marked function that waits for something outside through an unmarked one (CF2003), one that is called and
 * forgotten (CF3305), native promises beside external waits (CF3306).
 */
import { ts } from "ts-morph";
import { type Finding, type Fix, placeOf } from "./finding.ts";
import type { SourceModule, SourceProgram } from "./program.ts";
import { bare, isAsync, isCombinator, nameOf, type Roles } from "./roles.ts";

export function calls(module: SourceModule, program: SourceProgram, roles: Roles): Finding[] {
  const findings: Finding[] = [];
  const visit = (node: ts.Node, inFunction: boolean): void => {
    if (inFunction && ts.isCallExpression(node)) {
      const found = throughUnmarked(node, module, program, roles) ?? besideNative(node, module, roles);
      if (found !== null) findings.push(found);
    }
    if (inFunction && ts.isExpressionStatement(node)) {
      const found = forgotten(node, module, program, roles);
      if (found !== null) findings.push(found);
    }
    const step = ts.isFunctionLike(node) && roles.roleOf(node) === "external";
    if (!step) ts.forEachChild(node, (child) => visit(child, inFunction || ts.isFunctionLike(node)));
  };
  visit(module.source, false);
  return findings;
}

function throughUnmarked(
  call: ts.CallExpression,
  module: SourceModule,
  program: SourceProgram,
  roles: Roles,
): Finding | null {
  const target = roles.target(call);
  if (target === null || roles.roleOf(target) !== "unmarked") return null;
  if (!isAsync(target) || !roles.reachesExternal(target)) return null;
  const other = program.modules.get(target.getSourceFile().fileName)!;
  const name = nameOf(target) || "this function";
  return {
    code: "CF2003",
    severity: "error",
    message: `"${name}" is not compiled, but awaits an external call`,
    places: [
      placeOf(module, call, "the run waits here"),
      placeOf(other, target, "for a function that cannot be saved"),
    ],
    advice: `Write "use workflow" at the top of "${name}".`,
    fix: markOf(target, other),
  };
}

/** The directive at the top of a function with a body of its own. */
function markOf(target: ts.Node, { source, file }: SourceModule): Fix | null {
  const { body } = target as ts.FunctionLikeDeclaration;
  if (body === undefined || !ts.isBlock(body)) return null;
  const [first] = body.statements;
  const position = body.getStart(source) + 1;
  const line = first === undefined ? null : ts.getLineAndCharacterOfPosition(source, first.getStart(source));
  const isOwnLine = line !== null && line.line > ts.getLineAndCharacterOfPosition(source, position).line;
  const insert = isOwnLine ? `\n${" ".repeat(line.character)}"use workflow";` : ' "use workflow";';
  return { path: source.fileName, file, position, insert };
}

function forgotten(
  statement: ts.ExpressionStatement,
  module: SourceModule,
  program: SourceProgram,
  roles: Roles,
): Finding | null {
  const call = bare(statement.expression);
  if (!ts.isCallExpression(call)) return null;
  const target = roles.target(call);
  if (target === null || roles.roleOf(target) !== "marked" || !isAsync(target)) return null;
  if ((target as ts.FunctionLikeDeclaration).asteriskToken !== undefined) return null;
  const { types } = program;
  if (types.getPropertyOfType(types.getTypeAtLocation(call), "then") === undefined) return null;
  const name = nameOf(target) || call.expression.getText();
  return {
    code: "CF3305",
    severity: "warning",
    message: `nobody waits for a marked function: "${name}" ends with the run, wherever it is then`,
    places: [placeOf(module, call)],
    advice: `Write await, or void ${call.expression.getText()}(…) where it may be dropped, or waitUntil(…) to keep the run open for it.`,
    fix: null,
  };
}

/** `Promise.race([step(), fetch(url)])` */
function besideNative(call: ts.CallExpression, module: SourceModule, roles: Roles): Finding | null {
  const [list] = call.arguments;
  if (!isCombinator(call) || list === undefined || !ts.isArrayLiteralExpression(list)) return null;
  const native = list.elements.find((one) => isNative(bare(one), roles));
  const external = list.elements.find((one) => roles.isExternal(one));
  if (native === undefined || external === undefined) return null;
  return {
    code: "CF3306",
    severity: "warning",
    message: `a native promise is awaited beside an external wait: ${native.getText().slice(0, 40)} lives in this process only, but the run may park meanwhile`,
    places: [
      placeOf(module, native, "a native promise"),
      placeOf(module, external, "the run may park for this"),
    ],
    advice: `Make a step of it ("use step"), or catch Interrupted, which it rejects with where the run is carried on elsewhere.`,
    fix: null,
  };
}

/** A promise of the platform or of a package. */
function isNative(node: ts.Expression, roles: Roles): boolean {
  if (!ts.isCallExpression(node)) return false;
  const target = roles.target(node);
  if (target === null || isCombinator(node)) return false;
  // Methods of promises, and what marked modules mean by these names, are the machine's.
  if (/^(then|catch|finally|setTimeout|resolve|reject|withResolvers|try)$/.test(nameOf(target))) return false;
  const role = roles.roleOf(target);
  if (role === "unmarked") return isAsync(target) && !roles.reachesExternal(target);
  if (role !== "native") return false;
  const { type } = target as ts.FunctionLikeDeclaration;
  return type !== undefined && /^Promise</.test(type.getText());
}
