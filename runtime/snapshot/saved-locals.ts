/** Where a snapshot keeps the locals of the calls that wait, without the code that wrote it. */
import { guarded, unseal } from "./format.ts";
import { integer, list, type Node } from "./kind.ts";
import { splitName, splitPoint } from "./names.ts";

/** A local of a call that waits, or of a scope that it shares with closures. */
export interface SavedLocal {
  readonly name: string;
  /** `module#function` and hash of the version of it that was running. */
  readonly code: string;
  readonly hash: string;
  /** The task or scope record that has it, and which element of it. */
  readonly node: number;
  readonly element: number;
}

/**
 * In the order of the tasks; a variable of a record that several tasks share once for each. Those that are not initialised are
 * left out.
 * @throws ColdframeError CF2102, CF2103
 */
export function savedLocals(text: string): readonly SavedLocal[] {
  return guarded(() => localsIn(unseal(text)));
}

function localsIn(parts: readonly unknown[]): readonly SavedLocal[] {
  const names = list(parts[1]);
  const nodes = list(parts[2]);
  const found: SavedLocal[] = [];
  const isSet = (raw: unknown) => !(Array.isArray(raw) && raw[0] === "tdz");
  for (const [index, task] of nodes.entries()) {
    if (!Array.isArray(task) || typeof task[0] !== "number") continue;
    const { id: code, hash, slots } = splitPoint(names[integer(task[0], names.length)]);
    for (const [i, slot] of slots.entries()) {
      const raw: unknown = task[i + 2];
      const target = Array.isArray(raw) && typeof raw[0] === "number" ? raw[0] : -1;
      const scope = nodes[target] as Node | undefined;
      if (Array.isArray(scope) && scope[0] === "scope") {
        const [, ...variables] = splitName(names[integer(scope[1], names.length)]);
        for (const [j, name] of variables.entries())
          if (isSet(scope[j + 2]) && !name.startsWith("$"))
            found.push({ name, code, hash, node: target, element: j + 2 });
      } else if (!slot.startsWith("$") && isSet(raw))
        found.push({ name: slot, code, hash, node: index, element: i + 2 });
    }
  }
  return found;
}
