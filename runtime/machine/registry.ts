/**
 * What loaded code is found by: functions, scope records and module bindings by name, names by object identity. Code of kept
 * builds has names of its own (builds.ts), so that two versions of a module can be loaded at one time.
 *
 * It lives on `globalThis`, keyed by ABI version, because bundlers duplicate modules: two copies of the runtime share
 * one registry. Nothing of it belongs to a run.
 */
import { ABI_VERSION, type Code, type RecordSchema } from "../../abi/index.ts";
import { ColdframeError } from "../errors.ts";

/** An external call: what `"use step"` or `step(…)` made of a function. */
export interface Step {
  /** `module#name` */
  readonly id: string;
  /** The author's name of it. */
  readonly name: string;
  /** Tests put another one here. */
  body: (...args: never[]) => unknown;
  /** As written by the author; the engine reads it. */
  readonly options: unknown;
  /** The function that calls it, where it has this name by itself: that is what a snapshot names. */
  call?: object;
  /** Its body gets a transaction before its arguments, in which its outcome is recorded. */
  readonly transactional?: true;
  /** A method of instances: its body gets `this` before its arguments. */
  method?: boolean;
}

export interface Module {
  readonly id: string;
  /** The author's source file, relative to its package. */
  readonly file: string;
  readonly hash: string;
  readonly bindings: Bindings;
  /** Bindings of the copies of it that were loaded later: bundlers make one for each bundle. */
  readonly copies: Bindings[];
  /** `thisCopy` of the runtime that its code was compiled against. */
  readonly runtime: object;
}

/** Stands for this copy of the runtime; a bundle may have one of its own. */
export const thisCopy: object = {};

export type Bindings = Readonly<Record<string, () => unknown>>;

interface Binding {
  readonly name: string;
  readonly get: () => unknown;
}

/** What the code of one build is found by. */
export interface Loaded {
  /** Of a kept build; null: the code that the process was started with. */
  readonly build: string | null;
  readonly codes: Map<string, Code>;
  readonly records: Map<string, RecordSchema>;
  readonly modules: Map<string, Module>;
  readonly steps: Map<string, Step>;
  /** `module#name` by the identity of what is bound; filled at the first look-up. */
  readonly names: WeakMap<object, string>;
  /** Names of functions that objects are made with by `new`, and `name.*` for `import * as name`, whose exports have names, too. */
  readonly constructors: Set<string>;
  /** Bindings that were not looked at, or had no object yet when they were (temporal dead zone, cyclic imports). */
  unresolved: Binding[];
  /** Classes at the top of marked modules by the id of their code; null: it was evaluated more than once. */
  readonly classes: Map<string, object | null>;
  /** What old names of modules, functions and classes have become: see snapshot/renames.ts. */
  readonly renames: Map<string, string>;
  /** What becomes of frames, closures and instances that older code saved, by the id of the code: see snapshot/migrations.ts. */
  readonly migrations: Map<string, readonly object[]>;
  /** Which build carries on the runs of a workflow: see engine/policy.ts. */
  readonly policies: Map<string, string>;
  /** What tags of templates are given, by name; see templates.ts. */
  readonly templates: Map<string, object>;
}

interface Registry extends Loaded {
  /** Code of kept builds, by their ids. */
  readonly kept: Map<string, Loaded>;
  /** Grows with each module that is loaded. */
  changes: number;
  /** Newest wins for the same id with another hash: set by development servers that replace modules. */
  hot: boolean;
  /** Weak: what development servers replaced goes when its last record does. */
  readonly recordsByPrototype: WeakMap<object, RecordSchema>;
  readonly stepsByFunction: WeakMap<object, Step>;
  /** Calls the body of a step outside any run, with what the engine gives it then. */
  callFreely: (body: (...args: never[]) => unknown, self: unknown, args: unknown[]) => unknown;
  /** The name of a step that stands in what a binding holds: the engine finds it. */
  nameHeld: (step: object) => string | undefined;
  /** Functions that objects are made with by `new`, once looked at. */
  readonly constructorFunctions: WeakSet<object>;
  /** The class of stamps, from whichever copy of the runtime came first; see closure.ts. */
  stamps: unknown;
  /** What compiled modules import, for classic scripts, which cannot; see script.ts. */
  helpers: Readonly<Record<string, unknown>> | null;
  /** Codes and factories of scripts by `id@hash`, for the statements of their top level. */
  readonly scripts: Map<string, Readonly<Record<string, unknown>>>;
  /** The classes that stamp generators and their prototypes; see generator.ts. */
  generators: unknown;
  /** Functions of such classes are looked for when one is met for the first time. */
  readonly members: WeakMap<object, unknown>;
  unlisted: object[];
  /** The class of stamps on classes; see classes.ts. */
  classStamps: unknown;
  /** Objects that got private names of classes from which they do not inherit, with those. Null: there are none. */
  branded: WeakMap<object, unknown[]> | null;
}

/** Compiled scripts contain it in this form. */
export const registryKey: unique symbol = Symbol.for(`coldframe.registry@${ABI_VERSION}`) as never;
const home = globalThis as { [registryKey]?: Registry };

