/**
 * The data that passes hand to one another. Plain objects; a pass fills its own fields and reads those of earlier ones.
 *
 * - `Variable`, `Scope`, `Fn` describe the author's program (pass 2, resolve) and its closures (pass 3, convert).
 * - `Stmt` is a lowered statement (pass 4): the author's statements, with every suspend point standing alone in a list.
 */
import type * as t from "@babel/types";
import { isStrict } from "./strict.ts";

export type VariableKind =
  | "var"
  | "let"
  | "const"
  | "class"
  | "function"
  | "param"
  | "catch"
  | "import"
  /** The name of a function or class expression inside itself. */
  | "self"
  /**
   * `this`, `arguments`, `new.target` of a function, when an arrow function or a step function needs it as data; `super` of a
   * derived constructor: what calls it.
   */
  | "implicit"
  /** Made by the compiler: spills, iterations, pended completions, records. */
  | "temp";

export interface Variable {
  readonly name: string;
  readonly kind: VariableKind;
  readonly scope: Scope;
  /** Used by a function other than the one that declares it. */
  captured: boolean;
  /** Assigned after its initialisation. */
  reassigned: boolean;
  /** Some reference may come before the initialisation: the binding starts as the TDZ sentinel and those references check. */
  needsTdz: boolean;
  /** Source range of the declaration that initialises it, for TDZ. */
  initEnd: number;
  init: t.Node | null;
  /** Where the author declared it; null for what the compiler makes. */
  readonly at: { readonly line: number; readonly column: number } | null;
  /** Emitted name; set when the variable's function is emitted. */
  out: string | null;
  /** Set on the variable that holds a scope record. */
  record: Record | null;
  /** Of a pended completion: the jumps out of its `try`, by name. */
  exits?: ReadonlyMap<string, unknown>;
  /** The author's expression whose value a spill keeps. */
  spilled?: t.Node;
  /** The parameter whose value a variable of the body begins with. */
  startsAs?: Variable;
}

export function newVariable(
  name: string,
  kind: VariableKind,
  scope: Scope,
  initEnd: number,
  init: t.Node | null,
  at: Variable["at"] = null,
): Variable {
  return {
    name,
    kind,
    scope,
    captured: false,
    reassigned: false,
    needsTdz: false,
    initEnd,
    init,
    at,
    out: null,
    record: null,
  };
}

/** The captured variables of one scope, kept together in an object of its own class. */
export interface Record {
  readonly scope: Scope;
  /** The variable that holds the record in the function which owns the scope. */
  readonly holder: Variable;
  readonly variables: Variable[];
  /** Class name in the emitted module, and id in the registry. */
  className: string;
  id: string;
  /** A loop copies the record for each iteration (ECMA-262 CreatePerIterationEnvironment). */
  copied: boolean;
}

/** `object`: around the methods of an object literal that use `super`; holds the object. */
export type ScopeKind =
  | "module"
  | "function"
  | "body"
  | "block"
  | "for"
  | "catch"
  | "switch"
  | "class"
  | "object";

export interface Scope {
  readonly kind: ScopeKind;
  readonly parent: Scope | null;
  readonly fn: Fn;
  readonly node: t.Node;
  readonly variables: Map<string, Variable>;
  /** Function declarations to be made when the scope is entered. */
  readonly hoisted: t.FunctionDeclaration[];
  record: Record | null;
}

export type FunctionNode =
  | t.FunctionDeclaration
  | t.FunctionExpression
  | t.ArrowFunctionExpression
  | t.ObjectMethod
  | t.ClassMethod
  | t.ClassPrivateMethod;

/** A function, the module itself, or a class (whose field initialisers and static blocks behave like methods). */
export interface Fn {
  readonly kind: "module" | "function" | "class";
  readonly node: t.Node;
  readonly parent: Fn | null;
  /** Created when its scope is entered, so that it may run before the variables around it are initialised. */
  readonly hoisted: boolean;
  scope: Scope;
  readonly children: Fn[];
  /** Name of the function object, as ECMA-262 infers it. Empty: anonymous. */
  name: string;
  /** Named by a computed key, when it is made. */
  nameIsComputed: boolean;
  /** Named by a key that is written out, which a minifier keeps. */
  nameIsKey: boolean;
  /** Dotted path in the module, unique: what ids are made of. */
  path: string;
  readonly isAsync: boolean;
  readonly isGenerator: boolean;
  readonly isArrow: boolean;
  /** Strict mode code (ECMA-262 §11.2.2). */
  readonly strict: boolean;
  /** `"use step"`: stays as written and is called outside of the run. */
  isStep: boolean;
  /** An async function or a generator: compiled to a step function. */
  suspends: boolean;
  /** Free variables of enclosing functions, used here or in functions made here. */
  readonly captures: Set<Variable>;
  /** Names of module-level and global bindings that this function, or one in it, refers to: its locals avoid them. */
  readonly freeNames: Set<string>;
  usesThis: boolean;
  /** Its record holds all parameters, kept together with the arguments object. */
  mapped: boolean;
  /** Of a class: evaluated at most once, at the top of the module, where it stays. Others are made by a factory. */
  inPlace: boolean;
  /** Of a class: its inner binding (ECMA-262 §15.7.14), hidden when it has no name. */
  self: Variable | null;
  /** Of a class: what its private names mean, in the order of their appearance. */
  privates: readonly PrivateMember[];
  implicit: Map<string, Variable>;
  /** Emission */
  codeName: string;
}

