/**
 * Classes stay classes. One at the top of the module stays where it is and is saved by name; any other is made by a factory
 * at module level, as closures are, so that a restore can make it again: from its scope records, its heritage and its computed
 * keys, without running its static parts.
 *
 * ```
 * class C extends (h) { #x = 1; static y = f(); [k]() {} }
 *
 * C$code.make($s, new C$Scope(), h, [$key(k)])
 *
 * make: ($s, $C, $parent, $computed, $again) => class C extends $parent {
 *   static { $C.C = this; $class(this, C$code, [$s, $C], $computed, [$private("x", …)]); }
 *   #x = $machine.allocating === null ? 1 : undefined;
 *   static y = $again ? undefined : f();
 *   [$computed[0]]() {}
 * }
 * ```
 *
 * Constructors and initialisers of classes with private parts do nothing while `$machine.allocating` is set: that is how
 * a restore gives an object the private names of its class.
 */
import * as t from "@babel/types";
import { isDerivedConstructor } from "../class-members.ts";
import { identifier } from "../convert.ts";
import type { Fn } from "../ir.ts";
import type { Emitter, Rewriting } from "./emitter.ts";
import { withoutDirectives } from "./function-expressions.ts";
import { emitAsync, wrapper } from "./functions.ts";
import { tellPrivate } from "./members.ts";
import { generatorPlace, keysOfKinds, methodKinds } from "./method-kinds.ts";
import { assign } from "./nodes.ts";
import { plainFunction } from "./plain-functions.ts";
import { Rewriter } from "./rewrite.ts";

type Member = t.ClassBody["body"][number];

export function emitClass(module: Emitter, node: t.Class, rewriter: Rewriting): t.Expression {
  const fn = module.fnOf(node);
  fn.codeName = module.name(`${identifier(fn.path)}$code`);
  return fn.inPlace ? stays(module, fn, node, rewriter) : made(module, fn, node, rewriter);
}

// ---- in place

function stays(module: Emitter, fn: Fn, node: t.Class, rewriter: Rewriting): t.Expression {
  const kept = keptKeys(module, fn, node);
  const key = (one: Member): t.Expression => {
    const value = rewriter.expression((one as t.ClassMethod).key);
    const place = kept(one);
    return place === null ? value : t.assignmentExpression("=", place as t.LVal, module.call("$key", value));
  };
  const brands = brander(module, fn, () => t.identifier(module.classValue(fn)));
  const members = node.body.body.map((one) => member(module, fn, one, key, kept, brands));
  members.push(...brands.rest());
  module.code(fn, { step: null, layout: null, make: null, captures: [] });
  const registered = register(module, fn, [], t.arrayExpression([]));
  const superClass = node.superClass ? rewriter.expression(node.superClass) : null;
  const known = module.knownClassValue(fn);
  if (known !== null) {
    // Code that has left the class finds it there. An object, because a script hands it on by value.
    const dead = t.objectProperty(t.identifier("class"), module.helper("$TDZ"));
    const value = t.objectExpression(fn.self!.needsTdz ? [dead] : []);
    module.codes.push(t.variableDeclaration("const", [t.variableDeclarator(t.identifier(known), value)]));
    registered.arguments.push(t.identifier(known));
  }
  const kinds = methodKinds(module, fn, node, (one) => kept(one) ?? t.cloneNode(one.key));
  const same: t.ClassExpression = {
    ...(node as t.ClassExpression),
    type: "ClassExpression",
    superClass,
    body: {
      ...node.body,
      body: [
        t.staticBlock([
          ...helpersOf(module, node),
          t.expressionStatement(registered),
          ...kinds,
          ...module.stepMethods(node),
        ]),
        ...members,
      ],
    },
  };
  return t.isClassDeclaration(node) ? same : named(fn, same);
}

/** `$helpers(this.prototype)` for a class that extends `Iterator`: what the engine's own `map` makes of its objects could not be saved. */
function helpersOf(module: Emitter, node: t.Class): t.Statement[] {
  const isIterator = t.isIdentifier(node.superClass, { name: "Iterator" });
  if (!isIterator || !module.resolved.globals.has("Iterator")) return [];
  const prototype = t.memberExpression(t.thisExpression(), t.identifier("prototype"));
  return [t.expressionStatement(module.call("$helpers", prototype))];
}

/** Where the keys are kept that are needed once more, by a field that names an anonymous function or for the kinds of methods; null for all others. */
function keptKeys(module: Emitter, fn: Fn, node: t.Class): (one: Member) => t.Expression | null {
  const askedKeys = keysOfKinds(module, node);
  const members = node.body.body.filter(
    (one) =>
      askedKeys.has(one) ||
      (t.isClassProperty(one) && one.value && module.resolved.fns.get(one.value)?.nameIsComputed),
  );
  if (members.length === 0) return () => null;
  const name = module.name(`${identifier(fn.path)}$computed`);
  const list = t.variableDeclarator(t.identifier(name), t.arrayExpression([]));
  module.codes.push(t.variableDeclaration("const", [list]));
  return (one) => {
    const index = members.indexOf(one);
    return index === -1 ? null : t.memberExpression(t.identifier(name), t.numericLiteral(index), true);
  };
}

