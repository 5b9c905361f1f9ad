/**
 * Decorators as TypeScript has them with `experimentalDecorators`: calls behind the class. Standard decorators are compiled by
 * Babel's plugin; its own legacy mode would turn private names into WeakMaps, which are module state.
 *
 * ```
 * @d class C { @m x() {} @f y; @s static z; constructor(@p a) {} }
 *
 * let C;
 * C = class {
 *   static { C = this; }
 *   x() {} y; static z; constructor(a) {}
 *   static { $d([m], this.prototype, "x", null); $d([f], this.prototype, "y", void 0); $d([s], this, "z", void 0); }
 * };
 * C = $d([d, $p(0, p)], C);
 * ```
 *
 * With `emitDecoratorMetadata` each list ends with calls of `$m("design:type", …)`: see `decorator-metadata.ts`.
 */
import { parse as babelParse } from "@babel/parser";
import * as t from "@babel/types";
import { VISITOR_KEYS } from "@babel/types";
import { DecoratorMetadata, type MetadataOptions } from "./decorator-metadata.ts";

type Fields = { [key: string]: unknown };
type Decorated = t.Node & { decorators?: t.Decorator[] | null };
type Method = t.ClassMethod | t.TSDeclareMethod;

/** Decorates an object or one of its properties, the last decorator first. What TypeScript calls `__decorate`, `__param` and `__metadata`. */
const helpers = `
function DECORATE(decorators, target, key, own) {
  const isClass = arguments.length < 3;
  let result = isClass ? target : own === null ? Object.getOwnPropertyDescriptor(target, key) : own;
  for (const decorator of decorators.reverse())
    if (decorator) result = (isClass ? decorator(result) : decorator(target, key, result)) || result;
  if (!isClass && result) Object.defineProperty(target, key, result);
  return result;
}
function PARAM(index, decorator) {
  return (target, key) => { decorator(target, key, index); };
}`;
const metadataHelper = `
function METADATA(key, value) {
  return typeof Reflect.metadata === "function" ? Reflect.metadata(key, value) : undefined;
}`;

/**
 * Takes the decorators out of a program, in place.
 * @param metadata null: without `emitDecoratorMetadata`
 * @throws SyntaxError with `loc`, for a computed key that cannot be evaluated twice
 */
export function legacyDecorators(file: t.File, metadata: MetadataOptions | null): void {
  new Legacy(file, metadata).run();
}

class Legacy {
  readonly #file: t.File;
  readonly #decorate: string;
  readonly #param: string;
  readonly #metadataName: string;
  readonly #metadata: DecoratorMetadata | null;

  constructor(file: t.File, metadata: MetadataOptions | null) {
    this.#file = file;
    this.#metadata = metadata === null ? null : new DecoratorMetadata(metadata);
    const names = new Set<string>();
    t.traverseFast(file, (node) => {
      if (t.isIdentifier(node)) names.add(node.name);
    });
    const free = (base: string) => {
      let name = base;
      for (let n = 2; names.has(name); n++) name = `${base}${n}`;
      return name;
    };
    this.#decorate = free("decorate_");
    this.#param = free("decorateParameter_");
    this.#metadataName = free("decorateMetadata_");
  }

