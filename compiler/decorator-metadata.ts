/**
 * What TypeScript adds to legacy decorators with `emitDecoratorMetadata`: `Reflect.metadata("design:type", …)` and its kin, from the types as
 * they are written. A file is compiled alone, as with `isolatedModules`: what is imported is a class if it is a function when the
 * program runs.
 *
 * | written | metadata |
 * |---|---|
 * | `string`, `"a"`, `` `${x}` `` | `String`; so `Number`, `Boolean`, `BigInt`, `Symbol` |
 * | `void`, `undefined`, `null`, `never` | `void 0` |
 * | `T[]`, `[T, U]`, `() => T` | `Array`, `Function` |
 * | a class or enum of this file | the class; `Number` or `String` |
 * | an interface, a type parameter, what is imported with `import type` | `Object` |
 * | any other name | `typeof Name === "function" ? Name : Object` |
 * | `A \| B`, `A & B` | that of all of them, if they are equal; else `Object` |
 */
import * as t from "@babel/types";
import { type Declared, TypeScopes } from "./type-scopes.ts";

export interface MetadataOptions {
  /** False: `null` and `undefined` do not count in a union. */
  readonly strictNullChecks: boolean;
}

type Typed = { readonly typeAnnotation?: t.Node | null };
type Method = t.ClassMethod | t.TSDeclareMethod;
type Member = t.ClassBody["body"][number];

/** A constructor of the language by its name, `void 0`, or an expression with its text, by which two are compared. */
type Serialized = string | { readonly text: string; readonly value: () => t.Expression };

const NOTHING = "void 0";

export class DecoratorMetadata {
  readonly scopes = new TypeScopes();
  readonly #strictNullChecks: boolean;

  constructor(options: MetadataOptions) {
    this.#strictNullChecks = options.strictNullChecks;
  }

  /** What a class with a constructor of its own gets: key and value of each call. */
  ofClass(node: t.Class, constructor: Method | undefined): [key: string, value: t.Expression][] {
    if (constructor === undefined) return [];
    return this.#within(node, () => [["design:paramtypes", this.#parameters(constructor.params)]]);
  }

  /** The same for a member. */
  ofMember(member: Member, body: readonly Member[]): [key: string, value: t.Expression][] {
    return this.#within(member, () => this.#member(member, body));
  }

