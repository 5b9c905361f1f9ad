/**
 * Pass 7, the file: where the parts of the machine stand in an ES module, in CommonJS and in a classic script.
 *
 * | kind | helpers come by | functions of the top level | parts of the machine |
 * |---|---|---|---|
 * | ES module | `import` | constants before all statements | constants before all statements |
 * | the same, importing modules that may import it back | `import` | declarations, which may be called before the module is evaluated | variables, filled by `$load()` at the first use |
 * | CommonJS | `require` | variables before all statements | constants before all statements |
 * | script | the registry on `globalThis` | declarations, assigned before all statements | constants of a function around them; in the registry for statements of the top level |
 */
import * as t from "@babel/types";
import { ABI_VERSION } from "../../abi/index.ts";
import { walk } from "../children.ts";
import { named } from "./function-expressions.ts";

export type SourceType = "module" | "commonjs" | "script";

/** A function declared at the top level. */
export interface TopFunction {
  readonly name: string;
  /** The bare function; null: only the declaration can say it. */
  readonly value: t.Expression | null;
  /** Makes it look like what the author wrote: an async or generator function. */
  readonly brand?: (f: t.Expression) => t.Expression;
  /** The same as a declaration. Null: it needs none of its own, like a step. */
  readonly declaration: t.FunctionDeclaration | null;
  readonly isAsync: boolean;
  readonly reassigned: boolean;
  readonly exported: "named" | "default" | null;
}

export interface Parts {
  readonly sourceType: SourceType;
  readonly helpers: ReadonlySet<string>;
  /** `import` and `export … from`, in their order. */
  readonly imports: readonly t.Statement[];
  /** Registration of the module and its immutable bindings, then codes and what they are made of. */
  readonly setup: readonly t.Statement[];
  readonly functions: readonly TopFunction[];
  readonly body: readonly t.Statement[];
  /** Step functions. */
  readonly bottom: readonly t.Statement[];
  /** Names that the compiler gave at the top level. */
  readonly made: ReadonlySet<string>;
  /** `$load`, `$loaded`, …: a name that nothing in the source has. */
  readonly name: (base: string) => string;
  /** Name of the constant that holds `this` of the top level, if functions use it. */
  readonly top: string | null;
  /** Name of the function that reads `arguments` of the top level, if step functions do. */
  readonly topArguments: string | null;
  /** Of a script in the registry. */
  readonly key: string;
}

export function program(parts: Parts): t.Statement[] {
  switch (parts.sourceType) {
    case "module":
      return mayBeImportedBack(parts.imports) ? cyclicModule(parts) : plainModule(parts);
    case "commonjs":
      return commonjs(parts);
    case "script":
      return script(parts);
  }
}

// ---- ES modules

function importHelpers(helpers: readonly string[]): t.Statement[] {
  if (helpers.length === 0) return [];
  const specifiers = helpers.map((one) => t.importSpecifier(t.identifier(one), t.identifier(one)));
  return [t.importDeclaration(specifiers, t.stringLiteral("coldframe/machine"))];
}

/** Packages and the platform import no modules of the author. Other names may be aliases of such modules. */
function mayBeImportedBack(imports: readonly t.Statement[]): boolean {
  return imports.some((one) => {
    const source = (one as t.ImportDeclaration).source?.value ?? "";
    return !/^(coldframe(\/.*)?|node:.*)$/.test(source);
  });
}

function valueOf({ value, brand }: TopFunction): t.Expression | null {
  return value !== null && brand !== undefined ? brand(value) : value;
}

const listOf = (helpers: ReadonlySet<string>): string[] => [...helpers].sort();

function plainModule(parts: Parts): t.Statement[] {
  const functions = parts.functions.flatMap((one): t.Statement[] => {
    const { name, declaration } = one;
    const value = valueOf(one);
    if (value === null) return [exportIf(one, declaration!)];
    const variable = declare(one.reassigned ? "let" : "const", name, value);
    if (one.exported === "default") return [variable, exportBinding(name)];
    return [exportIf(one, variable)];
  });
  return [
    ...importHelpers(listOf(parts.helpers)),
    ...parts.imports,
    ...topLevel(parts),
    ...parts.setup,
    ...functions,
    ...parts.body,
    ...parts.bottom,
  ];
}

/** `export default value`, in a constant; an anonymous function or class is called "default" all the same. */
export function exportDefault(name: string, value: t.Expression): t.Statement[] {
  const property = t.objectProperty(t.identifier("default"), value);
  const isNamed = t.isFunction(value) || t.isClass(value);
  const held = isNamed ? t.memberExpression(t.objectExpression([property]), t.identifier("default")) : value;
  return [declare("const", name, held), exportBinding(name)];
}

