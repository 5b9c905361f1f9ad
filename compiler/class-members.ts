/** What the parts of a class are: which function has a `this` of its own, which private names there are. */
import * as t from "@babel/types";
import { childKeys } from "./children.ts";
import type { Fn, PrivateMember, Variable } from "./ir.ts";

/** The nearest function, from `fn` outward, that has its own `this`; the module, if there is none. */
export function nearestOwner(fn: Fn): Fn {
  let owner = fn;
  while (owner.isArrow && owner.parent !== null) owner = owner.parent;
  return owner;
}

export function isDerivedConstructor(fn: Fn): boolean {
  return (
    t.isClassMethod(fn.node, { kind: "constructor" }) &&
    t.isClass(fn.parent?.node) &&
    fn.parent.node.superClass != null
  );
}

/** Whether initialisers of fields run between `this` being bound and `super()` being done: they may call an arrow of the constructor. */
export function hasInitialisers(constructor: Fn): boolean {
  const { body } = (constructor.parent!.node as t.Class).body;
  return body.some((one) => !isStaticMember(one) && "value" in one && one.value != null);
}

export function isStaticMember(node: t.Node): boolean {
  return t.isStaticBlock(node) || ("static" in node && node.static === true);
}

/** The private names that a class declares; a getter and its setter are one. */
export function privateMembers(node: t.Class): PrivateMember[] {
  const found = new Map<string, PrivateMember>();
  for (const one of node.body.body) {
    if (!("key" in one) || !t.isPrivateName(one.key)) continue;
    const { name } = one.key.id;
    const kind = !t.isClassPrivateMethod(one) ? "field" : one.kind === "method" ? "method" : "accessor";
    if (!found.has(name)) found.set(name, { name, isStatic: isStaticMember(one), kind });
  }
  return [...found.values()];
}

/** Whether a method, or an arrow function in it, uses `super`; other functions in it have a `super` of their own. */
export function usesSuper(method: t.ObjectMethod): boolean {
  const search = (node: t.Node): boolean => {
    if (t.isSuper(node)) return true;
    if ((t.isFunction(node) && !t.isArrowFunctionExpression(node)) || t.isStaticBlock(node)) return false;
    for (const key of childKeys(node.type)) {
      const child = (node as unknown as { [key: string]: unknown })[key];
      for (const one of Array.isArray(child) ? child : [child])
        if (one !== null && one !== undefined && search(one as t.Node)) return true;
    }
    return false;
  };
  return [...method.params, method.body].some((one) => search(one));
}

/** The inner binding of a class that stays where it is: whoever left it reaches it through the module. */
export function isClassInPlace(variable: Variable): boolean {
  return variable.kind === "self" && variable.scope.kind === "class" && variable.scope.fn.inPlace;
}

/**
 * Whether code of `fn` has the class of `self`, which is in place, by its name: in what did not leave the class, and anywhere in the
 * module where the variable around the class has the same value whenever somebody asks.
 *
 * @param declared the variable around it, of a declaration
 */
export function hasClassByName(self: Variable, fn: Fn, declared: Variable | undefined): boolean {
  const owner = self.scope.fn;
  const node = owner.node as t.Class;
  if (!node.id) return false;
  if (fn.parent === owner && !fn.suspends) return true;
  if (!t.isClassDeclaration(node) || declared?.scope.kind !== "module" || declared.reassigned) return false;
  return !node.body.body.some((one) => isStaticMember(one) && runs(one));
}

/** Whether a static member runs code while the class is made, when only its inner binding has a value. */
function runs(member: t.Node): boolean {
  if (t.isStaticBlock(member)) return true;
  return "value" in member && member.value != null && !isInert(member.value as t.Node);
}

/** Evaluating it calls nothing. */
function isInert(node: t.Node | null): boolean {
  if (node === null || t.isFunction(node)) return true;
  if (t.isTemplateLiteral(node)) return node.expressions.length === 0;
  if (t.isUnaryExpression(node)) return t.isLiteral(node.argument) && isInert(node.argument);
  if (t.isArrayExpression(node)) return node.elements.every(isInert);
  if (t.isObjectExpression(node))
    return node.properties.every(
      (one) => !t.isSpreadElement(one) && !one.computed && (t.isObjectMethod(one) || isInert(one.value)),
    );
  return t.isLiteral(node);
}