export const registry: Registry = (home[registryKey] ??= {
  ...noneLoaded(null),
  kept: new Map(),
  changes: 0,
  hot: false,
  recordsByPrototype: new WeakMap(),
  stepsByFunction: new WeakMap(),
  callFreely: (body, self, args) => Reflect.apply(body, self, args),
  nameHeld: () => undefined,
  constructorFunctions: new WeakSet(),
  stamps: null,
  helpers: null,
  scripts: new Map(),
  generators: null,
  members: new WeakMap(),
  unlisted: [],
  classStamps: null,
  branded: null,
});

/** @param build id of a kept build, or null */
export function noneLoaded(build: string | null): Loaded {
  return {
    build,
    codes: new Map(),
    records: new Map(),
    modules: new Map(),
    steps: new Map(),
    names: new WeakMap(),
    constructors: new Set(),
    unresolved: [],
    classes: new Map(),
    renames: new Map(),
    migrations: new Map(),
    policies: new Map(),
    templates: new Map(),
  };
}

/** Whose code is being loaded or looked up, when somebody says so. */
let chosen: Loaded | null = null;
let ofCurrentRun: () => Loaded | null = () => null;

/** Handed in by run.ts, which stands above: the code that the current run is in. */
export function setCurrentCode(current: () => Loaded | null): void {
  ofCurrentRun = current;
}

/** Where names are looked up now: in the code of the current run, or in that of the process. */
export function loaded(): Loaded {
  return chosen ?? ofCurrentRun() ?? registry;
}

/** Where code that is being evaluated belongs. Not that of the current run: any module may be loaded below it on the stack. */
export function loading(): Loaded {
  return chosen ?? registry;
}

/** Calls `body` so that names are those of `code`. It must not run jobs. */
export function inCode<T>(code: Loaded | null, body: () => T): T {
  const outer = chosen;
  chosen = code ?? registry;
  try {
    return body();
  } finally {
    chosen = outer;
  }
}

/**
 * Registers a function.
 * @returns the descriptor itself: a second copy of a module carries on its own tasks with its own step function
 * @throws ColdframeError CF2004 when the id is taken by other code, unless `registry.hot`
 */
export function registerCode<C extends Code>(code: C): C {
  const { codes } = loading();
  const known = codes.get(code.id);
  if (known !== undefined && !registry.hot) {
    if (known.hash !== code.hash) throw conflict(code.id, known.file, code.file);
    return code;
  }
  codes.set(code.id, code);
  // Stack traces name the author's function. `async` tells its body from its call, see stack.ts.
  if (code.step !== null) {
    const body = (code.step as { body?: object }).body ?? code.step;
    Object.defineProperty(body, "name", { value: `async ${authorName(code.id)}`, configurable: true });
  }
  return code;
}

