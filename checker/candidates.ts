/**
 * The functions that a call may lead to where no name says it: through a table, a list, a Map, or a function that makes them.
 *
 * | the callee | may be |
 * |---|---|
 * | `tools[name]`, `tools.search` of a `Record<string, …>`, `list[0]` | what stands in the literal that the constant holds |
 * | `tools.get(name)` | what stands in `new Map([…])` |
 * | `f` of `for (const f of Object.values(tools))` | the same |
 * | `withRetry(charge)`, or a constant that is that | the function that `withRetry` returns |
 */
import { ts } from "ts-morph";
import { bare, isConstant, type Roles } from "./roles.ts";

export interface Candidate {
  readonly fn: ts.Node;
  /** The call that made it, of a function around it; null: it stands as it is. */
  readonly made: ts.CallExpression | null;
}

const MOST = 6;

export class Candidates {
  readonly #types: ts.TypeChecker;
  readonly #roles: Roles;

  constructor(types: ts.TypeChecker, roles: Roles) {
    this.#types = types;
    this.#roles = roles;
  }

  /** Of what an expression stands for. */
  of(expression: ts.Expression, depth = 0): Candidate[] {
    const node = bare(expression);
    if (depth > MOST) return [];
    if (ts.isFunctionLike(node)) return [{ fn: node, made: null }];
    if (ts.isConditionalExpression(node))
      return [node.whenTrue, node.whenFalse].flatMap((one) => this.of(one, depth + 1));
    if (ts.isBinaryExpression(node) && /^(\?\?|\|\|)$/.test(node.operatorToken.getText()))
      return [node.left, node.right].flatMap((one) => this.of(one, depth + 1));
    if (ts.isElementAccessExpression(node)) {
      const { argumentExpression: key } = node;
      const isKnown = ts.isStringLiteralLike(key) || ts.isNumericLiteral(key);
      return this.#members(node.expression, isKnown ? key.text : null, depth + 1);
    }
    if (ts.isCallExpression(node)) return this.#calls(node, depth);
    if (ts.isPropertyAccessExpression(node) && this.#declarationOf(node.name) === undefined)
      return this.#members(node.expression, node.name.text, depth + 1);
    if (!ts.isIdentifier(node) && !ts.isPropertyAccessExpression(node)) return [];
    const declaration = this.#declarationOf(ts.isIdentifier(node) ? node : node.name);
    if (declaration === undefined) return [];
    if (ts.isFunctionLike(declaration)) return [{ fn: declaration, made: null }];
    if (ts.isIndexSignatureDeclaration(declaration) && ts.isPropertyAccessExpression(node))
      return this.#members(node.expression, node.name.text, depth + 1);
    const loop = loopOf(declaration);
    if (loop !== null) return this.#elements(loop, depth + 1);
    const value = valueOf(declaration);
    return value === null ? [] : this.of(value, depth + 1);
  }

  #calls(node: ts.CallExpression, depth: number): Candidate[] {
    const { expression } = node;
    if (ts.isPropertyAccessExpression(expression) && expression.name.text === "get") {
      const map = this.#literal(expression.expression, depth + 1);
      if (map !== null && ts.isNewExpression(map)) return this.#entries(map, depth);
    }
    const target = this.#roles.target(node);
    // What marked code makes is compiled.
    if (target === null || this.#roles.roleOf(target) !== "unmarked") return [];
    return returnedBy(target).flatMap((one) =>
      this.of(one, depth + 1).map(({ fn, made }) => ({ fn, made: made ?? (isIn(fn, target) ? node : null) })),
    );
  }

  #entries(map: ts.NewExpression, depth: number): Candidate[] {
    const list = map.arguments?.[0] === undefined ? null : this.#literal(map.arguments[0], depth + 1);
    if (list === null || !ts.isArrayLiteralExpression(list)) return [];
    return list.elements.flatMap((entry) => {
      const pair = bare(entry);
      const value = ts.isArrayLiteralExpression(pair) ? pair.elements[1] : undefined;
      return value === undefined ? [] : this.of(value, depth + 1);
    });
  }

