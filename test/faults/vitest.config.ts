/** The campaign is a command of its own (faults-main.mjs), and no part of `npm test`: it takes as long as it is told. */
import config from "../../vitest.config.ts";

export default {
  resolve: config.resolve,
  test: { include: ["test/faults/run.ts"], testTimeout: 60_000, hookTimeout: 60_000 },
};
