/** What the names of types mean in the block that is being looked at: see `decorator-metadata.ts`. */
import * as t from "@babel/types";

export type Declared =
  | { readonly kind: "class" }
  /** A type only. */
  | { readonly kind: "type" }
  /** Something that is there when the program runs: an import, a namespace. */
  | { readonly kind: "value" }
  | { readonly kind: "interface"; readonly isCallable: boolean }
  | { readonly kind: "alias"; readonly type: t.Node }
  | { readonly kind: "enum"; readonly strings: ReadonlySet<string>; readonly members: number };

type Names = Map<string, Declared>;

export class TypeScopes {
  readonly #stack: Names[] = [];

  /** @returns whether the node has names of its own: `leave` it then */
  enter(node: t.Node): boolean {
    const names: Names = new Map();
    if ("typeParameters" in node && t.isTSTypeParameterDeclaration(node.typeParameters))
      for (const { name, constraint } of node.typeParameters.params) {
        const made: Declared = constraint ? { kind: "alias", type: constraint } : { kind: "type" };
        names.set(typeof name === "string" ? name : (name as t.Identifier).name, made);
      }
    for (const one of statementsOf(node)) declare(names, one);
    if (names.size > 0) this.#stack.push(names);
    return names.size > 0;
  }

  leave(): void {
    this.#stack.pop();
  }

  find(name: string): Declared | undefined {
    return this.#stack.findLast((one) => one.has(name))?.get(name);
  }
}

function statementsOf(node: t.Node): readonly t.Node[] {
  if (t.isProgram(node) || t.isBlockStatement(node) || t.isTSModuleBlock(node) || t.isStaticBlock(node))
    return node.body;
  return t.isSwitchStatement(node) ? node.cases.flatMap((one) => one.consequent) : [];
}

function declare(names: Names, node: t.Node): void {
  const add = (name: string, made: Declared) => {
    const known = names.get(name);
    // An interface beside a class or an enum beside a namespace adds to it; beside a variable it may be a class by hand.
    if (known === undefined || rank(made) > rank(known)) names.set(name, made);
  };
  switch (node.type) {
    case "ExportNamedDeclaration":
    case "ExportDefaultDeclaration":
      if (node.declaration) declare(names, node.declaration);
      break;
    case "ImportDeclaration":
      for (const one of node.specifiers) {
        const isType = node.importKind === "type" || ("importKind" in one && one.importKind === "type");
        add(one.local.name, { kind: isType ? "type" : "value" });
      }
      break;
    case "TSImportEqualsDeclaration":
      add(node.id.name, { kind: node.importKind === "type" ? "type" : "value" });
      break;
    case "TSModuleDeclaration":
      if (t.isIdentifier(node.id)) add(node.id.name, { kind: "value" });
      break;
    case "ClassDeclaration":
      if (node.id) add(node.id.name, { kind: node.declare ? "value" : "class" });
      break;
    case "TSInterfaceDeclaration": {
      const isCallable = node.body.body.some((one) => t.isTSCallSignatureDeclaration(one));
      add(node.id.name, { kind: "interface", isCallable });
      break;
    }
    case "TSTypeAliasDeclaration":
      add(node.id.name, { kind: "alias", type: node.typeAnnotation });
      break;
    case "TSEnumDeclaration": {
      const members = node.members ?? node.body?.members ?? [];
      const strings = members.filter(({ initializer }) => isText(initializer)).map(({ id }) => nameOf(id));
      add(node.id.name, { kind: "enum", strings: new Set(strings), members: members.length });
      break;
    }
  }
}

const rank = ({ kind }: Declared): number =>
  ["value", "type", "interface", "alias", "enum", "class"].indexOf(kind);

const nameOf = (id: t.Identifier | t.StringLiteral): string => (t.isIdentifier(id) ? id.name : id.value);

function isText(value: t.Node | null | undefined): boolean {
  if (t.isBinaryExpression(value)) return isText(value.left) || isText(value.right);
  return t.isStringLiteral(value) || t.isTemplateLiteral(value);
}