  /** What a loop goes over: a list, or `Object.values(…)`. */
  #elements(over: ts.Expression, depth: number): Candidate[] {
    const node = bare(over);
    const isValues = ts.isCallExpression(node) && /^Object\.values$/.test(node.expression.getText());
    return this.#members(isValues && node.arguments[0] !== undefined ? node.arguments[0] : node, null, depth);
  }

  /** @param key null: any */
  #members(table: ts.Expression, key: string | null, depth: number): Candidate[] {
    if (depth > MOST) return [];
    const literal = this.#literal(table, depth);
    if (literal === null) return [];
    if (ts.isArrayLiteralExpression(literal)) {
      const { elements } = literal;
      const only = key === null || elements.some(ts.isSpreadElement) ? undefined : elements[Number(key)];
      return (only === undefined ? elements : [only]).flatMap((one) =>
        ts.isSpreadElement(one) ? this.#elements(one.expression, depth + 1) : this.of(one, depth + 1),
      );
    }
    if (!ts.isObjectLiteralExpression(literal)) return [];
    const named = literal.properties.filter((one) => key !== null && nameIn(one) === key);
    return (named.length > 0 ? named : literal.properties).flatMap((one) => {
      if (ts.isSpreadAssignment(one)) return this.#members(one.expression, key, depth + 1);
      // Another one, by a name that is known.
      if (key !== null && nameIn(one) !== null && nameIn(one) !== key) return [];
      if (ts.isMethodDeclaration(one)) return [{ fn: one, made: null }];
      if (ts.isPropertyAssignment(one)) return this.of(one.initializer, depth + 1);
      const symbol = ts.isShorthandPropertyAssignment(one)
        ? this.#types.getShorthandAssignmentValueSymbol(one)
        : undefined;
      const declaration = symbol === undefined ? undefined : this.#unaliased(symbol)?.valueDeclaration;
      if (declaration === undefined) return [];
      if (ts.isFunctionLike(declaration)) return [{ fn: declaration, made: null }];
      const value = valueOf(declaration);
      return value === null ? [] : this.of(value, depth + 1);
    });
  }

  /** The literal that an expression is, or that a constant holds. */
  #literal(expression: ts.Expression, depth: number): ts.Expression | null {
    const node = bare(expression);
    if (depth > MOST) return null;
    if (ts.isObjectLiteralExpression(node) || ts.isArrayLiteralExpression(node) || ts.isNewExpression(node))
      return node;
    if (ts.isCallExpression(node) && node.expression.getText() === "Object.freeze" && node.arguments[0])
      return this.#literal(node.arguments[0], depth + 1);
    if (!ts.isIdentifier(node) && !ts.isPropertyAccessExpression(node)) return null;
    const declaration = this.#declarationOf(ts.isIdentifier(node) ? node : node.name);
    const value = declaration === undefined ? null : valueOf(declaration);
    return value === null ? null : this.#literal(value, depth + 1);
  }

  #declarationOf(name: ts.Node): ts.Declaration | undefined {
    const symbol = this.#types.getSymbolAtLocation(name);
    const found = symbol === undefined ? undefined : this.#unaliased(symbol);
    return found?.valueDeclaration ?? found?.declarations?.[0];
  }

  #unaliased(symbol: ts.Symbol): ts.Symbol | undefined {
    return symbol.flags & ts.SymbolFlags.Alias ? this.#types.getAliasedSymbol(symbol) : symbol;
  }
}

/** What a constant, or a property that is written out, holds. */
function valueOf(declaration: ts.Declaration): ts.Expression | null {
  if (ts.isPropertyAssignment(declaration)) return declaration.initializer;
  if (ts.isPropertyDeclaration(declaration)) return declaration.initializer ?? null;
  return isConstant(declaration) ? (declaration.initializer ?? null) : null;
}

/** `list` of `for (const f of list)`, given `f`. */
function loopOf(declaration: ts.Declaration): ts.Expression | null {
  const loop = declaration.parent?.parent;
  return ts.isVariableDeclaration(declaration) && loop !== undefined && ts.isForOfStatement(loop)
    ? loop.expression
    : null;
}

function nameIn(one: ts.ObjectLiteralElementLike): string | null {
  const { name } = one;
  return name !== undefined && (ts.isIdentifier(name) || ts.isStringLiteralLike(name)) ? name.text : null;
}

/** What a function returns: the expression that it is, or those of its `return`s. */
function returnedBy(fn: ts.Node): ts.Expression[] {
  const { body } = fn as ts.FunctionLikeDeclaration;
  if (body === undefined) return [];
  if (!ts.isBlock(body)) return [body];
  const found: ts.Expression[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isReturnStatement(node) && node.expression !== undefined) found.push(node.expression);
    if (!ts.isFunctionLike(node)) ts.forEachChild(node, visit);
  };
  visit(body);
  return found;
}

function isIn(node: ts.Node, around: ts.Node): boolean {
  for (let at: ts.Node | undefined = node.parent; at !== undefined; at = at.parent)
    if (at === around) return true;
  return false;
}
