/** `coldframe/testing`: virtual time, and programs run in every regime, inside any test runner. */
export { type Parking, parkEverywhere } from "./park-everywhere.ts";
export { runScenario, type ScenarioOptions, type ScenarioOutcome } from "./scenario.ts";
export { settled, VirtualClock } from "./virtual-clock.ts";
export { World } from "./world.ts";
