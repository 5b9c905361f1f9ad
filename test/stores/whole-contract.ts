/** The store contract as a whole: what every store is tested with. */
import { describeBuilds } from "./build-contract.ts";
import { describeChunks } from "./chunk-contract.ts";
import { describeStore, type StoreUnderTest } from "./contract.ts";
import { describeRuns } from "./contract-runs.ts";
import { describeHistory } from "./history-contract.ts";
import { describePlacement } from "./placement-contract.ts";

const PARTS = [
  describeStore,
  describeRuns,
  describeChunks,
  describePlacement,
  describeHistory,
  describeBuilds,
];

/** Transactions of users have a suite of their own: not every store has them in one place. */
export function describeContract(name: string, make: () => Promise<StoreUnderTest>): void {
  for (const describePart of PARTS) describePart(name, make);
}
