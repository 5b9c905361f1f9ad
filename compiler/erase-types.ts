/**
 * TypeScript to JavaScript, in place: types, declarations of types, and imports of them go; no other node is touched. The few
 * forms that mean something at run time (enums, namespaces, parameter properties, `import x = require()`) are left to
 * Babel's plugin, which costs twice as much as parsing, so only files that have some pay for it.
 */
import { transformFromAstSync } from "@babel/core";
// @ts-expect-error the plugin has no declarations of its own
import typescriptPlugin from "@babel/plugin-transform-typescript";
import type * as t from "@babel/types";
import { NODE_FIELDS, VISITOR_KEYS } from "@babel/types";
import type { Resolved } from "./resolve.ts";

/** Fields that hold types, or say something about them. */
const typeFields = [
  ...["typeAnnotation", "returnType", "typeParameters", "typeArguments", "superTypeParameters"],
  ...["superTypeArguments", "implements", "predicate", "definite", "accessibility", "readonly", "override"],
] as const;

type Fields = { [key: string]: unknown };

/** Of one type of nodes: the fields that go, and those of children that stay. */
interface Shape {
  readonly types: readonly string[];
  readonly children: readonly string[];
}
const shapes = new Map<string, Shape>();

function shapeOf(type: string): Shape {
  let shape = shapes.get(type);
  if (shape === undefined) {
    const fields = NODE_FIELDS[type] ?? {};
    const types: readonly string[] = typeFields;
    shape = {
      // A parameter or member that may be missing; in calls and members it is the `?.` of JavaScript.
      types: [...types, ...(type.startsWith("Optional") ? [] : ["optional"])].filter((one) => one in fields),
      children: (VISITOR_KEYS[type] ?? []).filter((one) => !types.includes(one)),
    };
    shapes.set(type, shape);
  }
  return shape;
}

export interface Types {
  readonly names: ReadonlySet<string>;
  /** It imported or exported something, if only types. */
  readonly isModule: boolean;
}

/** What erasing has to know when imports are looked at: which names were those of types. */
export interface Erased {
  readonly file: t.File;
  /** Null: the file has no types. */
  readonly types: Types | null;
}

/** @param jsx the file may contain JSX */
export function eraseTypes(file: t.File, source: string, filename: string, jsx: boolean): Erased {
  const eraser = new Eraser();
  const isModule = file.program.body.some(isOfModule);
  eraser.node(file.program);
  const types = { names: eraser.types, isModule };
  if (!eraser.hasMore) return { file, types };
  const result = transformFromAstSync(file, source, {
    filename,
    configFile: false,
    babelrc: false,
    ast: true,
    code: false,
    cloneInputAst: false,
    parserOpts: { plugins: ["typescript", "decorators"] },
    plugins: [[typescriptPlugin, { allowDeclareFields: true, isTSX: jsx }]],
  });
  return { file: result!.ast as t.File, types };
}

const isType = (kind: string | null | undefined) => kind === "type" || kind === "typeof";
const isOfModule = (one: t.Statement) => /^(Import|Export)/.test(one.type);

class Eraser {
  readonly types = new Set<string>();
  /** Something is left that means more than a type. */
  hasMore = false;

  node(of: t.Node): void {
    const fields = of as unknown as Fields;
    const { types, children } = shapeOf(of.type);
    // Not deleted: V8 would keep such nodes as dictionaries, and every pass is the slower for it.
    for (const field of types)
      if (fields[field] !== undefined && fields[field] !== null) fields[field] = undefined;
    for (const key of children) {
      const child = fields[key];
      if (child === null || child === undefined) continue;
      if (Array.isArray(child)) fields[key] = this.#list(child as (t.Node | null)[]);
      else fields[key] = this.#value(child as t.Node);
    }
  }

