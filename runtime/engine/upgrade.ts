/** `upgrade()`: in which code the parked runs of a workflow go on after a deploy. */

import { wrongOption } from "../errors.ts";
import type { Loaded } from "../machine/index.ts";
import { loaded, registry } from "../machine/index.ts";
import { entryOf } from "./entry.ts";

/**
 * | policy             | a run that other code has parked goes on                                        |
 * |--------------------|---------------------------------------------------------------------------------|
 * | `newest`           | in the code that its worker was started with, where that fits; else it is blocked |
 * | `newest-or-pinned` | the same, but where that does not fit, in the code that ran it last, if it was kept |
 * | `pinned`           | in the code that ran it last, and in no other                                   |
 */
export type UpgradePolicy = "newest" | "pinned" | "newest-or-pinned";

const POLICIES: readonly unknown[] = ["newest", "pinned", "newest-or-pinned"] satisfies UpgradePolicy[];

/**
 * Says in which code runs of a workflow go on when a deploy has come between two of their turns. To be called when its module is
 * loaded. For a parked run counts what the code says that ran it last.
 * @param f the workflow
 * @throws ColdframeError CF2001 when it was not compiled, CF2301 for another policy
 */
export function upgrade(f: (...args: never[]) => Promise<unknown>, policy: UpgradePolicy): void {
  checkPolicy("upgrade()", "policy", policy);
  loaded().policies.set(entryOf(f), policy);
}

/** @throws ColdframeError CF2301 */
export function checkPolicy(owner: string, option: string, policy: unknown): asserts policy is UpgradePolicy {
  if (POLICIES.includes(policy)) return;
  throw wrongOption(owner, option, policy, '"newest", "pinned" or "newest-or-pinned"');
}

/**
 * What `code` says of a workflow.
 * @param code null: that of the process @param usual of those of which it says nothing
 */
export function policyOf(entry: string, code: Loaded | null, usual: UpgradePolicy): UpgradePolicy {
  const { policies } = code ?? registry;
  return policies.size === 0 ? usual : ((policies.get(entry) as UpgradePolicy | undefined) ?? usual);
}