export function newFn(
  kind: Fn["kind"],
  node: t.Node,
  parent: Fn | null,
  name: string,
  hoisted: boolean,
  strict: boolean,
): Fn {
  const f = "async" in node && "generator" in node ? node : null;
  return {
    kind,
    node,
    parent,
    hoisted,
    scope: null as never,
    children: [],
    name,
    nameIsComputed: false,
    nameIsKey: false,
    path: "",
    isAsync: f?.async ?? false,
    isGenerator: f?.generator ?? false,
    isArrow: node.type === "ArrowFunctionExpression",
    strict: strict || isStrict(node, parent),
    isStep: false,
    suspends: false,
    captures: new Set(),
    freeNames: new Set(),
    usesThis: false,
    mapped: false,
    inPlace: false,
    self: null,
    privates: [],
    implicit: new Map(),
    codeName: "",
  };
}

export interface PrivateMember {
  /** Without `#`. */
  readonly name: string;
  readonly isStatic: boolean;
  readonly kind: "field" | "method" | "accessor";
}

/** A private name in code that does not stand in its class any more. */
export interface PrivateUse {
  /** Null in a computed key of the class: no object has the name yet. */
  readonly self: Variable | null;
  /** In the `privates` of the class. */
  readonly index: number;
  /** Without `#`. */
  readonly name: string;
}

/** `super` in code that does not stand in its class or object literal any more. */
export interface SuperUse {
  /** Holds the class, or the object that the literal made. */
  readonly home: Variable;
  /** The home object is the `prototype` of the class. */
  readonly ofPrototype: boolean;
  readonly receiver: Variable;
}

/** A place where a function can be suspended. */
export interface SuspendPoint {
  readonly ip: number;
  readonly node: t.Node;
  /** The statement it stands in, and the path of statements around that: what its fingerprint is made of. */
  readonly statement: t.Node;
  readonly path: string;
  /** The statements themselves, outermost first: they tell points of one statement and path from each other. */
  readonly around: readonly t.Node[];
  name: string;
  fingerprint: string;
  /** Filled by liveness. */
  live: Set<Variable>;
}

/**
 * | kind | source | resumed with |
 * |---|---|---|
 * | `await` | `$v = await argument` | a value or an exception |
 * | `start` | a generator whose parameters are bound | nothing |
 * | `yield` | `$v = yield argument` | a value, an exception, or a return |
 * | `pass` | the same for an argument of `yield*`, yielded as it is | any of them, none of which ends anything |
 */
export type SuspendKind = "await" | "start" | "yield" | "pass";

/** A lowered statement. Expressions in it hold no suspend point of this function. */
export type Stmt =
  | { readonly kind: "js"; readonly node: t.Statement }
  /** Makes the record of a scope, with its hoisted functions. */
  | { readonly kind: "enter"; readonly scope: Scope }
  | {
      readonly kind: "suspend";
      readonly how: SuspendKind;
      readonly point: SuspendPoint;
      readonly argument: t.Expression;
    }
  | { readonly kind: "if"; readonly test: t.Expression; readonly yes: Stmt[]; readonly no: Stmt[] }
  | {
      readonly kind: "loop";
      readonly label: string;
      /** Checked before an iteration, or behind it for `do`. Null: for ever. */
      readonly test: t.Expression | null;
      readonly testLast: boolean;
      readonly update: t.Expression | null;
      /** The record that is copied before each update. */
      readonly copies: Record | null;
      readonly body: Stmt[];
    }
  | { readonly kind: "labeled"; readonly label: string; readonly body: Stmt[] }
  | {
      readonly kind: "switch";
      readonly label: string;
      readonly discriminant: t.Expression;
      /** Tests are literals. Null: default. */
      readonly cases: { readonly test: t.Expression | null; readonly body: Stmt[] }[];
    }
  /** `try { body } catch …`; the handler holds no suspend point. */
  | { readonly kind: "try"; readonly label: string | null; readonly body: Stmt[]; readonly handler: Handler };

export type Handler =
  /** `catch (param) { body }`, made by the compiler. */
  | {
      readonly kind: "made";
      readonly param: Variable;
      /** Nothing but the body uses the parameter. */
      readonly local: boolean;
      readonly body: t.Statement[];
    }
  /** The author's, as it stands. */
  | { readonly kind: "written"; readonly clause: t.CatchClause };

export interface Lowered {
  readonly body: Stmt[];
  readonly points: SuspendPoint[];
  /** Variables that the step function declares. */
  readonly locals: Set<Variable>;
}

export function assertNever(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
