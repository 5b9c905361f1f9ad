/** Functions as expressions of the form that gives them the name and the powers that they should have. */
import * as t from "@babel/types";

/** `{ ["name"]: f }["name"]`: gives an anonymous function a name that is no usable identifier. */
export function named(name: string, f: t.Expression): t.Expression {
  const key = t.stringLiteral(name);
  return t.memberExpression(t.objectExpression([t.objectProperty(key, f)]), t.cloneNode(key), true);
}

/** `Object.getOwnPropertyDescriptor({ get x() { … } }, "x").get`, from the method expression `({ x() { … } }).x`. */
export function accessorFunction(made: t.Expression, kind: "get" | "set"): t.Expression {
  const member = made as t.MemberExpression;
  const object = member.object as t.ObjectExpression;
  const method = object.properties[0] as t.ObjectMethod;
  const name = t.isIdentifier(method.key) ? method.key.name : (method.key as t.StringLiteral).value;
  const literal = t.objectExpression([{ ...method, kind } as t.ObjectMethod]);
  const getDescriptor = t.memberExpression(t.identifier("Object"), t.identifier("getOwnPropertyDescriptor"));
  return t.memberExpression(
    t.callExpression(getDescriptor, [literal, t.stringLiteral(name)]),
    t.identifier(kind),
  );
}

export function methodExpression(
  name: string,
  params: t.FunctionParameter[],
  body: t.BlockStatement,
  flags = { generator: false, async: false },
): t.Expression {
  const usable = t.isValidIdentifier(name, false);
  const key = usable ? t.identifier(name) : t.stringLiteral(name);
  const object = t.objectExpression([
    t.objectMethod("method", key, params, body, false, flags.generator, flags.async),
  ]);
  return t.memberExpression(object, t.cloneNode(key), !usable);
}

/** A body or method without the directives that the compiler has answered. */
export function withoutDirectives<B extends t.Node>(body: B): B {
  if (t.isClassMethod(body) || t.isClassPrivateMethod(body))
    return { ...body, body: withoutDirectives(body.body) };
  if (!t.isBlockStatement(body)) return body;
  return {
    ...body,
    directives: body.directives.filter((one) => !/^use (workflow|step)$/.test(one.value.value)),
  };
}