  /** With the type parameters of a class or method. */
  #within<T>(node: t.Node, f: () => T): T {
    const isScope = this.scopes.enter(node);
    try {
      return f();
    } finally {
      if (isScope) this.scopes.leave();
    }
  }

  #member(member: Member, body: readonly Member[]): [key: string, value: t.Expression][] {
    if (!t.isClassMethod(member) && !t.isTSDeclareMethod(member))
      return [["design:type", expression(this.#annotated(member as Typed))]];
    if (member.kind === "get" || member.kind === "set") {
      const pair = accessors(member, body);
      const type = pair.set?.params[0]
        ? this.#parameter(pair.set.params[0])
        : this.#annotated(returned(pair.get));
      const params = (pair.set ?? member).params;
      return [
        ["design:type", expression(type)],
        ["design:paramtypes", this.#parameters(params)],
      ];
    }
    const result = member.returnType ? this.#annotated(returned(member)) : member.async ? "Promise" : NOTHING;
    return [
      ["design:type", t.identifier("Function")],
      ["design:paramtypes", this.#parameters(t.isTSDeclareMethod(member) ? [] : member.params)],
      ["design:returntype", expression(result)],
    ];
  }

  #parameters(params: readonly t.Node[]): t.Expression {
    const own = params.filter((one) => !t.isIdentifier(one, { name: "this" }));
    return t.arrayExpression(own.map((one) => expression(this.#parameter(one))));
  }

  #parameter(node: t.Node): Serialized {
    if (t.isTSParameterProperty(node)) return this.#parameter(node.parameter);
    if (t.isAssignmentPattern(node)) return this.#annotated(node.left as Typed);
    if (t.isRestElement(node)) return this.#type(elementOf(typeOf(node)));
    return this.#annotated(node as Typed);
  }

  #annotated(node: Typed): Serialized {
    return this.#type(typeOf(node));
  }

  // ---- types as they are written

  #type(type: t.Node | null | undefined): Serialized {
    if (!type) return "Object";
    const simple = primitive(type);
    if (simple !== null) return simple;
    switch (type.type) {
      case "TSParenthesizedType":
        return this.#type(type.typeAnnotation);
      case "TSTypeOperator":
        return type.operator === "readonly" ? this.#type(type.typeAnnotation) : "Object";
      case "TSFunctionType":
      case "TSConstructorType":
        return "Function";
      case "TSUnionType":
        return this.#constituents(type.types, false);
      case "TSIntersectionType":
        return this.#constituents(type.types, true);
      case "TSConditionalType":
        return this.#constituents([type.trueType, type.falseType], false, true);
      case "TSTypeReference":
        return this.#reference(type.typeName);
      default:
        return "Object";
    }
  }

  #constituents(types: readonly t.Node[], isIntersection: boolean, isConditional = false): Serialized {
    let all: Serialized | null = null;
    for (const outer of types) {
      const one = bare(outer);
      if (t.isTSNeverKeyword(one)) {
        if (isIntersection) return NOTHING;
        continue;
      }
      if (t.isTSUnknownKeyword(one) && isIntersection) continue;
      if (t.isTSUnknownKeyword(one) || t.isTSAnyKeyword(one)) return "Object";
      if (!this.#strictNullChecks && isNullish(one)) continue;
      const made: Serialized = isConditional && this.#isUnknown(one) ? "Object" : this.#type(one);
      if (made === "Object") return made;
      if (all !== null && text(all) !== text(made)) return "Object";
      all = made;
    }
    return all ?? NOTHING;
  }

  #isUnknown(type: t.Node): boolean {
    return t.isTSTypeReference(type) && this.scopes.find(leftmost(type.typeName)) === undefined;
  }

  #reference(name: t.TSEntityName): Serialized {
    const found = this.scopes.find(leftmost(name));
    if (found?.kind === "type") return "Object";
    if (t.isTSQualifiedName(name)) {
      if (found?.kind !== "enum") return fallback(name);
      const member = name.right.name;
      return found.strings.has(member) ? "String" : "Number";
    }
    switch (found?.kind) {
      case "class":
        return { text: name.name, value: () => t.identifier(name.name) };
      case "enum":
        return kindOfEnum(found);
      case "interface":
        return found.isCallable ? "Function" : "Object";
      case "alias":
        return this.#alias(found.type, 0);
      default:
        return name.type === "Identifier" && name.name === "ReadonlyArray" ? "Array" : fallback(name);
    }
  }

  // ---- types that have a name: what they are, not how they are written

  #alias(of: t.Node, depth: number): string {
    const type = bare(of);
    const simple = primitive(type);
    if (simple !== null) return simple;
    if (depth > 20) return "Object";
    const inner = (one: t.Node) => this.#alias(one, depth + 1);
    switch (type.type) {
      case "TSTypeOperator":
        return type.operator === "readonly" ? inner(type.typeAnnotation) : "Object";
      case "TSFunctionType":
        return "Function";
      case "TSTypeLiteral":
        return type.members.some((one) => t.isTSCallSignatureDeclaration(one)) ? "Function" : "Object";
      case "TSUnionType": {
        const counted = type.types.filter((one) => this.#strictNullChecks || !isNullish(bare(one)));
        const kinds = new Set(counted.filter((one) => !t.isTSNeverKeyword(bare(one))).map(inner));
        return kinds.size === 1 ? [...kinds][0]! : kinds.size === 0 ? NOTHING : "Object";
      }
      case "TSIntersectionType":
        return type.types.map(inner).find((one) => one !== "Object") ?? "Object";
      case "TSTypeReference": {
        const { typeName } = type;
        const found = this.scopes.find(leftmost(typeName));
        if (t.isTSQualifiedName(typeName) || found?.kind === "enum")
          return text(this.#named(typeName, found));
        if (found?.kind === "alias") return inner(found.type);
        if (found?.kind === "interface" && found.isCallable) return "Function";
        return found === undefined && /^(Readonly)?Array$/.test(typeName.name) ? "Array" : "Object";
      }
      default:
        return "Object";
    }
  }

  #named(name: t.TSEntityName, found: Declared | undefined): Serialized {
    return found?.kind === "enum" ? this.#reference(name) : "Object";
  }
}