  #list(list: (t.Node | null)[]): (t.Node | null)[] {
    let kept: (t.Node | null)[] | null = null;
    for (let i = 0; i < list.length; i++) {
      const one = list[i]!;
      const value = one === null ? null : this.#erased(one) ? undefined : this.#value(one);
      if (kept === null && value !== one) kept = list.slice(0, i);
      if (kept !== null && value !== undefined) kept.push(value);
    }
    return kept ?? list;
  }

  /** The node without what TypeScript says about it. */
  #value(of: t.Node): t.Node {
    let inner = of;
    for (;;) {
      switch (inner.type) {
        case "TSAsExpression":
        case "TSSatisfiesExpression":
        case "TSNonNullExpression":
        case "TSTypeAssertion":
        case "TSInstantiationExpression":
          inner = inner.expression;
          continue;
        case "TSEnumDeclaration":
        case "TSModuleDeclaration":
        case "TSParameterProperty":
        case "TSImportEqualsDeclaration":
        case "TSExportAssignment":
          this.hasMore = true;
          return inner;
        default:
          this.node(inner);
          return inner;
      }
    }
  }

  /** Whether the node, one of a list, is about types only. */
  #erased(of: t.Node): boolean {
    switch (of.type) {
      case "TSInterfaceDeclaration":
      case "TSTypeAliasDeclaration":
        this.types.add(of.id.name);
        return true;
      case "TSDeclareFunction":
      case "TSDeclareMethod":
      case "TSIndexSignature":
      case "TSNamespaceExportDeclaration":
        return true;
      case "VariableDeclaration":
      case "FunctionDeclaration":
      case "TSEnumDeclaration":
      case "TSModuleDeclaration":
        return of.declare === true;
      case "ClassDeclaration":
        if (of.declare === true) return true;
        delete of.abstract;
        return false;
      case "ClassProperty":
      case "ClassAccessorProperty":
        return of.declare === true || (of as { abstract?: boolean | null }).abstract === true;
      case "Identifier":
        // The first parameter, as the type of `this`.
        return of.name === "this";
      case "ImportDeclaration":
        if (isType(of.importKind)) for (const one of of.specifiers) this.types.add(one.local.name);
        else if (of.specifiers.length === 0 || !of.specifiers.every((one) => this.#erased(one))) return false;
        return true;
      case "ImportSpecifier":
        if (!isType(of.importKind)) return false;
        this.types.add(of.local.name);
        return true;
      case "ExportSpecifier":
        return isType(of.exportKind);
      case "ExportAllDeclaration":
        return of.exportKind === "type";
      case "ExportNamedDeclaration":
        if (isType(of.exportKind)) return true;
        if (of.declaration) return this.#erased(of.declaration);
        return of.specifiers.length > 0 && of.specifiers.every((one) => this.#erased(one));
      case "ExportDefaultDeclaration":
        return this.#erased(of.declaration);
      default:
        return false;
    }
  }
}

/**
 * Imports and exports of names that only types used (TypeScript without `verbatimModuleSyntax`). An import that has no names stays:
 * the module is evaluated.
 */
export function elideTypes(file: t.File, types: Types, resolved: Resolved): void {
  const { program } = file;
  const { variables } = resolved.module.scope;
  const factories = jsxFactories(file, resolved);
  const isType = (name: string) => types.names.has(name) && !variables.has(name);
  program.body = program.body.filter((one) => {
    if (one.type === "ImportDeclaration" && one.specifiers.length > 0) {
      one.specifiers = one.specifiers.filter(({ local }) => {
        const used = resolved.usedImports.has(variables.get(local.name)!) || factories.has(local.name);
        if (!used) variables.delete(local.name);
        return used;
      });
      return one.specifiers.length > 0;
    }
    if (one.type === "ExportNamedDeclaration" && !one.source && one.specifiers.length > 0) {
      one.specifiers = one.specifiers.filter(
        (exported) => exported.type !== "ExportSpecifier" || !isType(exported.local.name),
      );
      return one.specifiers.length > 0;
    }
    if (one.type === "ExportDefaultDeclaration" && one.declaration.type === "Identifier")
      return !isType(one.declaration.name);
    return true;
  });
  if (types.isModule && !program.body.some(isOfModule))
    program.body.push({
      type: "ExportNamedDeclaration",
      specifiers: [],
      declaration: null,
    } as unknown as t.Statement);
}

/** What elements may be compiled to calls of, by whoever compiles JSX. */
function jsxFactories(file: t.File, resolved: Resolved): ReadonlySet<string> {
  const names = new Set<string>();
  if (!resolved.hasJsx) return names;
  names.add("React");
  for (const { value } of file.comments ?? [])
    for (const [, name] of value.matchAll(/@jsx(?:Frag)?\s+([\w$]+)/g)) names.add(name!);
  return names;
}
