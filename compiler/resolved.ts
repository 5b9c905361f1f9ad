/** What pass 2 finds out about a program. */
import type * as t from "@babel/types";
import type { BlockFunctions } from "./block-functions.ts";
import type { Fn, Scope, Variable } from "./ir.ts";

export interface Resolved {
  readonly module: Fn;
  readonly refs: Map<t.Node, Variable>;
  /** References that may be evaluated in the temporal dead zone of their variable. */
  readonly tdzChecks: Set<t.Node>;
  readonly scopes: Map<t.Node, Scope>;
  readonly fns: Map<t.Node, Fn>;
  /** References in the head of a `for of` or `for in` to what it declares: in their dead zone for ever. */
  readonly dead: Set<t.Node>;
  /** Names that resolve to nothing in this module. */
  readonly globals: Set<string>;
  /** Imports that an expression or an export refers to. */
  readonly usedImports: ReadonlySet<Variable>;
  readonly hasJsx: boolean;
  /** Every identifier of the source: emitted names avoid them. */
  readonly names: Set<string>;
  /** Functions and classes in the order of their appearance. */
  readonly all: Fn[];
  /** Sloppy mode: what a function declared in a block assigns to the variable of its name (ECMA-262 §B.3.2). */
  readonly blockFunctions: BlockFunctions;
}
