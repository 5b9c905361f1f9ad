/**
 * `accessor total = 0` becomes a private field, a getter and a setter. The plugin that does it calls the fields `#A`, `#B`, … in the order of
 * the source; but instances are saved by the names of their private fields, which edits elsewhere must not hand to others.
 *
 *   accessor total = 0          #total$accessor = 0; get total() { return this.#total$accessor; } set total(v) { … }
 *   accessor #total = 0         #total$privateAccessor = 0; get #total() { … } …
 *   accessor [key] = 0          #key$computedAccessor = 0; …, by the text of the key
 */
import * as t from "@babel/types";
import { print } from "./print/index.ts";

/** Names the fields that the plugin has made, in place. */
export function nameAccessors(file: t.File): void {
  t.traverseFast(file, (node) => {
    if (!t.isClassBody(node)) return;
    const names = new Map<string, string>();
    node.body.forEach((one, i) => {
      // What the author wrote stands somewhere in the source.
      if (!t.isClassPrivateProperty(one) || one.key.loc != null) return;
      const getter = node.body[i + 1];
      if (!t.isClassMethod(getter) && !t.isClassPrivateMethod(getter)) return;
      if (getter.kind !== "get" || !returns(getter, one.key.id.name)) return;
      names.set(one.key.id.name, free(nameFor(getter), names));
    });
    if (names.size > 0) for (const one of node.body) rename(one, names);
  });
}

function returns({ body }: t.ClassMethod | t.ClassPrivateMethod, name: string): boolean {
  const [only] = body.body;
  const value = t.isReturnStatement(only) ? only.argument : null;
  return t.isMemberExpression(value) && t.isPrivateName(value.property) && value.property.id.name === name;
}

function nameFor({ key, ...getter }: t.ClassMethod | t.ClassPrivateMethod): string {
  if (t.isPrivateName(key)) return `${key.id.name}$privateAccessor`;
  const isComputed = "computed" in getter && getter.computed === true;
  if (t.isIdentifier(key) && !isComputed) return `${key.name}$accessor`;
  if (t.isStringLiteral(key) || t.isNumericLiteral(key)) return `${identifier(String(key.value))}$accessor`;
  const text = print(t.program([t.expressionStatement(key)])).code.replace(/;?\s*$/, "");
  return `${identifier(text)}$computedAccessor`;
}

/** Other characters by their numbers, so that two names stay two. */
const identifier = (text: string) =>
  text
    .replace(/[^\p{ID_Continue}$]/gu, (one) => `$${one.codePointAt(0)!.toString(16)}$`)
    .replace(/^(?=\d)/, "_");

/** A static accessor may have the name of another one. */
function free(name: string, names: ReadonlyMap<string, string>): string {
  const taken = [...names.values()];
  let found = name;
  for (let i = 2; taken.includes(found); i++) found = `${name}${i}`;
  return found;
}

/** Uses in a member of the class, and in classes in it, which have names of their own only where the plugin saw that they are free. */
function rename(member: t.Node, names: ReadonlyMap<string, string>): void {
  t.traverseFast(member, (node) => {
    if (!t.isPrivateName(node)) return;
    const name = names.get(node.id.name);
    if (name !== undefined && node.loc == null) node.id.name = name;
  });
}
