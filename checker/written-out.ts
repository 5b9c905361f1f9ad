/**
 * What stands in a call of `migrate` or `renamed`, as far as it is written out: texts, constants, and variables of loops over lists that are.
 *
 * | | |
 * |---|---|
 * | `"event"`, `EVENT` with `const EVENT = "event"` | that |
 * | `at` in `for (const at of ["event", "charge"])`, or in `["event", "charge"].forEach((at) => …)` | each, one after the other |
 * | `at` and `to` in `for (const [at, to] of [["event", "paid"], ["charge", "paid"]])` | each pair |
 */
import { ts } from "ts-morph";
import { bare, isConstant } from "./roles.ts";

/** What the variables of the loops around a call hold in one turn. */
export type Turn = ReadonlyMap<ts.Symbol, ts.Expression>;

/** The turns of all loops around a node; one without variables where there is none. Null: a loop goes over what is not written out. */
export function turnsOf(node: ts.Node, types: ts.TypeChecker): Turn[] | null {
  let turns: Turn[] = [new Map()];
  for (let at = node; at.parent !== undefined; at = at.parent) {
    const loop = loopOf(at.parent, at);
    if (loop === null) continue;
    const list = listOf(loop.over, types);
    const mine = list?.map((element) => bound(loop.name, element, types));
    if (mine === undefined || mine.includes(null)) return null;
    turns = mine.flatMap((one) => turns.map((inner) => new Map([...one!, ...inner])));
  }
  return turns;
}

interface Loop {
  readonly name: ts.BindingName;
  readonly over: ts.Expression;
}

/** @param child where the node stands in it */
function loopOf(node: ts.Node, child: ts.Node): Loop | null {
  if (ts.isForOfStatement(node) && child === node.statement) {
    const [declared] = ts.isVariableDeclarationList(node.initializer) ? node.initializer.declarations : [];
    return declared === undefined ? null : { name: declared.name, over: node.expression };
  }
  if (!ts.isCallExpression(node) || child !== node.arguments[0] || !ts.isFunctionLike(child)) return null;
  const { expression } = node;
  const [parameter] = child.parameters;
  if (!ts.isPropertyAccessExpression(expression) || expression.name.text !== "forEach") return null;
  return parameter === undefined ? null : { name: parameter.name, over: expression.expression };
}

/** The elements of `[…]`, or of a constant that is one. */
function listOf(node: ts.Expression, types: ts.TypeChecker): readonly ts.Expression[] | null {
  let value = bare(node);
  if (ts.isIdentifier(value)) {
    const declaration = types.getSymbolAtLocation(value)?.valueDeclaration;
    if (declaration === undefined || !isConstant(declaration)) return null;
    if (declaration.initializer === undefined) return null;
    value = bare(declaration.initializer);
  }
  if (!ts.isArrayLiteralExpression(value)) return null;
  return value.elements.some((one) => ts.isSpreadElement(one)) ? null : value.elements;
}

/** What a name, or a pattern of names, gets from an element. */
function bound(name: ts.BindingName, element: ts.Expression, types: ts.TypeChecker): Turn | null {
  if (ts.isIdentifier(name)) {
    const symbol = types.getSymbolAtLocation(name);
    return symbol === undefined ? null : new Map([[symbol, element]]);
  }
  const list = listOf(element, types);
  if (list === null || !ts.isArrayBindingPattern(name)) return null;
  const found = new Map<ts.Symbol, ts.Expression>();
  for (const [i, one] of name.elements.entries()) {
    if (ts.isOmittedExpression(one)) continue;
    const given = list[i];
    const isPlain = one.dotDotDotToken === undefined && one.initializer === undefined;
    const inner = isPlain && given !== undefined ? bound(one.name, given, types) : null;
    if (inner === null) return null;
    for (const [symbol, value] of inner) found.set(symbol, value);
  }
  return found;
}

/** What is written in one turn of the loops. */
export class WrittenOut {
  readonly #types: ts.TypeChecker;
  readonly #turn: Turn;

  constructor(types: ts.TypeChecker, turn: Turn) {
    this.#types = types;
    this.#turn = turn;
  }

  /** The expression that a variable of a loop stands for, or the one that is given. */
  valueOf(node: ts.Expression): ts.Expression {
    const value = bare(node);
    if (!ts.isIdentifier(value)) return value;
    const { parent } = value;
    const symbol = ts.isShorthandPropertyAssignment(parent)
      ? this.#types.getShorthandAssignmentValueSymbol(parent)
      : this.#types.getSymbolAtLocation(value);
    const held = symbol && this.#turn.get(symbol);
    return held === undefined ? value : bare(held);
  }

  /** Null when it is not known here. */
  text(node: ts.Expression | undefined): string | null {
    if (node === undefined) return null;
    const value = this.valueOf(node);
    if (ts.isStringLiteralLike(value)) return value.text;
    const type = ts.isShorthandPropertyAssignment(value.parent)
      ? this.#typeOfShorthand(value.parent)
      : this.#types.getTypeAtLocation(value);
    return type.isStringLiteral() ? type.value : null;
  }

  /** `{ at: "…", build: "…" }`; empty where it is left out, null when it is not written out. */
  place(object: ts.ObjectLiteralExpression, name: string): { at?: string; build?: string & string[] } | null {
    const member = memberOf(object, name);
    if (member === undefined) return {};
    const value = ts.isPropertyAssignment(member) ? this.valueOf(member.initializer) : null;
    if (value === null || !ts.isObjectLiteralExpression(value)) return null;
    const found: Record<string, unknown> = {};
    for (const one of value.properties) {
      const given = ts.isPropertyAssignment(one)
        ? this.valueOf(one.initializer)
        : ts.isShorthandPropertyAssignment(one)
          ? one.name
          : null;
      if (given === null) return null;
      const list = ts.isArrayLiteralExpression(given) ? given.elements : listOf(given, this.#types);
      const text = list === null ? this.text(given) : list.map((element) => this.text(element));
      if (text === null || (Array.isArray(text) && text.includes(null))) return null;
      found[one.name!.getText()] = text;
    }
    return found;
  }

  #typeOfShorthand(node: ts.ShorthandPropertyAssignment): ts.Type {
    const symbol = this.#types.getShorthandAssignmentValueSymbol(node);
    return symbol === undefined
      ? this.#types.getTypeAtLocation(node)
      : this.#types.getTypeOfSymbolAtLocation(symbol, node);
  }
}

export function memberOf(
  object: ts.ObjectLiteralExpression,
  name: string,
): ts.ObjectLiteralElementLike | undefined {
  return object.properties.find((one) => one.name !== undefined && one.name.getText() === name);
}
