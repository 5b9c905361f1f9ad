/**
 * Pass 7, the module: walks the author's top level, keeps it as it is, and puts around it what the functions need: imports of
 * helpers, frame and record classes, codes, step functions, and the bindings that are saved by reference.
 */

import * as t from "@babel/types";
import type { CodeKind, Manifest, ManifestCode, ManifestRecord } from "../../abi/index.ts";
import { type Converted, identifier } from "../convert.ts";
import type { Diagnostics } from "../diagnostics.ts";
import { Hasher } from "../hash.ts";
import type { Fn, Scope, Variable } from "../ir.ts";
import { slotName } from "../layout.ts";
import { plainParameters } from "../lower/index.ts";
import { Names } from "../names.ts";
import type { Pins } from "../pins.ts";
import { helperNames, reserved } from "../reserved-names.ts";
import type { Resolved } from "../resolve.ts";
import { valueKinds } from "../value-kinds.ts";
import { emitClass } from "./classes.ts";
import { descriptor } from "./descriptor.ts";
import type { CodeParts, Emitter, Rewriting } from "./emitter.ts";
import { methodExpression } from "./function-expressions.ts";
import { closure, codeHash, emitAsync, useStrict, wrapper } from "./functions.ts";
import { objectExpression } from "./objects.ts";
import { plainFunction, prologue } from "./plain-functions.ts";
import { exportDefault, program, type SourceType, type TopFunction } from "./program.ts";
import { Rewriter } from "./rewrite.ts";
import { activation, scopeClass } from "./slots.ts";
import { Steps } from "./steps.ts";
import { Templates } from "./templates.ts";
import { timerImports } from "./timer-imports.ts";

export interface EmitOptions {
  readonly moduleId: string;
  readonly filename: string;
  readonly sourceType: SourceType;
  readonly pins: Pins;
  /** Of the author's text. */
  readonly digest: string;
  /** See `CompileOptions`. */
  readonly hot: boolean;
}

export class ModuleEmitter implements Emitter {
  readonly resolved: Resolved;
  readonly converted: Converted;
  readonly diagnostics: Diagnostics;
  readonly codes: t.Statement[] = [];
  readonly bottom: t.Statement[] = [];
  readonly manifest: { -readonly [K in keyof Manifest]: Manifest[K] };
  readonly #options: EmitOptions;
  readonly #helpers = new Set<string>();
  readonly #names: Names;
  /** The module as it is registered. */
  readonly #module = t.identifier("$m");
  /** Names given at the top level. */
  readonly #made = new Set<string>();
  readonly #functions: TopFunction[] = [];
  #topThis: string | null = null;
  /** The name that `export default` of an expression gets. */
  #default: string | null = null;
  #topArguments: string | null = null;
  readonly #classValues = new Map<Fn, string>();
  readonly #templates = new Templates(this);
  readonly #steps: Steps;
  /** Scopes that have a record, by their functions. */
  readonly #recorded = new Map<Fn, Scope[]>();

  constructor(resolved: Resolved, converted: Converted, diagnostics: Diagnostics, options: EmitOptions) {
    this.resolved = resolved;
    this.converted = converted;
    this.diagnostics = diagnostics;
    this.#options = options;
    this.#names = new Names([...resolved.names, ...reserved, ...helperNames]);
    for (const scope of resolved.scopes.values()) {
      if (scope.record === null) continue;
      const known = this.#recorded.get(scope.fn);
      if (known === undefined) this.#recorded.set(scope.fn, [scope]);
      else known.push(scope);
    }
    this.#steps = new Steps(this, options.moduleId);
    this.manifest = {
      module: options.moduleId,
      file: options.filename,
      hash: "",
      codes: [],
      records: [],
      steps: this.#steps.ids,
    };
  }

  // ---- services for the parts

  get pins(): Pins {
    return this.#options.pins;
  }

  /** A module-level name that nothing in the source has. */
  name(base: string): string {
    const name = this.#names.unique(base, "$");
    this.#made.add(name);
    return name;
  }

  isModuleName(name: string): boolean {
    return this.resolved.module.scope.variables.has(name);
  }