/** `export default` of a name gives the value of the moment; this exports the binding. */
function exportBinding(name: string): t.Statement {
  return t.exportNamedDeclaration(null, [t.exportSpecifier(t.identifier(name), t.identifier("default"))]);
}

function exportIf(
  { exported }: TopFunction,
  made: t.FunctionDeclaration | t.VariableDeclaration,
): t.Statement {
  if (exported === "named") return t.exportNamedDeclaration(made);
  return exported === "default" ? t.exportDefaultDeclaration(made as t.FunctionDeclaration) : made;
}

/**
 * A module in a cycle of imports may be called before it is evaluated: its function declarations exist, what else
 * stands in it does not. So they see to it themselves that the machine's parts are there.
 */
function cyclicModule(parts: Parts): t.Statement[] {
  const names: string[] = [];
  const fill: t.Statement[] = [];
  for (const one of parts.setup) {
    if (t.isClassDeclaration(one)) {
      names.push(one.id!.name);
      fill.push(
        assign(one.id!.name, { ...one, id: null, type: "ClassExpression" } as unknown as t.Expression),
      );
    } else if (t.isVariableDeclaration(one)) {
      for (const { id, init } of one.declarations) {
        names.push((id as t.Identifier).name);
        fill.push(assign((id as t.Identifier).name, init!));
      }
    } else fill.push(one);
  }
  const load = parts.name("$load");
  // What is filled in first tells that all of it is being filled in: mostly that is `$m`, an object.
  const [first] = names;
  const loaded = first === "$m" ? first : parts.name("$loaded");
  const listed = exportedNames(parts.body);
  const declarations: t.Statement[] = [];
  const constants: t.Statement[] = [];
  for (const one of parts.functions) {
    const { name, declaration, brand } = one;
    if (declaration === null) {
      const variable = declare("const", name, valueOf(one)!);
      if (one.exported === "default") constants.push(variable, exportBinding(name));
      else constants.push(exportIf(one, variable));
      continue;
    }
    let made = declaration.id ? declaration : { ...declaration, id: t.identifier(name) };
    if ((one.exported !== null || listed.has(name)) && mentions(made, parts.made)) {
      const check = t.ifStatement(
        t.unaryExpression("!", t.identifier(loaded)),
        t.expressionStatement(t.callExpression(t.identifier(load), [])),
      );
      made = { ...made, body: { ...made.body, body: [check, ...made.body.body] } };
    }
    if (brand !== undefined)
      made = { ...made, body: { ...made.body, body: refuseNew(name, made.body.body) } };
    declarations.push(exportIf(one, made));
    if (brand !== undefined) fill.push(t.expressionStatement(brand(t.identifier(name))));
    if (!declaration.id) fill.push(rename(name, "default"));
  }
  const helpers = listOf(parts.helpers);
  if (fill.length === 0)
    return [
      ...importHelpers(helpers),
      ...parts.imports,
      ...constants,
      ...parts.body,
      ...declarations,
      ...parts.bottom,
    ];
  const body = t.blockStatement([
    t.ifStatement(t.identifier(loaded), t.returnStatement()),
    ...(loaded === first ? [] : [assign(loaded, t.booleanLiteral(true))]),
    ...fill,
  ]);
  const variables = [...new Set([loaded, ...names])].map((one) => t.variableDeclarator(t.identifier(one)));
  return [
    ...importHelpers(helpers),
    ...parts.imports,
    t.variableDeclaration("var", variables),
    t.expressionStatement(t.callExpression(t.identifier(load), [])),
    ...topLevel(parts),
    ...constants,
    ...parts.body,
    ...declarations,
    t.functionDeclaration(t.identifier(load), [], body),
    ...parts.bottom,
  ];
}

/** `$begin(code, f, new.target)`; else `if (new.target) throw new TypeError("f is not a constructor");` before all of it. */
function refuseNew(name: string, body: t.Statement[]): t.Statement[] {
  const target = t.metaProperty(t.identifier("new"), t.identifier("target"));
  for (const one of body) {
    const value = t.isVariableDeclaration(one) ? one.declarations[0]!.init : null;
    if (!t.isCallExpression(value) || !t.isIdentifier(value.callee, { name: "$begin" })) continue;
    value.arguments.push(target);
    return body;
  }
  const error = t.newExpression(t.identifier("TypeError"), [t.stringLiteral(`${name} is not a constructor`)]);
  return [t.ifStatement(target, t.throwStatement(error)), ...body];
}