/** What needs no looking up; null for everything else. */
function primitive(type: t.Node): string | null {
  switch (type.type) {
    case "TSVoidKeyword":
    case "TSUndefinedKeyword":
    case "TSNeverKeyword":
    case "TSNullKeyword":
      return NOTHING;
    case "TSStringKeyword":
      return "String";
    case "TSNumberKeyword":
      return "Number";
    case "TSBooleanKeyword":
      return "Boolean";
    case "TSBigIntKeyword":
      return "BigInt";
    case "TSSymbolKeyword":
      return "Symbol";
    case "TSArrayType":
    case "TSTupleType":
      return "Array";
    case "TSTypePredicate":
      return type.asserts === true ? NOTHING : "Boolean";
    case "TSTemplateLiteralType":
      return "String";
    case "TSLiteralType":
      return literal(type.literal);
    default:
      return null;
  }
}

function literal(value: t.Node): string {
  if (t.isUnaryExpression(value)) return literal(value.argument);
  if (t.isNumericLiteral(value)) return "Number";
  if (t.isBigIntLiteral(value)) return "BigInt";
  return t.isBooleanLiteral(value) ? "Boolean" : "String";
}

function kindOfEnum({ strings, members }: Extract<Declared, { kind: "enum" }>): string {
  if (strings.size === 0) return "Number";
  return strings.size === members ? "String" : "Object";
}

/** `typeof A === "function" ? A : Object`; of `A.B.C` the parts may be missing. */
function fallback(name: t.TSEntityName): Serialized {
  const read = (isOptional: boolean): t.Expression => {
    const member = (one: t.TSEntityName): t.Expression =>
      t.isIdentifier(one)
        ? t.identifier(one.name)
        : isOptional && !t.isIdentifier(one.left)
          ? t.optionalMemberExpression(member(one.left), t.identifier(one.right.name), false, true)
          : t.memberExpression(member(one.left), t.identifier(one.right.name));
    return member(name);
  };
  const typeOf = (value: t.Expression) => t.unaryExpression("typeof", value);
  const is = (value: t.Expression, what: string, operator: "===" | "!==") =>
    t.binaryExpression(operator, typeOf(value), t.stringLiteral(what));
  const value = () => {
    const isFunction = is(read(true), "function", "===");
    const test = t.isIdentifier(name)
      ? isFunction
      : t.logicalExpression("&&", is(t.identifier(leftmost(name)), "undefined", "!=="), isFunction);
    return t.conditionalExpression(test, read(false), t.identifier("Object"));
  };
  return { text: `? ${path(name)}`, value };
}

const path = (name: t.TSEntityName): string =>
  t.isIdentifier(name)
    ? name.name
    : t.isTSQualifiedName(name)
      ? `${path(name.left)}.${name.right.name}`
      : "this";

const leftmost = (name: t.TSEntityName): string => path(name).replace(/\..*$/, "");

const text = (one: Serialized): string => (typeof one === "string" ? one : one.text);

function expression(one: Serialized): t.Expression {
  if (typeof one !== "string") return one.value();
  return one === NOTHING ? t.unaryExpression("void", t.numericLiteral(0)) : t.identifier(one);
}

function bare(type: t.Node): t.Node {
  return t.isTSParenthesizedType(type) ? bare(type.typeAnnotation) : type;
}

const isNullish = (type: t.Node): boolean => t.isTSNullKeyword(type) || t.isTSUndefinedKeyword(type);

function typeOf(node: Typed): t.Node | undefined {
  return t.isTSTypeAnnotation(node.typeAnnotation) ? node.typeAnnotation.typeAnnotation : undefined;
}

const returned = (method: Method | undefined): Typed => ({ typeAnnotation: method?.returnType as t.Node });

/** Of the type of a rest parameter: what each argument is. */
function elementOf(type: t.Node | undefined): t.Node | undefined {
  if (t.isTSArrayType(type)) return type.elementType;
  const args = t.isTSTypeReference(type) ? type.typeParameters?.params : undefined;
  return args?.length === 1 ? args[0] : undefined;
}

/** The getter and setter of one name. */
function accessors(member: Method, body: readonly Member[]): { get?: t.ClassMethod; set?: t.ClassMethod } {
  const found: { get?: t.ClassMethod; set?: t.ClassMethod } = {};
  for (const one of body)
    if (
      t.isClassMethod(one) &&
      (one.kind === "get" || one.kind === "set") &&
      Boolean(one.static) === Boolean(member.static) &&
      (one === member || t.isNodesEquivalent(one.key, member.key))
    )
      found[one.kind] ??= one;
  return found;
}
