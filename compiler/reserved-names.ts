/** Names that emitted code uses itself: no variable of a step function may have them. */

/** Names that the emitted step function uses itself. */
export const reserved = ["$t", "$v", "$e", "$f", "$ip", "$x", "$rest", "$item", "$self"] as const;

/** What emitted code imports from the machine; no other emitted name may hide it. */
export const helperNames = [
  "$apply",
  "$await",
  "$begin",
  "$callee",
  "$closure",
  "$code",
  "$coercible",
  "$const",
  "$copy",
  "$define",
  "$end",
  "$enter",
  "$iterate",
  "$iterateAsync",
  "$key",
  "$keys",
  "$machine",
  "$method",
  "$module",
  "$park",
  "$Promise",
  "$record",
  "$rest",
  "$return",
  "$step",
  "$TDZ",
  "$tdz",
  "$throw",
  "$to",
] as const;
