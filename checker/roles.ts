/** What a call leads to: a step or another external call, a marked function, unmarked code. And which awaits may park. */
import { ts } from "ts-morph";
import { isColdframe, type SourceProgram } from "./program.ts";

/**
 * | role | of |
 * |---|---|
 * | `external` | steps, and what "coldframe" exports to wait with |
 * | `marked` | an async function or generator of a marked module |
 * | `unmarked` | a function of the user's, in a module that is not marked |
 * | `native` | a function of the platform or of a package |
 */
export type Role = "external" | "marked" | "unmarked" | "native";

/** Exports of "coldframe", and methods of what they return, whose promises only the outside settles. */
const WAITS = new Set([
  "sleep",
  "event",
  "start",
  "acquire",
  "receive",
  "next",
  "run",
  "group",
  "result",
  "hold",
]);

export class Roles {
  readonly #program: SourceProgram;
  readonly #reaches = new Map<ts.Node, boolean>();

  constructor(program: SourceProgram) {
    this.#program = program;
  }

  /** The declaration that a call resolves to, if it is known: also of `f.call(…)`, `f.apply(…)` and `f.bind(…)(…)`. */
  target(call: ts.CallExpression): ts.Node | null {
    const callee = bare(call.expression);
    const given = ts.isCallExpression(callee) ? ownerOf(callee, /^bind$/) : ownerOf(call, /^(call|apply)$/);
    const found = given === null ? null : this.functionOf(given);
    if (found !== null && ts.isFunctionLike(found)) return found;
    return this.functionOf(callee) ?? this.#program.types.getResolvedSignature(call)?.declaration ?? null;
  }

  /** The function that an expression names, through constants, properties and patterns; else what declares it. */
  functionOf(expression: ts.Expression, depth = 0): ts.Node | null {
    const { types } = this.#program;
    const node = bare(expression);
    if (ts.isFunctionLike(node)) return node;
    const name = ts.isPropertyAccessExpression(node) ? node.name : node;
    let symbol = types.getSymbolAtLocation(name);
    if (symbol !== undefined && symbol.flags & ts.SymbolFlags.Alias) symbol = types.getAliasedSymbol(symbol);
    let declaration = symbol?.valueDeclaration ?? symbol?.declarations?.[0];
    if (declaration !== undefined && ts.isShorthandPropertyAssignment(declaration)) {
      symbol = types.getShorthandAssignmentValueSymbol(declaration);
      declaration = symbol?.valueDeclaration;
    }
    if (declaration === undefined) return null;
    if (ts.isBindingElement(declaration)) {
      const [signature] = types.getTypeAtLocation(declaration).getCallSignatures();
      return signature?.declaration ?? declaration;
    }
    if (!holdsValue(declaration) || declaration.initializer === undefined) return declaration;
    const value = bare(declaration.initializer);
    if (ts.isFunctionLike(value)) return value;
    const isName = ts.isIdentifier(value) || ts.isPropertyAccessExpression(value);
    const isFixed = !ts.isVariableDeclaration(declaration) || isConstant(declaration);
    const found = isName && isFixed && depth < 5 ? this.functionOf(value, depth + 1) : null;
    return found !== null && ts.isFunctionLike(found) ? found : declaration;
  }

  roleOf(declaration: ts.Node): Role {
    const source = declaration.getSourceFile();
    if (this.isColdframe(declaration)) return WAITS.has(nameOf(declaration)) ? "external" : "native";
    const module = this.#program.modules.get(source.fileName);
    if (module === undefined) return "native";
    if (isStep(declaration) || this.#isMadeStep(declaration)) return "external";
    return module.manifest !== null && module.manifest.codes.length > 0 ? "marked" : "unmarked";
  }

  isColdframe(declaration: ts.Node): boolean {
    return isColdframe(declaration, this.#program);
  }

  /** `const charge = step(…)`, `{ charge: step(…) }`, `static charge = step(…)` */
  #isMadeStep(declaration: ts.Node): boolean {
    if (!holdsValue(declaration) || declaration.initializer === undefined) return false;
    const value = bare(declaration.initializer);
    return ts.isCallExpression(value) && this.makesStep(value);
  }

  /** `step(…)` or `transactional(…)` */
  makesStep(call: ts.CallExpression): boolean {
    const target = this.target(call);
    return target !== null && this.isColdframe(target) && /^(step|transactional)$/.test(nameOf(target));
  }

  /** Whether awaiting the value of an expression may wait for something outside. */
  isExternal(expression: ts.Expression): boolean {
    const node = bare(expression);
    if (ts.isConditionalExpression(node))
      return this.isExternal(node.whenTrue) || this.isExternal(node.whenFalse);
    if (ts.isBinaryExpression(node)) return this.isExternal(node.left) || this.isExternal(node.right);
    if (ts.isArrayLiteralExpression(node)) return node.elements.some((one) => this.isExternal(one));
    if (ts.isSpreadElement(node)) return this.isExternal(node.expression);
    if (ts.isIdentifier(node)) return this.#isExternalVariable(node);
    if (!ts.isCallExpression(node)) return false;
    const chained = chainOf(node);
    if (chained !== null) return this.isExternal(chained);
    if (isCombinator(node)) return node.arguments.some((one) => this.isExternal(one));
    const mapped = mapperOf(node);
    if (mapped !== null) return this.reachesExternal(mapped);
    const target = this.target(node);
    if (target === null) return false;
    const role = this.roleOf(target);
    return (
      role === "external" || ((role === "marked" || role === "unmarked") && this.reachesExternal(target))
    );
  }

  #isExternalVariable(node: ts.Identifier): boolean {
    const declaration = this.#program.types.getSymbolAtLocation(node)?.valueDeclaration;
    if (declaration === undefined || !ts.isVariableDeclaration(declaration)) return false;
    if (declaration.getSourceFile() !== node.getSourceFile() || declaration.initializer === undefined)
      return false;
    return !ts.isIdentifier(bare(declaration.initializer)) && this.isExternal(declaration.initializer);
  }

