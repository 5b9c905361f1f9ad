// `npm run fuzz:changes -- --time 600 [--seed N]`: programs that are edited while runs of them are parked, for that many seconds.
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    time: { type: "string", default: "600" },
    seed: { type: "string", default: String(Date.now() % 1e9) },
  },
});
if (!/^[1-9]\d*$/.test(values.time) || !/^\d+$/.test(values.seed)) {
  console.error("usage: npm run fuzz:changes -- [--time SECONDS] [--seed NUMBER]");
  process.exit(2);
}
console.log(`seed ${values.seed}, ${values.time} s`);
const { status } = spawnSync("npx", ["vitest", "run", "test/changes/metamorphic.test.ts"], {
  stdio: "inherit",
  env: { ...process.env, FUZZ_SECONDS: values.time, FUZZ_SEED: values.seed },
});
process.exit(status ?? 1);
