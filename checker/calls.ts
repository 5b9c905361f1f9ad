/**
 * Calls that go wrong: a marked function that waits for something outside through an unmarked one (CF2003), one that is called and
 * forgotten (CF3305), native promises beside external waits (CF3306).
 */
import { ts } from "ts-morph";
import { Candidates } from "./candidates.ts";
import { type Finding, type Fix, placeOf } from "./finding.ts";
import type { SourceModule, SourceProgram } from "./program.ts";
import { bare, chainOf, isAsync, isCombinator, nameOf, type Roles } from "./roles.ts";

export function calls(module: SourceModule, program: SourceProgram, roles: Roles): Finding[] {
  const findings: Finding[] = [];
  const visit = (node: ts.Node, inFunction: boolean): void => {
    if (inFunction && ts.isCallExpression(node)) {
      const found = throughUnmarked(node, module, program, roles) ?? besideNative(node, module, roles);
      if (found !== null) findings.push(found);
    }
    if (inFunction && ts.isExpressionStatement(node)) {
      findings.push(...forgotten(node, module, program, roles));
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
  const waits = (one: ts.Node | null) =>
    one !== null && roles.roleOf(one) === "unmarked" && isAsync(one) && roles.reachesExternal(one);
  const given = call.arguments.find((one) => waits(handedOver(one, roles)));
  const found = waits(target)
    ? { waiting: target!, place: call }
    : given !== undefined
      ? { waiting: handedOver(given, roles)!, place: given }
      : awaitsGiven(call, target, target, program, roles)
        ? { waiting: target!, place: call }
        : chosenWaits(call, target, waits, program, roles);
  if (found === null) return givenToPackage(call, target, module, program, roles);
  const { waiting, place } = found;
  const other = program.modules.get(waiting.getSourceFile().fileName)!;
  const name = nameOf(waiting) || nameAround(waiting) || "this function";
  return {
    code: "CF2003",
    severity: "error",
    message: `"${name}" is not compiled, but awaits an external call`,
    places: [
      placeOf(module, place, "the run waits here"),
      placeOf(other, waiting, "for a function that cannot be saved"),
    ],
    advice: `Write "use workflow" at the top of "${name}".`,
    fix: markOf(waiting, other),
  };
}

/** `xs.map(f)`: a function that goes by its name. What is written there is marked code. */
function handedOver(argument: ts.Expression, roles: Roles): ts.Node | null {
  const value = bare(argument);
  return ts.isIdentifier(value) || ts.isPropertyAccessExpression(value) ? roles.functionOf(value) : null;
}

/**
 * `each(cards, charge)`: an unmarked function calls and awaits what it is given, and that is a step, or gives back the promise of one. An
 * async function of marked code would be awaited by the run.
 */
function awaitsGiven(
  call: ts.CallExpression,
  target: ts.Node | null,
  waiting: ts.Node | null,
  { types }: SourceProgram,
  roles: Roles,
): boolean {
  if (
    target === null ||
    waiting === null ||
    !ts.isFunctionLike(target) ||
    roles.roleOf(waiting) !== "unmarked" ||
    !isAsync(waiting)
  )
    return false;
  return call.arguments.some((argument, i) => {
    const parameter = target.parameters[i];
    if (parameter === undefined || !ts.isIdentifier(parameter.name) || !givesExternal(argument, roles))
      return false;
    const symbol = types.getSymbolAtLocation(parameter.name);
    const isAwaited = (node: ts.Node): boolean => {
      const value = ts.isAwaitExpression(node) ? bare(node.expression) : undefined;
      if (
        value !== undefined &&
        ts.isCallExpression(value) &&
        types.getSymbolAtLocation(bare(value.expression)) === symbol
      )
        return true;
      return ts.forEachChild(node, (one) => isAwaited(one) || undefined) ?? false;
    };
    const { body } = waiting as ts.FunctionLikeDeclaration;
    return body !== undefined && isAwaited(body);
  });
}

/** `tools[name](…)`, `withRetry(charge)(…)`: one of those that it may be waits, or awaits what its maker was given. */
function chosenWaits(
  call: ts.CallExpression,
  target: ts.Node | null,
  waits: (one: ts.Node | null) => boolean,
  program: SourceProgram,
  roles: Roles,
): { readonly waiting: ts.Node; readonly place: ts.Node } | null {
  // What a name says is known already.
  if (target !== null && hasBody(target) && roles.roleOf(target) !== "unmarked") return null;
  const all = new Candidates(program.types, roles).of(call.expression);
  const found = all.find(
    ({ fn, made }) =>
      waits(fn) || (made !== null && awaitsGiven(made, roles.target(made), fn, program, roles)),
  );
  return found === undefined ? null : { waiting: found.fn, place: call };
}

const hasBody = (node: ts.Node): boolean => (node as ts.FunctionLikeDeclaration).body !== undefined;

/** The name of the function that an anonymous one stands in. */
function nameAround(node: ts.Node): string {
  let around = node.parent;
  while (around !== undefined && !(ts.isFunctionLike(around) && nameOf(around) !== ""))
    around = around.parent;
  return around === undefined ? "" : nameOf(around);
}

/** `pMap(cards, charge)`: a package that gives a promise calls a step when no run is there any more, or awaits it itself. */
function givenToPackage(
  call: ts.CallExpression,
  target: ts.Node | null,
  module: SourceModule,
  program: SourceProgram,
  roles: Roles,
): Finding | null {
  if (target === null || roles.roleOf(target) !== "native" || roles.isColdframe(target)) return null;
  const { fileName } = target.getSourceFile();
  const name = program.packageOf(fileName)?.replace(/^@types\//, "") ?? null;
  if (name === null || /^(node|typescript)$/.test(name) || program.isIncluded(fileName)) return null;
  const { types } = program;
  if (types.getPropertyOfType(types.getTypeAtLocation(call), "then") === undefined) return null;
  const given = call.arguments.find((one) => givesExternal(one, roles));
  if (given === undefined) return null;
  return {
    code: "CF2003",
    severity: "error",
    message: `"${call.expression.getText()}" is not compiled, but awaits an external call`,
    places: [placeOf(module, given, "it is given what waits outside")],
    advice: `Have ${name} compiled, with include: ["${name}"] of the plugin or of "coldframe" in package.json, or hand over an async function that awaits it.`,
    fix: null,
  };
}

/** A step, or `() => charge(card)`. */
function givesExternal(argument: ts.Expression, roles: Roles): boolean {
  const value = bare(argument);
  if (ts.isArrowFunction(value))
    return !isAsync(value) && !ts.isBlock(value.body) && isExternalCall(value.body, roles);
  const found = handedOver(value, roles);
  return found !== null && roles.roleOf(found) === "external";
}

function isExternalCall(node: ts.Expression, roles: Roles): boolean {
  const value = bare(node);
  const target = ts.isCallExpression(value) ? roles.target(value) : null;
  return target !== null && roles.roleOf(target) === "external";
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
): Finding[] {
  return droppedBy(statement.expression).flatMap((call) => {
    const each = callbackOf(call);
    const target = each !== null && isAsync(each) ? each : roles.target(call);
    if (target === null) return [];
    const role = roles.roleOf(target);
    const isWait = role === "external" && (nameOf(target) === "sleep" || !roles.isColdframe(target));
    if (role !== "marked" && !isWait) return [];
    if ((target as ts.FunctionLikeDeclaration).asteriskToken !== undefined) return [];
    const { types } = program;
    if (target !== each && types.getPropertyOfType(types.getTypeAtLocation(call), "then") === undefined)
      return [];
    const name = nameOf(target) || call.expression.getText();
    const what = role === "marked" ? "a marked function" : "an external call";
    return [
      {
        ...{ code: "CF3305", severity: "warning", fix: null },
        message: `nobody waits for ${what}: "${name}" ends with the run, wherever it is then`,
        places: [placeOf(module, call)],
        advice:
          target === each
            ? "Go over it with for … of and await, or await Promise.all(….map(…))."
            : `Write await, or void ${call.expression.getText()}(…) where it may be dropped, or waitUntil(…) to keep the run open for it.`,
      },
    ];
  });
}

/** The calls whose promises a statement drops: `f()`, `ok && f()`, `f().catch(…)`, `Promise.all([f()])`, `xs.forEach((x) => f(x))`. */
function droppedBy(expression: ts.Expression): ts.CallExpression[] {
  const node = bare(expression);
  if (ts.isConditionalExpression(node))
    return [node.whenTrue, node.whenFalse].flatMap((one) => droppedBy(one));
  if (ts.isBinaryExpression(node)) {
    const isAssigned = node.operatorToken.kind === ts.SyntaxKind.EqualsToken;
    return isAssigned ? [] : droppedBy(node.right);
  }
  if (ts.isArrayLiteralExpression(node)) return node.elements.flatMap((one) => droppedBy(one));
  if (!ts.isCallExpression(node)) return [];
  if (isCombinator(node)) return node.arguments.flatMap((one) => droppedBy(one));
  const chained = chainOf(node);
  if (chained !== null) return droppedBy(chained);
  const each = callbackOf(node);
  if (each !== null && ts.isArrowFunction(each) && !isAsync(each) && !ts.isBlock(each.body))
    return droppedBy(each.body);
  return [node];
}

/** The function that is written in `xs.forEach(…)`. */
function callbackOf({ expression, arguments: [given] }: ts.CallExpression): ts.SignatureDeclaration | null {
  if (!ts.isPropertyAccessExpression(expression) || expression.name.text !== "forEach") return null;
  const value = given === undefined ? null : bare(given);
  return value !== null && ts.isFunctionLike(value) ? value : null;
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
