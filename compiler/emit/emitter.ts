/** What the parts of the emitter ask of the module that they emit into. */
import type * as t from "@babel/types";
import type { Converted } from "../convert.ts";
import type { Diagnostics } from "../diagnostics.ts";
import type { Fn, Record, Scope, Variable } from "../ir.ts";
import type { Layout } from "../layout.ts";
import type { Pins } from "../pins.ts";
import type { Resolved } from "../resolve.ts";

export interface Emitter {
  readonly resolved: Resolved;
  readonly converted: Converted;
  readonly diagnostics: Diagnostics;
  readonly pins: Pins;
  /** Codes, and what they are made of, before everything else of the module. */
  readonly codes: t.Statement[];
  /** Step functions, behind everything else of the module. */
  readonly bottom: t.Statement[];
  /** A module-level name that nothing in the source has. */
  name(base: string): string;
  isModuleName(name: string): boolean;
  /** A helper of the machine, to be imported. */
  helper(name: string): t.Identifier;
  call(name: string, ...args: t.Expression[]): t.CallExpression;
  fnOf(node: t.Node): Fn;
  /** `this` of the top level, in a function: it is `undefined` in an ES module only. */
  topThis(): t.Expression;
  /** `arguments` of the top level, in a step function: those of a CommonJS module, or a global variable, which `typeof` may look for in vain. */
  topArguments(isTypeof: boolean): t.Expression;
  closure(fn: Fn): t.Expression;
  objectExpression(node: t.ObjectExpression, rewriter: Rewriting): t.Expression;
  classExpression(node: t.Class, rewriter: Rewriting): t.Expression;
  /** The module-level name of what the machine knows of a class in place. */
  classValue(fn: Fn): string;
  /** The same, if something has asked for it. */
  knownClassValue(fn: Fn): string | null;
  prologueOf(scope: Scope, rewriter: Rewriting): t.Statement[];
  handTop(value: t.Expression, source: t.Expression, temp: () => t.Identifier): t.Expression;
  /** `$stepMethod(this, "charge", id)` for each method that is a step. */
  stepMethods(node: t.Class): t.Statement[];
  /** What the tag of a template in this function is given. */
  strings(fn: Fn, quasi: t.TemplateLiteral): t.Identifier;
  /** Registers the code of a function. */
  code(fn: Fn, parts: CodeParts): void;
}

/** A function that was taken apart. */
export interface Emitted {
  /** Name of the step function. */
  readonly step: string;
  readonly layout: Layout;
  readonly extras: Extras;
  /** A generator whose first frame is made by its caller: binding its parameters takes no code. */
  readonly started: boolean;
  /** Name of the class of a sync generator's objects. */
  readonly generator: string | null;
}

export interface CodeParts {
  readonly step: string | null;
  /** See `Emitted`. */
  readonly generator?: string | null;
  readonly layout: Layout | null;
  readonly make: t.Expression | null;
  readonly captures: readonly (readonly string[])[];
}

/** What a function needs beside its parameters, as parameters of the step function. */
export interface Extras {
  readonly names: string[];
  readonly values: t.Expression[];
  readonly variables: Variable[];
}

/** The rewriting of one function's code: see `Rewriter`. */
export interface Rewriting {
  readonly module: Emitter;
  readonly fn: Fn;
  /** Variables that the step function around declares; null: this function is not taken apart. */
  readonly locals: ReadonlySet<Variable> | null;
  place(variable: Variable): t.Expression;
  /** Whether assignments, not declarations, give the variable its value here. */
  isPlaced(variable: Variable): boolean;
  /** Whether the dead zone of the variable is ours to watch. */
  isChecked(variable: Variable): boolean;
  /** `this`, as `super` gives it on. */
  receiver(variable: Variable): t.Expression;
  holder(record: Record): t.Identifier;
  any(node: t.Node): t.Node;
  expression(node: t.Node): t.Expression;
  pattern(node: t.Node): t.Node;
  target(node: t.Node): t.Node;
  copy(node: t.Node): t.Node;
  statement(node: t.Statement): t.Statement[];
  prologue(scope: Scope | undefined): t.Statement[];
}
