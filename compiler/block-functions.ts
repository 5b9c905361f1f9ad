/**
 * Functions declared in blocks of sloppy mode code (ECMA-262 §B.3.2): the block has its own binding, and when the declaration
 * is evaluated its value also goes to a variable of the function around.
 *
 * `{ function f() {} }` ↦ `var f; { let f$block = …; f = f$block; }`, in `catch (f)` ↦ `catch (f$catch)`
 */
import * as t from "@babel/types";
import { childKeys, walk } from "./children.ts";
import type { Scope, Variable } from "./ir.ts";

export class BlockFunctions {
  readonly #names: Set<string>;
  readonly #refs: Map<t.Node, Variable>;
  /** Declarations in blocks, with the identifier of the variable around that they assign. */
  readonly #outer = new Map<t.FunctionDeclaration, t.Identifier>();
  /** Parameters of `catch` that hide a variable which is assigned in them (§B.3.4). */
  readonly #hiding = new Set<t.Identifier>();
  /** The variables that exist for such functions only, by the scope of their function or script. */
  readonly #made = new Map<Scope, Set<string>>();

  /** @param names every identifier of the source; @param refs as filled by the resolver */
  constructor(names: Set<string>, refs: Map<t.Node, Variable>) {
    this.#names = names;
    this.#refs = refs;
  }

  /** Identifiers to be declared as `var` in the scope of a function or script with the statements `list`. */
  find(list: readonly t.Node[], scope: Scope): t.Identifier[] {
    const found: t.Identifier[] = [];
    const caught: t.Identifier[] = [];
    const visit = (node: t.Node | null | undefined, block: t.Node | null, outer: ReadonlySet<string>) => {
      if (!node || t.isExpression(node) || t.isClass(node)) return;
      if (t.isFunction(node)) {
        if (!t.isFunctionDeclaration(node) || block === null || node.async || node.generator) return;
        const { name } = node.id!;
        const known = scope.variables.get(name);
        const clash = known !== undefined && !/^(var|function|self)$/.test(known.kind);
        if (clash || outer.has(name) || name === "arguments") return;
        const id = t.identifier(name);
        this.#outer.set(node, id);
        for (const one of caught) if (one.name === name) this.#hiding.add(one);
        found.push(id);
        return;
      }
      let inner = outer;
      let inside = block;
      if (opensScope(node)) {
        inside = node;
        // What the block declares itself does not count for its own functions, but for those in blocks within.
        const around = block === null ? [] : lexicalNames(block);
        if (around.length > 0) inner = new Set([...outer, ...around]);
        if (t.isLoop(node)) inner = new Set([...inner, ...lexicalNames(node)]);
      }
      const hides = t.isCatchClause(node) && t.isIdentifier(node.param) ? node.param : null;
      if (hides !== null) caught.push(hides);
      else if (t.isCatchClause(node) && node.param)
        inner = new Set([...inner, ...Object.keys(t.getBindingIdentifiers(node.param))]);
      for (const key of childKeys(node.type)) {
        const child = (node as unknown as { [key: string]: unknown })[key];
        for (const one of Array.isArray(child) ? child : [child]) visit(one as t.Node | null, inside, inner);
      }
      if (hides !== null) caught.pop();
    };
    for (const node of list) visit(node, null, new Set());
    const made = found.map((id) => id.name).filter((name) => !scope.variables.has(name));
    if (made.length > 0) this.#made.set(scope, new Set(made));
    return found;
  }

  /** Names that need a `var` of their own in the scope of a function or script. */
  namesIn(scope: Scope): string[] {
    return [...(this.#made.get(scope) ?? [])];
  }

  /** What the declaration does where it stands: nothing but in blocks of sloppy code. */
  assignments(node: t.FunctionDeclaration): t.Statement[] {
    const target = this.#outer.get(node);
    if (target === undefined) return [];
    const own = this.#refs.get(node.id!)!;
    const value = t.identifier(own.name);
    this.#refs.set(value, own);
    const assign = t.assignmentExpression("=", target, value);
    assign.loc = node.loc ?? null;
    return [t.inherits(t.expressionStatement(assign), node)];
  }

  /** Two variables of one name stand in one JavaScript function: the inner one gets another. To be called once all is declared. */
  rename(): void {
    for (const node of this.#outer.keys()) {
      const own = this.#refs.get(node.id!)!;
      own.out ??= this.#unused(`${own.name}$block`);
    }
    for (const id of this.#hiding) this.#refs.get(id)!.out ??= this.#unused(`${id.name}$catch`);
  }

  #unused(base: string): string {
    let name = base;
    for (let n = 2; this.#names.has(name); n++) name = `${base}${n}`;
    this.#names.add(name);
    return name;
  }
}

/**
 * `if (x) function f() {}` means `if (x) { function f() {} }` (§B.3.3); a label of a function means nothing (§B.3.1), but it would hide
 * the declaration.
 */
export function blocksForBranches(file: t.File): void {
  walk(file, (node) => {
    if (t.isBlock(node)) node.body = (node.body as t.Statement[]).map(withoutLabel);
    if (t.isSwitchCase(node)) node.consequent = node.consequent.map(withoutLabel);
    if (!t.isIfStatement(node)) return;
    if (t.isFunctionDeclaration(node.consequent))
      node.consequent = t.inherits(t.blockStatement([node.consequent]), node.consequent);
    if (t.isFunctionDeclaration(node.alternate))
      node.alternate = t.inherits(t.blockStatement([node.alternate]), node.alternate);
  });
}

function withoutLabel(node: t.Statement): t.Statement {
  if (!t.isLabeledStatement(node)) return node;
  const inner = withoutLabel(node.body);
  return t.isFunctionDeclaration(inner) ? inner : node;
}

function opensScope(node: t.Node): boolean {
  return t.isBlockStatement(node) || t.isSwitchStatement(node) || t.isLoop(node);
}

function lexicalNames(node: t.Node): string[] {
  const list: readonly t.Node[] = t.isBlockStatement(node)
    ? node.body
    : t.isSwitchStatement(node)
      ? node.cases.flatMap((one) => one.consequent)
      : t.isForStatement(node) && node.init
        ? [node.init]
        : t.isForXStatement(node)
          ? [node.left]
          : [];
  return list.flatMap((one) => {
    if (t.isVariableDeclaration(one) && one.kind !== "var")
      return one.declarations.flatMap((declarator) => Object.keys(t.getBindingIdentifiers(declarator.id)));
    if ((t.isClassDeclaration(one) || t.isFunctionDeclaration(one)) && one.id) return [one.id.name];
    return [];
  });
}
