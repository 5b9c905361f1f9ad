/**
 * What a run is told of another database, as the text of an arrival: `@`, what it is, whether it threw, the value. No text of the
 * engine's begins so. The store takes the mark off when it hands an arrival up, and remembers what has to be said when the run has
 * consumed it.
 */
import type { Arrival } from "../../runtime/engine/store.ts";
import type { Thing, Word } from "./errands.ts";

/** `deadline`: that of an event wait, recorded by its owner. */
type What = Thing["kind"] | "deadline";

const letters: Readonly<Record<What, string>> = {
  event: "e",
  end: "r",
  place: "p",
  begin: "b",
  deadline: "d",
};

export function answer(what: What, threw: boolean, value: string): string {
  return `@${letters[what]}${threw ? "t" : "f"}${value}`;
}

/** The arrival as the engine knows it, and what the stub is told once the run has consumed it. */
export function opened(arrival: Arrival): { readonly arrival: Arrival; readonly word: Word | null } {
  const { wait, value } = arrival;
  if (value[0] !== "@") return { arrival, word: null };
  const word = value[1] === "e" ? "taken" : value[1] === "d" ? "dropped" : null;
  return { arrival: { wait, threw: value[2] === "t", value: value.slice(3) }, word };
}