  topThis(): t.Expression {
    if (this.#options.sourceType === "module") return t.thisExpression();
    this.#topThis ??= this.name("$top");
    return t.identifier(this.#topThis);
  }

  topArguments(isTypeof: boolean): t.Expression {
    this.#topArguments ??= this.name("$arguments");
    return t.callExpression(t.identifier(this.#topArguments), isTypeof ? [t.booleanLiteral(true)] : []);
  }

  helper(name: string): t.Identifier {
    this.#helpers.add(name);
    this.#made.add(name);
    return t.identifier(name);
  }

  call(name: string, ...args: t.Expression[]): t.CallExpression {
    return t.callExpression(this.helper(name), args);
  }

  fnOf(node: t.Node): Fn {
    return this.resolved.fns.get(node)!;
  }

  closure(fn: Fn): t.Expression {
    if (fn.isStep) return this.#steps.value(fn);
    return closure(this, fn);
  }

  objectExpression(node: t.ObjectExpression, rewriter: Rewriting): t.Expression {
    return objectExpression(this, node, rewriter);
  }

  classExpression(node: t.Class, rewriter: Rewriting): t.Expression {
    return emitClass(this, node, rewriter);
  }

  classValue(fn: Fn): string {
    let name = this.#classValues.get(fn);
    if (name === undefined) {
      name = this.name(`${identifier(fn.path)}$class`);
      this.#classValues.set(fn, name);
    }
    return name;
  }

  knownClassValue(fn: Fn): string | null {
    return this.#classValues.get(fn) ?? null;
  }

  strings(fn: Fn, quasi: t.TemplateLiteral): t.Identifier {
    return this.#templates.strings(fn, quasi);
  }

  prologueOf(scope: Scope, rewriter: Rewriting): t.Statement[] {
    return prologue(this, scope, rewriter);
  }

  /**
   * `await f(x)` of a function known to be one: hands the top to it (docs/abi.md §3). Arguments that might call something are
   * evaluated before.
   * @param temp makes a local of the step function
   */
  handTop(value: t.Expression, source: t.Expression, temp: () => t.Identifier): t.Expression {
    if (!t.isCallExpression(source) || !t.isCallExpression(value) || !t.isIdentifier(source.callee))
      return value;
    const variable = this.resolved.refs.get(source.callee);
    if (variable === undefined || variable.reassigned || this.resolved.tdzChecks.has(source.callee))
      return value;
    const known =
      variable.kind === "function" ||
      variable.kind === "import" ||
      (variable.init !== null && t.isFunction(variable.init));
    if (!known || value.arguments.some((one) => !t.isExpression(one))) return value;
    let { callee } = value;
    if (t.isSequenceExpression(callee)) callee = callee.expressions.at(-1)!;
    const first: t.Expression[] = [];
    const given = value.arguments as t.Expression[];
    const last = given.findLastIndex((one) => !isSimple(one));
    const args = given.map((one, i) => {
      // A variable that an argument behind it may change is read in its turn.
      if (isSimple(one) && (i > last || t.isLiteral(one) || t.isThisExpression(one))) return one;
      const kept = temp();
      first.push(t.assignmentExpression("=", kept, one));
      return t.cloneNode(kept);
    });
    const call = {
      ...value,
      callee: this.call("$to", t.identifier("$t"), callee as t.Expression),
      arguments: args,
    };
    return first.length === 0 ? call : t.sequenceExpression([...first, call]);
  }

  /** Registers the code of a function. */
  code(fn: Fn, parts: CodeParts): void {
    const kind = kindOf(fn);
    const entry: ManifestCode = {
      id: `${this.#options.moduleId}#${fn.path}`,
      hash: codeHash(fn, parts.layout?.points ?? []),
      kind,
      line: fn.node.loc?.start.line ?? 0,
      captures: parts.captures,
      slots: parts.layout === null ? [] : parts.layout.slots.map(slotName),
      points: parts.layout === null ? [] : parts.layout.points,
      declared: this.#declared(fn, parts.layout?.slots ?? []),
      spills: spillsOf(parts.layout?.slots ?? []),
    };
    (this.manifest.codes as ManifestCode[]).push(entry);
    const args: t.Expression[] = [this.#module, descriptor(fn.path, entry)];
    if (parts.generator != null) {
      args.push(t.identifier(parts.step!), t.identifier(parts.generator));
      if (parts.make !== null) args.push(parts.make);
      this.#constant(fn.codeName, this.call("$generatorCode", ...args));
      return;
    }
    if (parts.step !== null) args.push(this.#stepOf(kind, parts.step));
    else if (parts.make !== null) args.push(t.nullLiteral());
    if (parts.make !== null) args.push(parts.make);
    this.#constant(fn.codeName, this.call("$code", ...args));
  }

  /** Where the variables of its frames and of the scope records that it makes stand in the source. */
  #declared(fn: Fn, slots: readonly Variable[]): ManifestCode["declared"] {
    const found = new Map<string, ManifestCode["declared"][number]>();
    const isGlobal = (id: t.Identifier) => !this.resolved.refs.has(id);
    const add = (name: string, { at, init, kind, reassigned }: Variable) => {
      if (at === null) return;
      const isSure = init !== null && !reassigned && (kind === "const" || kind === "let");
      const kinds = isSure ? (valueKinds(init, isGlobal) ?? []) : [];
      const known = found.get(name);
      if (known === undefined) found.set(name, [name, at.line, at.column, ...kinds]);
      // Two records may each have a variable of this name.
      else if (known.slice(3).join() !== kinds.join()) found.set(name, [known[0], known[1], known[2]]);
    };
    for (const slot of slots) add(slotName(slot), slot);
    for (const scope of this.#recorded.get(fn) ?? [])
      for (const variable of scope.variables.values()) if (variable.captured) add(variable.name, variable);
    return [...found.values()];
  }

  #constant(name: string, value: t.Expression): void {
    this.codes.push(t.variableDeclaration("const", [t.variableDeclarator(t.identifier(name), value)]));
  }

  /** Async generators answer requests with what their body does. */
  #stepOf(kind: CodeKind, name: string): t.Expression {
    const step = t.identifier(name);
    return kind === "async-generator" ? this.call("$asyncGenerator", step) : step;
  }

  // ---- the module

  emit(file: t.File, marked: boolean): t.Program {
    if (!marked) return this.#stepsOnly(file);
    const rewriter = new Rewriter(this, this.resolved.module, null);
    for (const record of this.converted.records) {
      record.className = this.name(`${record.holder.out!.slice(1)}$Scope`);
      const dead = new Set(record.variables.filter((one) => one.needsTdz).map((one) => one.name));
      const schema = scopeClass(
        record.variables.map((one) => one.name),
        (field) => (dead.has(field) ? this.helper("$TDZ") : null),
      );
      (this.manifest.records as ManifestRecord[]).push({
        id: `${this.#options.moduleId}#${record.id}`,
        slot: record.holder.out!,
        variables: record.variables.map(({ name }) => name),
      });
      const registered = this.call("$record", this.#module, t.stringLiteral(record.id), schema);
      const { scope } = record;
      const isMapped = scope.fn.mapped && scope === scope.fn.scope;
      const made = isMapped ? this.call("$mapped", registered, ...activation(scope.fn)) : registered;
      this.codes.push(
        t.variableDeclaration("const", [t.variableDeclarator(t.identifier(record.className), made)]),
      );
    }
    const imports: t.Statement[] = [];
    const body: t.Statement[] = [];
    for (const name of this.resolved.blockFunctions.namesIn(this.resolved.module.scope))
      body.push(t.variableDeclaration("var", [t.variableDeclarator(t.identifier(name))]));
    for (const statement of file.program.body) {
      if (isImport(statement)) imports.push(...timerImports(statement, "coldframe/machine"));
      else this.#top(statement, rewriter, body);
    }
    return this.#program(file, imports, this.#registration(file), body);
  }

  #top(statement: t.Statement, rewriter: Rewriting, body: t.Statement[]): void {
    const declared = t.isExportNamedDeclaration(statement) || t.isExportDefaultDeclaration(statement);
    const inner = declared ? statement.declaration : statement;
    if (t.isFunctionDeclaration(inner)) {
      const exported = !declared ? null : t.isExportDefaultDeclaration(statement) ? "default" : "named";
      this.#functions.push(this.#function(inner, exported));
    } else if (t.isExportNamedDeclaration(statement) && statement.declaration) {
      const { declaration } = statement;
      if (t.isClassDeclaration(declaration))
        body.push({ ...statement, declaration: this.#classDeclaration(declaration, rewriter) });
      else
        body.push({
          ...statement,
          declaration: this.#variables(declaration as t.VariableDeclaration, rewriter),
        });
    } else if (t.isExportDefaultDeclaration(statement)) {
      const { declaration } = statement;
      if (t.isClassDeclaration(declaration) && declaration.id)
        body.push({ ...statement, declaration: this.#classDeclaration(declaration, rewriter) });
      else body.push(...this.#defaultExport(declaration as t.Expression | t.ClassDeclaration, rewriter));
    } else if (t.isClassDeclaration(statement)) body.push(this.#classDeclaration(statement, rewriter));
    else if (t.isVariableDeclaration(statement)) body.push(this.#variables(statement, rewriter));
    else if (t.isExportNamedDeclaration(statement)) body.push(statement);
    else body.push(...rewriter.statement(statement));
  }

  /** A value without a name of its own gets a binding: what stands in it is found by `default`. */
  #defaultExport(node: t.Expression | t.ClassDeclaration, rewriter: Rewriting): t.Statement[] {
    const isClass = t.isClassDeclaration(node);
    if (!isClass && (t.isIdentifier(node) || t.isLiteral(node)))
      return [t.exportDefaultDeclaration(rewriter.expression(node))];
    const made = isClass ? emitClass(this, node, rewriter) : rewriter.expression(node);
    this.#default = this.name("$default");
    return exportDefault(this.#default, made);
  }

  #classDeclaration(node: t.ClassDeclaration, rewriter: Rewriting): t.ClassDeclaration {
    return {
      ...(emitClass(this, node, rewriter) as unknown as t.ClassDeclaration),
      type: "ClassDeclaration",
    };
  }

  #variables(node: t.VariableDeclaration, rewriter: Rewriting): t.VariableDeclaration {
    return {
      ...node,
      declarations: node.declarations.map((one) => ({
        ...one,
        id: rewriter.pattern(one.id) as t.Identifier,
        init: one.init ? rewriter.expression(one.init) : null,
      })),
    };
  }

  /** A function declared at the top level: as a value, and as a declaration with its hoisting. */
  #function(node: t.FunctionDeclaration, exported: TopFunction["exported"]): TopFunction {
    const fn = this.fnOf(node);
    const written = node.id?.name ?? "";
    const variable = node.id ? this.resolved.refs.get(node.id) : undefined;
    const top = {
      name: written,
      isAsync: fn.isAsync && !fn.isGenerator,
      reassigned: variable?.reassigned ?? false,
      exported,
    };
    if (fn.isStep)
      return {
        ...top,
        name: written || this.name("$default"),
        value: this.#steps.value(fn),
        declaration: null,
      };
    if (!fn.suspends) {
      const parts = plainFunction(this, fn);
      const declaration = { ...node, params: parts.params, body: parts.body as t.BlockStatement };
      return { ...top, name: written || this.name("$default"), value: null, declaration };
    }
    const base = written || "default";
    fn.codeName = this.name(`${base}$code`);
    const emitted = emitAsync(this, fn, fn.codeName);
    // The name of what may be replaced does not say whose `prototype` a generator inherits from; its code does.
    const replaceable = top.reassigned || this.#options.sourceType === "script";
    const hidden = plainParameters(fn).some((one) => one.name === written);
    const unnamed = written === "" || hidden || (fn.isGenerator && replaceable);
    const self = unnamed ? t.nullLiteral() : t.identifier(written);
    const parts = wrapper(this, fn, fn.codeName, emitted, self);
    this.code(fn, {
      step: emitted.step,
      generator: emitted.generator,
      layout: emitted.layout,
      make: null,
      captures: [],
    });
    const directives = fn.strict && !this.resolved.module.strict ? useStrict() : [];
    const body = t.blockStatement(parts.body.body, directives);
    const method = methodExpression(base, parts.params, body);
    method.loc = node.loc ?? null;
    return {
      ...top,
      name: written || this.name("$default"),
      brand: (f) =>
        fn.isGenerator
          ? this.call("$generatorFunction", f, t.identifier(fn.codeName))
          : this.call("$async", f),
      value: method,
      declaration: { ...node, async: false, generator: false, params: parts.params, body },
    };
  }

  stepMethods(node: t.Class): t.Statement[] {
    return this.#steps.methods(node);
  }

  /** A module with steps and no workflow stays as it is but for the steps. */
  #stepsOnly(file: t.File): t.Program {
    const imports: t.Statement[] = [];
    const body: t.Statement[] = [];
    for (const statement of file.program.body) {
      const declared = t.isExportNamedDeclaration(statement) || t.isExportDefaultDeclaration(statement);
      const inner = declared ? statement.declaration : statement;
      if (t.isFunctionDeclaration(inner) && this.fnOf(inner).isStep) {
        const exported = !declared ? null : t.isExportDefaultDeclaration(statement) ? "default" : "named";
        this.#functions.push(this.#function(inner, exported));
      } else if (isImport(statement)) imports.push(statement);
      else body.push(this.#steps.replaced(statement) as t.Statement);
    }
    return this.#program(file, imports, [], body);
  }

  /** The file with its helpers, without the directives that it has answered. */
  #program(
    file: t.File,
    imports: t.Statement[],
    registration: t.Statement[],
    body: t.Statement[],
  ): t.Program {
    const { sourceType, moduleId, hot } = this.#options;
    const replaces = hot && sourceType !== "script" ? [this.#replaces()] : [];
    const directives = file.program.directives.filter(
      (one) => !/^use (workflow|step)$/.test(one.value.value),
    );
    const hash = new Hasher().node(file.program).digest(10);
    const statements = program({
      sourceType,
      imports,
      setup: [...replaces, ...registration, ...this.codes],
      functions: this.#functions,
      body,
      bottom: this.bottom,
      helpers: this.#helpers,
      made: this.#made,
      name: (base) => this.name(base),
      top: this.#topThis,
      topArguments: this.#topArguments,
      key: `${moduleId}@${hash}`,
    });
    return { ...file.program, directives, body: statements };
  }

  /** `$registry.hot = true` */
  #replaces(): t.Statement {
    const hot = t.memberExpression(this.helper("$registry"), t.identifier("hot"));
    return t.expressionStatement(t.assignmentExpression("=", hot, t.booleanLiteral(true)));
  }

  /** `const $m = $module(…)`, with the bindings of the top level that never change, saved by reference. */
  #registration(file: t.File): t.Statement[] {
    const properties: t.ObjectProperty[] = [];
    const initialised = initialisedAtTop(file.program);
    for (const variable of this.resolved.module.scope.variables.values()) {
      const { kind } = variable;
      if (variable.reassigned) continue;
      if ((kind === "var" || kind === "let") && !initialised.has(variable.name)) continue;
      // A property of the global object, which other scripts may change.
      if (kind === "var" && this.#options.sourceType === "script") continue;
      if (variable.init !== null && t.isLiteral(variable.init)) continue;
      const key = t.identifier(variable.name);
      properties.push(t.objectProperty(key, t.arrowFunctionExpression([], t.identifier(variable.name))));
    }
    const unnamed = this.#functions.find(
      (one) => one.exported === "default" && !this.isModuleName(one.name) && one.declaration !== null,
    );
    const byDefault = unnamed?.name ?? this.#default;
    if (byDefault !== null)
      properties.push(
        t.objectProperty(t.identifier("default"), t.arrowFunctionExpression([], t.identifier(byDefault))),
      );
    if (
      this.#options.sourceType === "commonjs" &&
      this.codes.length > 0 &&
      !this.#hides("exports", "module")
    ) {
      const held = t.memberExpression(t.identifier("module"), t.identifier("exports"));
      properties.push(t.objectProperty(t.identifier("exports"), t.arrowFunctionExpression([], held)));
    }
    if (properties.length === 0 && this.codes.length === 0) return [];
    const hash = new Hasher().text(this.#options.digest);
    for (const one of this.manifest.codes) hash.text(one.id).text(one.hash);
    this.manifest.hash = hash.digest(10);
    const { moduleId, filename } = this.#options;
    const args: t.Expression[] = [
      t.stringLiteral(moduleId),
      t.stringLiteral(this.manifest.hash),
      t.objectExpression(properties),
    ];
    const constructors = [...this.#constructors(), ...namespaces(file.program)].join(" ");
    if (filename !== moduleId || constructors !== "") args.push(t.stringLiteral(filename));
    if (constructors !== "") args.push(t.stringLiteral(constructors));
    const call = this.call("$module", ...args);
    if (this.codes.length === 0) return [t.expressionStatement(call)];
    return [t.variableDeclaration("const", [t.variableDeclarator(this.#module, call)])];
  }

  #hides(...names: string[]): boolean {
    return names.some((name) => this.isModuleName(name));
  }

  /** Functions that `new` may have made objects with: unlike imported ones, they keep nothing of them elsewhere. */
  #constructors(): string[] {
    const names: string[] = [];
    for (const { node, name, usesThis, suspends, isStep } of this.resolved.module.children)
      if (t.isFunctionDeclaration(node) && usesThis && !suspends && !isStep) names.push(name);
    return names;
  }
}

/** The author's expressions that spills keep, where one is kept as it was written. */
function spillsOf(slots: readonly Variable[]): ManifestCode["spills"] {
  return slots.flatMap((slot) => {
    const loc = slot.spilled?.loc;
    if (loc == null) return [];
    return [[slotName(slot), loc.start.line, loc.start.column, loc.end.line, loc.end.column] as const];
  });
}

/** `name.*` for `import * as name`. */
function namespaces({ body }: t.Program): string[] {
  const specifiers = body.flatMap((one) => (t.isImportDeclaration(one) ? one.specifiers : []));
  return specifiers.filter((one) => t.isImportNamespaceSpecifier(one)).map(({ local }) => `${local.name}.*`);
}

/** Names of the `let`s and `var`s that a statement of the top level itself gives an object that is to be looked for. */
function initialisedAtTop({ body }: t.Program): ReadonlySet<string> {
  const names = new Set<string>();
  for (const statement of body) {
    const node = t.isExportNamedDeclaration(statement) ? statement.declaration : statement;
    if (!t.isVariableDeclaration(node)) continue;
    for (const { id, init } of node.declarations)
      if (t.isIdentifier(id) && init && !t.isLiteral(init)) names.add(id.name);
  }
  return names;
}

function kindOf(fn: Fn): CodeKind {
  if (fn.kind === "class") return "class";
  if (fn.isStep) return "sync";
  if (fn.isGenerator) return fn.isAsync ? "async-generator" : "generator";
  return fn.suspends ? "async" : "sync";
}

/** What asks for other modules: they are evaluated in this order. */
function isImport(node: t.Statement): boolean {
  return (
    t.isImportDeclaration(node) ||
    t.isExportAllDeclaration(node) ||
    (t.isExportNamedDeclaration(node) && node.source != null)
  );
}

/** Evaluating it calls nothing of the author's: names, literals, variables in records, and literals of those. */
function isSimple(node: t.Node | null): boolean {
  if (node === null || t.isIdentifier(node) || t.isThisExpression(node)) return true;
  if (t.isLiteral(node)) return !t.isTemplateLiteral(node);
  if (t.isMemberExpression(node)) return node.extra?.["variable"] === true;
  if (t.isArrayExpression(node)) return node.elements.every(isSimple);
  if (!t.isObjectExpression(node)) return false;
  return node.properties.every((one) => t.isObjectProperty(one) && !one.computed && isSimple(one.value));
}