  /** Whether a call of this function may come to wait for something outside. */
  reachesExternal(declaration: ts.Node): boolean {
    const known = this.#reaches.get(declaration);
    if (known !== undefined) return known;
    // A cycle adds nothing to what its members reach.
    this.#reaches.set(declaration, false);
    let found = false;
    const visit = (node: ts.Node): void => {
      if (found || (node !== declaration && ts.isFunctionLike(node))) return;
      if (ts.isCallExpression(node)) {
        const target = this.target(node);
        const role = target === null ? "native" : this.roleOf(target);
        if (role === "external") found = true;
        else if (target !== null && target !== declaration && role !== "native")
          found = isAsync(target) && this.reachesExternal(target);
        for (const argument of node.arguments) {
          const value = bare(argument);
          if (!found && ts.isFunctionLike(value)) found = isAsync(value) && this.reachesExternal(value);
        }
      }
      ts.forEachChild(node, visit);
    };
    const body = (declaration as ts.FunctionLikeDeclaration).body;
    if (body !== undefined) visit(body);
    this.#reaches.set(declaration, found);
    return found;
  }
}

/** Without parentheses, types and `!`. */
export function bare(node: ts.Expression): ts.Expression {
  if (
    ts.isParenthesizedExpression(node) ||
    ts.isAsExpression(node) ||
    ts.isNonNullExpression(node) ||
    ts.isSatisfiesExpression(node)
  )
    return bare(node.expression);
  return node;
}

type Holder = ts.VariableDeclaration | ts.PropertyAssignment | ts.PropertyDeclaration;

const holdsValue = (node: ts.Node): node is Holder =>
  ts.isVariableDeclaration(node) || ts.isPropertyAssignment(node) || ts.isPropertyDeclaration(node);

/** `f` of `f.call(…)`, where the method has one of these names. */
function ownerOf({ expression }: ts.CallExpression, names: RegExp): ts.Expression | null {
  const callee = bare(expression);
  return ts.isPropertyAccessExpression(callee) && names.test(callee.name.text) ? callee.expression : null;
}

export function isAsync(node: ts.Node): boolean {
  return (
    ts.canHaveModifiers(node) &&
    (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword)
  );
}

export function nameOf(node: ts.Node): string {
  const { name } = node as { name?: ts.Node };
  if (name !== undefined && (ts.isIdentifier(name) || ts.isStringLiteral(name))) return name.text;
  const { parent } = node;
  return parent !== undefined &&
    holdsValue(parent) &&
    parent.initializer === node &&
    ts.isIdentifier(parent.name)
    ? parent.name.text
    : "";
}

const hasDirective = (statements: readonly ts.Statement[] | undefined, word: string): boolean => {
  for (const one of statements ?? []) {
    if (!ts.isExpressionStatement(one) || !ts.isStringLiteral(one.expression)) return false;
    if (one.expression.text === word) return true;
  }
  return false;
};

/** `const` with a single name or a pattern. */
export const isConstant = (declaration: ts.Node): declaration is ts.VariableDeclaration =>
  ts.isVariableDeclaration(declaration) && (ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const) !== 0;

/** `"use step"` at the top of the function, or of its file if it is exported. */
export function isStep(node: ts.Node): boolean {
  if (!ts.isFunctionLike(node) || !isAsync(node)) return false;
  return saysStep(node) || hasDirective(node.getSourceFile().statements, "use step");
}

/** Whether the function itself has the directive. */
export function saysStep(node: ts.Node): boolean {
  const { body } = node as ts.FunctionLikeDeclaration;
  return body !== undefined && ts.isBlock(body) && hasDirective(body.statements, "use step");
}

/** `p` of `p.then(…)`, `p.catch(…)`, `p.finally(…)`. */
export function chainOf(call: ts.CallExpression): ts.Expression | null {
  const { expression } = call;
  if (!ts.isPropertyAccessExpression(expression)) return null;
  return /^(then|catch|finally)$/.test(expression.name.text) ? expression.expression : null;
}

/** `Promise.all(…)` and its like. */
export function isCombinator(node: ts.CallExpression): boolean {
  const { expression } = node;
  return (
    ts.isPropertyAccessExpression(expression) &&
    ts.isIdentifier(expression.expression) &&
    expression.expression.text === "Promise" &&
    /^(all|allSettled|race|any)$/.test(expression.name.text)
  );
}

/** The function of `xs.map(f)`. */
function mapperOf(call: ts.CallExpression): ts.Node | null {
  const { expression } = call;
  if (!ts.isPropertyAccessExpression(expression) || expression.name.text !== "map") return null;
  const value = call.arguments[0] === undefined ? null : bare(call.arguments[0]);
  return value !== null && ts.isFunctionLike(value) && isAsync(value) ? value : null;
}