  run(): void {
    this.#visit(this.#file.program);
    const all = this.#metadata === null ? helpers : helpers + metadataHelper;
    const text = all
      .replace("DECORATE", this.#decorate)
      .replace("PARAM", this.#param)
      .replace("METADATA", this.#metadataName);
    this.#file.program.body.push(...babelParse(text).program.body);
  }

  #visit(node: t.Node): void {
    const isScope = this.#metadata?.scopes.enter(node) === true;
    for (const key of VISITOR_KEYS[node.type] ?? []) {
      const child = (node as unknown as Fields)[key];
      if (!Array.isArray(child)) {
        if (child !== null && child !== undefined) this.#visit(child as t.Node);
        continue;
      }
      for (const one of child) if (one !== null) this.#visit(one as t.Node);
      if (child.some((one) => t.isStatement(one as t.Node)))
        (node as unknown as Fields)[key] = child.flatMap((one) => this.#statement(one as t.Statement));
    }
    if (t.isClass(node)) this.#members(node);
    if (isScope) this.#metadata!.scopes.leave();
  }

  /** A decorated class becomes a variable. */
  #statement(node: t.Statement): t.Statement[] {
    const exported = t.isExportNamedDeclaration(node) || t.isExportDefaultDeclaration(node);
    const made = exported ? node.declaration : node;
    if (!t.isClassDeclaration(made)) return [node];
    const constructor = constructorOf(made);
    const decorators = [...taken(made), ...this.#parameters(constructor)];
    if (decorators.length === 0) return [node];
    decorators.push(...this.#metadataCalls(this.#metadata?.ofClass(made, constructor)));
    const id = made.id ?? t.identifier("default_1");
    const name = () => t.identifier(id.name);
    const set = (value: t.Expression) => t.expressionStatement(t.assignmentExpression("=", name(), value));
    made.body.body.unshift(t.staticBlock([set(t.thisExpression())]));
    const value: t.ClassExpression = {
      ...(made as unknown as t.ClassExpression),
      type: "ClassExpression",
      id: null,
    };
    const list: t.Statement[] = [
      t.variableDeclaration("let", [t.variableDeclarator(name())]),
      set(value),
      set(this.#call(decorators, name())),
    ];
    if (exported) {
      const as = t.isExportDefaultDeclaration(node) ? "default" : id.name;
      list.push(t.exportNamedDeclaration(null, [t.exportSpecifier(name(), t.identifier(as))]));
    }
    return list;
  }

  /** Instance members are decorated before static ones. */
  #members(node: t.Class): void {
    const calls: [isStatic: boolean, call: t.Statement][] = [];
    for (const one of node.body.body) {
      if (t.isStaticBlock(one) || t.isTSIndexSignature(one)) continue;
      const isMethod = t.isClassMethod(one) || t.isTSDeclareMethod(one);
      if (isMethod && one.kind === "constructor") continue;
      const decorators = [...taken(one), ...(isMethod ? this.#parameters(one) : [])];
      if (decorators.length === 0) continue;
      decorators.push(...this.#metadataCalls(this.#metadata?.ofMember(one, node.body.body)));
      const home = one.static
        ? t.thisExpression()
        : t.memberExpression(t.thisExpression(), t.identifier("prototype"));
      const own = isMethod ? t.nullLiteral() : t.unaryExpression("void", t.numericLiteral(0));
      const call = this.#call(decorators, home, keyOf(one as t.ClassMethod), own);
      calls.push([one.static === true, t.expressionStatement(call)]);
    }
    if (calls.length === 0) return;
    calls.sort(([a], [b]) => Number(a) - Number(b));
    node.body.body.push(t.staticBlock(calls.map(([, call]) => call)));
  }

  #parameters(method: Method | undefined): t.Expression[] {
    return (method?.params ?? []).flatMap((param, index) =>
      taken(param as Decorated).map((one) =>
        t.callExpression(t.identifier(this.#param), [t.numericLiteral(index), one]),
      ),
    );
  }

  #metadataCalls(entries: [key: string, value: t.Expression][] = []): t.Expression[] {
    return entries.map(([key, value]) =>
      t.callExpression(t.identifier(this.#metadataName), [t.stringLiteral(key), value]),
    );
  }

  #call(decorators: t.Expression[], ...args: t.Expression[]): t.CallExpression {
    return t.callExpression(t.identifier(this.#decorate), [t.arrayExpression(decorators), ...args]);
  }
}

function taken(node: Decorated): t.Expression[] {
  const list = (node.decorators ?? []).map((one) => one.expression);
  node.decorators = null;
  return list;
}

function constructorOf(node: t.Class): Method | undefined {
  return node.body.body.find((one): one is t.ClassMethod => t.isClassMethod(one, { kind: "constructor" }));
}

function keyOf(member: t.ClassMethod): t.Expression {
  const { key } = member;
  if (!member.computed) return t.isIdentifier(key) ? t.stringLiteral(key.name) : (key as t.Expression);
  if (isConstant(key)) return t.cloneNode(key as t.Expression);
  const error = new SyntaxError("A decorated member has a computed key; move the key to a constant.");
  throw Object.assign(error, { loc: key.loc?.start });
}

/** Evaluating it twice gives the same: a name, or a property of one. */
function isConstant(node: t.Node): boolean {
  if (t.isIdentifier(node) || t.isStringLiteral(node) || t.isNumericLiteral(node)) return true;
  return t.isMemberExpression(node, { computed: false }) && isConstant(node.object);
}
