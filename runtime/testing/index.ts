/** `coldframe/testing`: virtual time, and programs run in every regime, inside any test runner. */
export type { CrashScenario, CrashStage } from "./crash-scenario.ts";
export { type CrashReport, everyCrash } from "./every-crash.ts";
export { type ExpectedPark, expectParked } from "./expect-parked.ts";
export { type Parking, parkEverywhere } from "./park-everywhere.ts";
export { runScenario, type ScenarioOptions, type ScenarioOutcome } from "./scenario.ts";
export { type Stub, stub } from "./stub.ts";
export { settled, VirtualClock } from "./virtual-clock.ts";
export { World } from "./world.ts";
