/** What pass 2 finds out about a program. */
import type * as t from "@babel/types";
import type { BlockFunctions } from "./block-functions.ts";
import type { Fn, PrivateUse, Scope, SuperUse, Variable } from "./ir.ts";

export interface Resolved {
  readonly module: Fn;
  readonly refs: Map<t.Node, Variable>;
  /** References that may be evaluated in the temporal dead zone of their variable. */
  readonly tdzChecks: Set<t.Node>;
  /** References that are in the dead zone for ever: in the head of a loop or class, to what it declares. */
  readonly dead: Set<t.Node>;
  /** `super` and private names in code that leaves its class. */
  readonly supers: Map<t.Node, SuperUse>;
  readonly privates: Map<t.Node, PrivateUse>;
  readonly scopes: Map<t.Node, Scope>;
  readonly fns: Map<t.Node, Fn>;
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