// ---- made by a factory

function made(module: Emitter, fn: Fn, node: t.Class, rewriter: Rewriting): t.Expression {
  const takes = module.converted.takes.get(fn) ?? [];
  const own = fn.scope.record;
  const head = module.resolved.scopes.get((fn.node as t.Class).body)!;
  const holders = takes.map((one) => one.record.holder.out!);
  const computed = node.body.body.filter((one) => "computed" in one && one.computed) as t.ClassMethod[];
  const heritage = node.superClass ? rewriter.expression(node.superClass) : t.identifier("undefined");
  const keys = computed.map((one) => module.call("$key", rewriter.expression(one.key)));
  const args: t.Expression[] = holders.map((one) => t.identifier(one));
  if (own !== null) args.push(t.newExpression(t.identifier(own.className), []));
  if (node.superClass || keys.length > 0) args.push(heritage);
  if (keys.length > 0) args.push(t.arrayExpression(keys));

  const all = own === null ? holders : [...holders, own.holder.out!];
  const key = (one: Member) =>
    t.memberExpression(
      t.identifier("$computed"),
      t.numericLiteral(computed.indexOf(one as t.ClassMethod)),
      true,
    );
  const brands = brander(module, fn, () => t.identifier("$known"));
  const members = node.body.body.map((one) => member(module, fn, one, key, key, brands));
  const rest = brands.rest();
  const hasGenerators = node.body.body.some((one) => generatorPlace(module, fn, one) !== null);
  const start = helpersOf(module, node);
  const inner = new Rewriter(module, fn, null);
  for (const record of [own, head.record])
    if (record !== null) start.push(assign(inner.place(record.variables[0]!), t.thisExpression(), null));
  const scopes = all.map((one) => t.identifier(one));
  const list = keys.length > 0 ? t.identifier("$computed") : t.arrayExpression([]);
  const registered = register(module, fn, scopes, list);
  start.push(
    t.expressionStatement(
      brands.used ? t.assignmentExpression("=", t.identifier("$known"), registered) : registered,
    ),
  );
  start.push(...methodKinds(module, fn, node, key), ...module.stepMethods(node));
  const value: t.ClassExpression = {
    ...(node as t.ClassExpression),
    type: "ClassExpression",
    superClass: node.superClass ? t.identifier("$parent") : null,
    body: { ...node.body, body: [t.staticBlock(start), ...members, ...rest] },
  };
  const params: t.FunctionParameter[] = [...all, "$parent", "$computed", "$again"].map((one) =>
    t.identifier(one),
  );
  if (brands.used) params.push(t.assignmentPattern(t.identifier("$known"), t.nullLiteral()));
  if (hasGenerators) params.push(t.assignmentPattern(t.identifier("$methods"), t.arrayExpression([])));
  module.code(fn, {
    step: null,
    layout: null,
    make: t.arrowFunctionExpression(params, named(fn, value)),
    captures: [
      ...takes.map((one) => one.variables.map((variable) => variable.name)),
      ...(own === null ? [] : [own.variables.map((variable) => variable.name)]),
    ],
  });
  const call = t.callExpression(t.memberExpression(t.identifier(fn.codeName), t.identifier("make")), args);
  call.loc = node.loc ?? null;
  // Lowered code has made it, in front of what it awaits.
  if (head.record === null || rewriter.locals?.has(head.record.holder)) return call;
  const made = t.newExpression(t.identifier(head.record.className), []);
  return t.callExpression(t.arrowFunctionExpression([rewriter.holder(head.record)], call), [made]);
}

/** `$class(this, code, scopes, keys, names)`: what a snapshot has to know of a class, told before any static part runs. */
function register(module: Emitter, fn: Fn, scopes: t.Expression[], keys: t.Expression): t.CallExpression {
  const names = fn.privates.map((one) => tellPrivate(module, one));
  return module.call(
    "$class",
    t.thisExpression(),
    t.identifier(fn.codeName),
    t.arrayExpression(scopes),
    keys,
    t.arrayExpression(names),
    t.booleanLiteral((fn.node as t.Class).superClass != null),
  );
}

/** An anonymous class keeps the name that its place gives it (ECMA-262 §8.4.5). */
function named(fn: Fn, value: t.ClassExpression): t.Expression {
  if (value.id || fn.name === "" || fn.name === "default") return value;
  const key = t.stringLiteral(fn.name);
  return t.memberExpression(t.objectExpression([t.objectProperty(key, value)]), t.cloneNode(key), true);
}

// ---- members

const isAllocating = (module: Emitter, operator: "===" | "!==") =>
  t.binaryExpression(
    operator,
    t.memberExpression(module.helper("$machine"), t.identifier("allocating")),
    t.nullLiteral(),
  );

/**
 * `$brand(this, known)` in the first initialiser of a class that gives private names to what its parent returns; a class without fields
 * gets one for it, the last of its members.
 */
interface Brander {
  readonly used: boolean;
  first(): t.Expression | null;
  rest(): Member[];
}

