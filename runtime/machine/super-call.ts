/**
 * `super()` in an arrow function of a derived constructor (ECMA-262 §13.3.7.1). The constructor makes a function that calls its own
 * `super`, and keeps it in its scope record; the stamp makes it savable. What a restore makes of it is the snapshot's business.
 */
import type { Code } from "../../abi/index.ts";
import { $closureOver } from "./closure.ts";
import type { Callable } from "./durable.ts";
import { registerCode } from "./registry.ts";
import { builtin } from "./resolvers.ts";

/** The scope record of a constructor whose arrow functions call `super()`. */
export interface Construction {
  this: unknown;
  readonly class: unknown;
  readonly "new.target": unknown;
}

export const superCallCode: Code = registerCode(
  builtin("coldframe#superCall", ["this", "class", "new.target"], null),
);

/** @param call what the constructor has made: calls its `super` */
export function $superCall(call: Callable, construction: Construction): Callable {
  return $closureOver(call, superCallCode, construction);
}
