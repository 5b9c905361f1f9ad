/** What the parts of the emitter ask of the module that they emit into. */
import type * as t from "@babel/types";
import type { Converted } from "../convert.ts";
import type { Diagnostics } from "../diagnostics.ts";
import type { Fn, Scope, Variable } from "../ir.ts";
import type { Layout } from "../layout.ts";
import type { Resolved } from "../resolve.ts";
import type { Rewriter } from "./rewrite.ts";

export interface Emitter {
  readonly resolved: Resolved;
  readonly converted: Converted;
  readonly diagnostics: Diagnostics;
  /** Frame and record classes, before everything else of the module. */
  readonly classes: t.Statement[];
  /** Step functions, behind everything else of the module. */
  readonly bottom: t.Statement[];
  /** A module-level name that nothing in the source has. */
  name(base: string): string;
  isModuleName(name: string): boolean;
  /** A helper of the machine, to be imported. */
  helper(name: string): t.Identifier;
  call(name: string, ...args: t.Expression[]): t.CallExpression;
  fnOf(node: t.Node): Fn;
  closure(fn: Fn): t.Expression;
  objectExpression(node: t.ObjectExpression, rewriter: Rewriter): t.Expression;
  classExpression(node: t.Class, rewriter: Rewriter): t.Expression;
  prologueOf(scope: Scope, rewriter: Rewriter): t.Statement[];
  handTop(value: t.Expression, source: t.Expression, temp: () => t.Identifier): t.Expression;
  /** Registers the code of a function. */
  code(fn: Fn, parts: CodeParts): void;
}

export interface CodeParts {
  readonly step: string | null;
  readonly frame: string | null;
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