/** `Object.defineProperty(f, "name", { value, configurable: true })` */
function rename(f: string, name: string): t.Statement {
  const descriptor = t.objectExpression([
    t.objectProperty(t.identifier("value"), t.stringLiteral(name)),
    t.objectProperty(t.identifier("configurable"), t.booleanLiteral(true)),
  ]);
  const define = member(t.identifier("Object"), "defineProperty");
  return t.expressionStatement(
    t.callExpression(define, [t.identifier(f), t.stringLiteral("name"), descriptor]),
  );
}

/** Local names in `export { … }`. */
function exportedNames(body: readonly t.Statement[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const one of body) {
    if (!t.isExportNamedDeclaration(one) || one.source) continue;
    for (const specifier of one.specifiers)
      if (t.isExportSpecifier(specifier)) names.add(specifier.local.name);
  }
  return names;
}

// ---- CommonJS

function commonjs(parts: Parts): t.Statement[] {
  const from = t.callExpression(t.identifier("require"), [t.stringLiteral("coldframe/machine")]);
  const functions = parts.functions.map((one) => {
    const value = valueOf(one);
    return value === null ? one.declaration! : declare("var", one.name, value);
  });
  const helpers = parts.helpers.size === 0 ? [] : [take(listOf(parts.helpers), from)];
  return [...helpers, ...topLevel(parts), ...parts.setup, ...functions, ...parts.body, ...parts.bottom];
}

// ---- scripts

/**
 * A script shares its scope with all other scripts: it must not add a binding of its own. What the machine needs stands in a
 * function; statements of the top level that use it find it in the registry.
 *
 * `x = async () => 1; let y = () => x` ↦
 *
 *     (() => { const { $code, … } = …helpers; const x$code = $code({ … }), …; …scripts.set(key, { x$code, y$code }); })();
 *     { const { x$code } = …scripts.get(key); x = x$code.make(); }
 *     let y = (({ y$code }) => y$code.make())(…scripts.get(key));
 */
function script(parts: Parts): t.Statement[] {
  const stubs: t.Statement[] = [];
  const assigned: t.Statement[] = [];
  for (const one of parts.functions) {
    const { name, declaration } = one;
    const value = valueOf(one);
    const stays = value === null && !mentions(declaration!, parts.made);
    stubs.push(stays ? declaration! : t.functionDeclaration(t.identifier(name), [], t.blockStatement([])));
    if (!stays) assigned.push(assign(name, value ?? unnamed(declaration!)));
  }
  const used = new Set<string>();
  const table = () =>
    t.callExpression(member(member(registry(), "scripts"), "get"), [t.stringLiteral(parts.key)]);
  const find = (node: t.Node): string[] => {
    const names = [...mentioned(node, parts.made)].sort();
    for (const one of names) used.add(one);
    return names;
  };
  /** `(({ names }) => value)(table)` */
  const given = (value: t.Expression): t.Expression => {
    const names = find(value);
    if (names.length === 0) return value;
    return t.callExpression(t.arrowFunctionExpression([objectPattern(names)], value), [table()]);
  };
  const body: t.Statement[] = [];
  let open: t.Statement[] = [];
  const close = () => {
    if (open.length === 0) return;
    const names = find(t.blockStatement(open));
    body.push(t.blockStatement([take(names, table()), ...open]));
    open = [];
  };
  for (const one of parts.body) {
    if (t.isClassDeclaration(one) && mentions(one, parts.made)) {
      close();
      body.push(
        declare("let", one.id!.name, given({ ...one, type: "ClassExpression" } as unknown as t.Expression)),
      );
    } else if (t.isVariableDeclaration(one) && one.kind !== "var") {
      close();
      const declarations = one.declarations.map((d) => ({
        ...d,
        id: givenPattern(d.id, given) as t.Identifier,
        init: d.init ? given(d.init) : null,
      }));
      body.push({ ...one, declarations });
    } else if (!t.isClassDeclaration(one) && mentions(one, parts.made)) open.push(one);
    else {
      close();
      body.push(one);
    }
  }
  close();
  const inner = [...parts.setup, ...assigned, ...parts.bottom];
  if (inner.length === 0 && used.size === 0) return [...stubs, ...body];
  const machine = parts.name("$helpers");
  const found = t.variableDeclaration("const", [
    t.variableDeclarator(
      t.identifier(machine),
      t.optionalMemberExpression(registry(), t.identifier("helpers"), false, true),
    ),
  ]);
  const missing = t.ifStatement(
    t.binaryExpression("===", t.identifier(machine), t.identifier("undefined")),
    t.throwStatement(
      t.newExpression(t.identifier("Error"), [
        t.stringLiteral(
          'import "coldframe/machine" before this script is evaluated; into another realm, install() puts it',
        ),
      ]),
    ),
  );
  const keep = t.expressionStatement(
    t.callExpression(member(member(registry(), "scripts"), "set"), [
      t.stringLiteral(parts.key),
      t.objectExpression(
        [...used].sort().map((one) => t.objectProperty(t.identifier(one), t.identifier(one), false, true)),
      ),
    ]),
  );
  const around = t.arrowFunctionExpression(
    [],
    t.blockStatement([
      found,
      missing,
      ...(parts.helpers.size === 0 ? [] : [take(listOf(parts.helpers), t.identifier(machine))]),
      ...topLevel(parts),
      ...inner,
      ...(used.size === 0 ? [] : [keep]),
    ]),
  );
  // In a declaration: it must not be the completion value of the script.
  const run = t.blockStatement([declare("const", parts.name("$script"), t.callExpression(around, []))]);
  return [...stubs, run, ...body];
}

