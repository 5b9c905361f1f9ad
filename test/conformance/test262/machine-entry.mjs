/** What a realm gets: the machine, what is tested of it, and a host for a run. Bundled as one classic script. */
export { parkEverywhere } from "../../../dist/runtime/testing/index.js";
export { Session } from "./session.mjs";
