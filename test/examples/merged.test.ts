/** The judge of the kill matrix has to be able to say no. */
import { describe, expect, test } from "vitest";
import type { Entry } from "./support/ledger.ts";
import { merge } from "./support/merged.ts";

const ask = (op: string, key: string, value: unknown = {}): Entry => ({
  kind: "->",
  op,
  key,
  value,
  ok: true,
});
const answer = (op: string, key: string, value: unknown = null): Entry => ({
  kind: "<-",
  op,
  key,
  value,
  ok: true,
});
const process: Entry = { kind: "--", op: "process", key: "", value: 0, ok: true };
const oneBranch = () => "only";
const faultsOf = (...ledger: Entry[]) => merge(ledger, oneBranch).faults;

describe("merging a ledger", () => {
  test("takes out the repetition of what was in flight", () => {
    const ledger = [
      process,
      ask("a", "1"),
      answer("a", "1"),
      ask("b", "2"),
      process,
      ask("b", "2"),
      answer("b", "2"),
    ];
    expect(merge(ledger, oneBranch)).toEqual({ trace: ["-> a {}", "<- a", "-> b {}", "<- b"], faults: [] });
  });

  test("keeps a second call under another key", () => {
    const ledger = [process, ask("a", "1"), answer("a", "1"), process, ask("a", "9"), answer("a", "9")];
    expect(merge(ledger, oneBranch).trace).toHaveLength(4);
  });

  test("objects to a step whose successor had begun", () => {
    expect(faultsOf(process, ask("a", "1"), answer("a", "1"), ask("b", "2"), process, ask("a", "1"))).toEqual(
      ["-> a {} was not in flight"],
    );
  });

  test("objects to the same call twice in one process", () => {
    expect(faultsOf(process, ask("a", "1"), ask("a", "1"))).toHaveLength(1);
    expect(faultsOf(process, ask("a", "1"), process, ask("a", "1"), ask("a", "1"))).toHaveLength(1);
  });

  test("objects to other arguments under the same key", () => {
    expect(faultsOf(process, ask("a", "1", { n: 1 }), process, ask("a", "1", { n: 2 }))).toHaveLength(1);
  });

  test("lets one call of each branch be in flight", () => {
    const ledger = [process, ask("a.x", "1"), ask("b.x", "2"), process, ask("a.x", "1"), ask("b.x", "2")];
    expect(merge(ledger, (op) => op[0]!).faults).toEqual([]);
    expect(merge(ledger, oneBranch).faults).toHaveLength(1);
  });
});
