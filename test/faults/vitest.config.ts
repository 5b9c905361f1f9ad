/** The campaign is a command of its own (faults-main.mjs), and no part of `npm test`: it takes as long as it is told. */
import config from "../../vitest.config.ts";

export default { ...config, test: { ...config.test, include: ["test/faults/run.ts"], globalSetup: [] } };
