/** Judges a ledger that several processes wrote: nothing may be in it twice but what was in flight when one died. */
import { type Entry, lineOf, traceLine } from "./ledger.ts";

export interface Merged {
  /** The trace with repetitions taken out. */
  readonly trace: readonly string[];
  /** What was repeated although it may not be, or with another key or other arguments. Empty when all is well. */
  readonly faults: readonly string[];
}

/**
 * @param branchOf calls of one branch follow one another, so that only the last of each branch can be in flight
 */
export function merge(ledger: readonly Entry[], branchOf: (op: string) => string): Merged {
  const faults: string[] = [];
  const first = new Map<string, Entry>();
  const kept: Entry[] = [];
  let inFlight = new Set<string>();
  let repeated = new Set<string>();
  for (const [index, entry] of ledger.entries()) {
    if (entry.kind === "--") {
      inFlight = lastOfEachBranch(ledger.slice(0, index), branchOf);
      repeated = new Set();
      continue;
    }
    const id = `${entry.kind} ${entry.key}`;
    const before = first.get(id);
    if (before === undefined) {
      first.set(id, entry);
      kept.push(entry);
      continue;
    }
    if (lineOf(before) !== lineOf(entry))
      faults.push(`${entry.key} is ${lineOf(before)}, then ${lineOf(entry)}`);
    if (!inFlight.has(entry.key)) faults.push(`${lineOf(entry)} was not in flight`);
    if (repeated.has(id)) faults.push(`${lineOf(entry)} twice in one process`);
    repeated.add(id);
  }
  return { trace: kept.map(traceLine), faults };
}

/** Keys of the last request of each branch. */
function lastOfEachBranch(ledger: readonly Entry[], branchOf: (op: string) => string): Set<string> {
  const last = new Map<string, string>();
  for (const { kind, op, key } of ledger) if (kind === "->") last.set(branchOf(op), key);
  return new Set(last.values());
}