function brander(module: Emitter, owner: Fn, known: () => t.Expression): Brander {
  let open = (owner.node as t.Class).superClass != null && hasPrivateParts(owner);
  const used = open;
  const first = (): t.Expression | null => {
    if (!open) return null;
    open = false;
    return module.call("$brand", t.thisExpression(), known());
  };
  const rest = (): Member[] => {
    const brand = first();
    if (brand === null) return [];
    let name = "brand";
    while (owner.privates.some((one) => one.name === name)) name += "_";
    const value = t.conditionalExpression(isAllocating(module, "==="), brand, t.identifier("undefined"));
    return [t.classPrivateProperty(t.privateName(t.identifier(name)), value)];
  };
  return { used, first, rest };
}

/**
 * @param computed the expression of a computed key
 * @param again the same for a second use, when the class is there
 */
function member(
  module: Emitter,
  owner: Fn,
  node: Member,
  computed: (node: Member) => t.Expression,
  again: (node: Member) => t.Expression | null,
  brands: Brander,
): Member {
  const key = "computed" in node && node.computed ? computed(node) : "key" in node ? node.key : undefined;
  if (t.isClassMethod(node) || t.isClassPrivateMethod(node)) return method(module, owner, node, key!);
  if (t.isStaticBlock(node)) {
    const fn = module.fnOf(node);
    const inner = new Rewriter(module, fn, null);
    const body = [...module.prologueOf(fn.scope, inner), ...inner.list(node.body)];
    if (owner.inPlace) return { ...node, body };
    const first = t.unaryExpression("!", t.identifier("$again"));
    return { ...node, body: [t.ifStatement(first, t.blockStatement(body))] };
  }
  if (t.isClassProperty(node) || t.isClassPrivateProperty(node) || t.isClassAccessorProperty(node)) {
    const brand = node.static ? null : brands.first();
    if (!node.value && brand === null) return { ...node, key } as t.ClassProperty;
    if (!node.value) {
      const value = t.conditionalExpression(isAllocating(module, "==="), brand!, t.identifier("undefined"));
      return { ...node, key, value } as t.ClassProperty;
    }
    const fn = module.fnOf(node);
    const inner = new Rewriter(module, fn, null);
    let value = inner.expression(node.value);
    if (module.resolved.fns.get(node.value)?.nameIsComputed)
      value = module.call("$name", value, again(node)!);
    const start = module.prologueOf(fn.scope, inner);
    if (start.length > 0)
      value = t.callExpression(
        t.arrowFunctionExpression([], t.blockStatement([...start, t.returnStatement(value)])),
        [],
      );
    if (node.static && !owner.inPlace)
      value = t.conditionalExpression(t.identifier("$again"), t.identifier("undefined"), value);
    if (brand !== null) value = t.sequenceExpression([brand, value]);
    if (!node.static && hasPrivateParts(owner))
      value = t.conditionalExpression(isAllocating(module, "==="), value, t.identifier("undefined"));
    return { ...node, key, value } as t.ClassProperty;
  }
  return node;
}

/** Whether instances of the class have private names: a restore has to give them to an object. */
const hasPrivateParts = (owner: Fn) => owner.privates.some((one) => !one.isStatic);

function method(module: Emitter, owner: Fn, node: t.ClassMethod | t.ClassPrivateMethod, key: t.Node): Member {
  const fn = module.fnOf(node);
  if (fn.isStep) return withoutDirectives(node);
  if (!fn.suspends) {
    const guarded = hasPrivateParts(owner) || fn.implicit.has("super");
    const guard = node.kind === "constructor" && guarded ? [allocates(module, fn)] : [];
    const parts = plainFunction(module, fn, null, guard);
    return { ...node, key, params: parts.params, body: parts.body } as t.ClassMethod;
  }
  const parts = asyncMethod(module, fn, generatorPlace(module, owner, node) ?? t.nullLiteral());
  return { ...node, key, async: false, generator: false, ...parts } as t.ClassMethod;
}

/** `if ($machine.allocating !== null) { super($machine.allocating); return; }` */
function allocates(module: Emitter, fn: Fn): t.Statement {
  const object = t.memberExpression(module.helper("$machine"), t.identifier("allocating"));
  const list: t.Statement[] = [t.returnStatement()];
  if (isDerivedConstructor(fn)) list.unshift(t.expressionStatement(t.callExpression(t.super(), [object])));
  return t.ifStatement(isAllocating(module, "!=="), t.blockStatement(list));
}

/** The body of an async method: starts a task whose step function stands at module level. `self` leads to the method. */
function asyncMethod(
  module: Emitter,
  fn: Fn,
  self: t.Expression,
): { params: t.FunctionParameter[]; body: t.BlockStatement } {
  fn.codeName = module.name(`${identifier(fn.path)}$code`);
  const emitted = emitAsync(module, fn, fn.codeName);
  module.code(fn, {
    step: emitted.step,
    generator: emitted.generator,
    layout: emitted.layout,
    make: null,
    captures: [],
  });
  return wrapper(module, fn, fn.codeName, emitted, self);
}