/** `globalThis[Symbol.for("coldframe.registry@1")]` */
function registry(): t.Expression {
  const key = t.callExpression(member(t.identifier("Symbol"), "for"), [
    t.stringLiteral(`coldframe.registry@${ABI_VERSION}`),
  ]);
  return t.memberExpression(t.identifier("globalThis"), key, true);
}

/** The function of a declaration as an expression without a binding of its own. */
function unnamed(declaration: t.FunctionDeclaration): t.Expression {
  const f = { ...declaration, type: "FunctionExpression", id: null } as unknown as t.Expression;
  return named(declaration.id!.name, f);
}

/** Defaults and computed keys of a pattern. */
function givenPattern(node: t.Node, given: (value: t.Expression) => t.Expression): t.Node {
  if (t.isObjectPattern(node))
    return {
      ...node,
      properties: node.properties.map((one) =>
        t.isRestElement(one)
          ? one
          : {
              ...one,
              key: one.computed ? given(one.key as t.Expression) : one.key,
              value: givenPattern(one.value, given),
            },
      ),
    } as t.Node;
  if (t.isArrayPattern(node))
    return { ...node, elements: node.elements.map((one) => one && givenPattern(one, given)) } as t.Node;
  if (t.isRestElement(node)) return { ...node, argument: givenPattern(node.argument, given) } as t.Node;
  if (t.isAssignmentPattern(node))
    return { ...node, left: givenPattern(node.left, given), right: given(node.right) } as t.Node;
  return node;
}

// ---- pieces

/** What step functions cannot see of the top level, because they have their own. */
function topLevel({ top, topArguments }: Parts): t.Statement[] {
  const list = top === null ? [] : [declare("const", top, t.thisExpression())];
  if (topArguments === null) return list;
  const own = () => t.identifier("arguments");
  const isMissing = t.binaryExpression(
    "===",
    t.unaryExpression("typeof", own()),
    t.stringLiteral("undefined"),
  );
  const value = t.conditionalExpression(
    t.logicalExpression("&&", t.identifier("$typeof"), isMissing),
    t.identifier("undefined"),
    own(),
  );
  return [
    ...list,
    declare("const", topArguments, t.arrowFunctionExpression([t.identifier("$typeof")], value)),
  ];
}

function member(object: t.Expression, name: string): t.MemberExpression {
  return t.memberExpression(object, t.identifier(name));
}

function assign(name: string, value: t.Expression): t.Statement {
  return t.expressionStatement(t.assignmentExpression("=", t.identifier(name), value));
}

function declare(kind: "const" | "let" | "var", name: string, value: t.Expression): t.VariableDeclaration {
  return t.variableDeclaration(kind, [t.variableDeclarator(t.identifier(name), value)]);
}

function objectPattern(names: readonly string[]): t.ObjectPattern {
  return t.objectPattern(
    names.map((one) => t.objectProperty(t.identifier(one), t.identifier(one), false, true)),
  );
}

/** `const { names } = from` */
function take(names: readonly string[], from: t.Expression): t.Statement {
  return t.variableDeclaration("const", [t.variableDeclarator(objectPattern(names), from)]);
}

function mentioned(node: t.Node, names: ReadonlySet<string>): Set<string> {
  const found = new Set<string>();
  walk(node, (one) => {
    if (t.isIdentifier(one) && names.has(one.name)) found.add(one.name);
  });
  return found;
}

function mentions(node: t.Node, names: ReadonlySet<string>): boolean {
  return mentioned(node, names).size > 0;
}