/** `dbBranch` of `shop/flows.ts#upgradeGame.dbBranch#2` */
export function authorName(id: string): string {
  const path = id.slice(id.indexOf("#") + 1).replace(/#\d+$/, "");
  return path.slice(path.lastIndexOf(".") + 1);
}

/** Registers a class of scope records. Its fields are the variables. */
export function registerRecord(schema: RecordSchema): void {
  const { records } = loading();
  if (registry.hot || !records.has(schema.id)) records.set(schema.id, schema);
  registry.recordsByPrototype.set(schema.Record.prototype, schema);
}

/**
 * Registers the immutable top-level bindings and imports of a module, by which their objects are saved. The getters
 * are called at the first look-up of an unknown object, not now: at this time they may be in their dead zone.
 * @param file the author's source
 * @param constructors names of functions of the module itself that use `this`, and of namespaces as `name.*`, separated by blanks
 * @returns what its functions and records are registered with
 * @throws ColdframeError CF2004 when the id is taken by a module with another hash, unless `registry.hot`
 */
export function $module(id: string, hash: string, bindings: Bindings, file = id, constructors = ""): Module {
  const code = loading();
  const { modules, constructors: names } = code;
  const known = modules.get(id);
  if (known !== undefined && !registry.hot && known.hash !== hash) throw conflict(id, "one copy", "another");
  // The getters of what was replaced would keep all of it alive.
  if (known !== undefined && registry.hot)
    code.unresolved = code.unresolved.filter(({ name }) => !name.startsWith(`${id}#`));
  registry.changes++;
  const module = { id, file, hash, bindings, copies: [], runtime: thisCopy };
  if (known === undefined || registry.hot) modules.set(id, module);
  else known.copies.push(bindings);
  if (constructors !== "") for (const name of constructors.split(" ")) names.add(`${id}#${name}`);
  for (const name of Object.keys(bindings))
    code.unresolved.push({ name: `${id}#${name}`, get: bindings[name]! });
  return module;
}

function conflict(id: string, one: string, other: string): ColdframeError {
  return new ColdframeError(
    "CF2004",
    `"${id}" was loaded twice with different text (${one}, ${other}). Load one version of it; where modules are replaced while you edit, give the plugin the option hot: true`,
  );
}

/** The code of this id, or of what it is called now. */
export function codeOf(id: string): Code | undefined {
  const { codes, renames } = loaded();
  const code = codes.get(id);
  return code !== undefined || renames.size === 0 ? code : codes.get(currentName(id));
}

/**
 * What `module#path` is called now. The longest part of it that was renamed counts: the path, one of the functions around, the
 * module. A name that was never renamed is its own.
 */
export function currentName(id: string): string {
  const { renames } = loaded();
  if (renames.size === 0) return id;
  let name = id;
  // Cycles are refused when they are made, so this ends.
  for (let next: string | null = name; next !== null; next = renamedOnce(name, renames)) name = next;
  return name;
}

function renamedOnce(id: string, renames: ReadonlyMap<string, string>): string | null {
  // Behind the module: ordinals have a number sign, too.
  const module = id.indexOf("#");
  for (let end = id.length; end > 0; ) {
    const to = renames.get(id.slice(0, end));
    if (to !== undefined) return to + id.slice(end);
    if (end <= module || module < 0) return null;
    const dot = id.lastIndexOf(".", end - 1);
    end = Math.max(dot, module);
  }
  return null;
}

/** The schema that `record` was made by, if it is a scope record. */
export function recordOf(record: object): RecordSchema | undefined {
  return registry.recordsByPrototype.get(Object.getPrototypeOf(record));
}

/**
 * `module#name` for an object that an immutable binding of a marked module holds, `module#name.key` for a step in an object or class
 * that one holds; undefined for any other.
 */
export function nameOf(object: object): string | undefined {
  const code = loaded();
  const name = nameIn(code, object);
  if (name !== undefined) return name;
  if (typeof object === "function" && registry.stepsByFunction.has(object)) return registry.nameHeld(object);
  if (code === registry) return undefined;
  // What is our own is known to the process alone.
  const own = nameIn(registry, object);
  return own !== undefined && isOurs(own) ? own : undefined;
}

/** Whether the name of a module or of something in it is coldframe's own: the same in all builds. */
export function isOurs(name: string): boolean {
  return /^coldframe(\/[a-z]+([.-][a-z]+)*)?(#|$)/.test(name);
}

function nameIn(code: Loaded, object: object): string | undefined {
  const name = code.names.get(object);
  if (name !== undefined || code.unresolved.length === 0) return name;
  code.unresolved = code.unresolved.filter((binding) => !resolveBinding(code, binding));
  return code.names.get(object);
}

/** Whether `f` is a function at the top of a marked module that uses `this`. */
export function isConstructorFunction(f: object): boolean {
  return nameOf(f) !== undefined && registry.constructorFunctions.has(f);
}

/** True when the binding need not be looked at again. The first name of an object stays its name. */
function resolveBinding(code: Loaded, { name, get }: Binding): boolean {
  let value: unknown;
  try {
    value = get();
  } catch {
    return false;
  }
  if (!isObject(value)) return value !== undefined;
  if (code.constructors.has(name)) registry.constructorFunctions.add(value);
  if (!code.names.has(value)) code.names.set(value, name);
  return !code.constructors.has(`${name}.*`) || nameExports(code, name, value);
}

/** False while some of them are in their dead zone. What a getter of a bundler's throws is no value. */
function nameExports({ names }: Loaded, name: string, module: object): boolean {
  let isWhole = true;
  for (const key of Object.keys(module)) {
    try {
      const value = (module as Readonly<Record<string, unknown>>)[key];
      if (isObject(value) && !names.has(value)) names.set(value, `${name}.${key}`);
    } catch (error) {
      if (error instanceof ReferenceError) isWhole = false;
    }
  }
  return isWhole;
}

/**
 * What is bound to `module#name` now.
 * @returns undefined when no loaded module has such a binding
 * @throws ReferenceError while the binding is in its temporal dead zone
 */
export function bindingOf(name: string): { readonly value: unknown } | undefined {
  const found = bindingNow(name);
  if (found !== undefined || loaded().renames.size === 0) return found;
  const now = currentName(name);
  return now === name ? undefined : bindingNow(now);
}

function bindingNow(name: string): { readonly value: unknown } | undefined {
  const hash = name.lastIndexOf("#");
  const { modules, classes, templates, steps, constructors } = loaded();
  const bindings = modules.get(name.slice(0, hash))?.bindings;
  const binding = name.slice(hash + 1);
  if (bindings !== undefined && Object.hasOwn(bindings, binding)) return { value: bindings[binding]!() };
  let value: unknown = classes.get(name) ?? templates.get(name) ?? steps.get(name)?.call;
  if (!value && bindings !== undefined) {
    // `bank.charge`. Bundlers make getters of what a module exports; no other is called.
    const [first, ...keys] = binding.split(".") as [string, ...string[]];
    const isModule = constructors.has(`${name.slice(0, hash + 1)}${first}.*`);
    value = Object.hasOwn(bindings, first) && bindings[first]!();
    for (const key of keys) {
      const found = isObject(value) && Object.getOwnPropertyDescriptor(value, key);
      value = found && (isModule ? (value as Readonly<Record<string, unknown>>)[key] : found.value);
    }
  }
  return value ? { value } : undefined;
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}
