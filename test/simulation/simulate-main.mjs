// `npm run simulate -- --time 600 [--seed N] [--store NAME]`: simulations for that many seconds. Names: memory, sqlite,
// postgres, mysql; sharded and scattered (several databases in memory); `sharded-` or `scattered-` before the name of another.
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    time: { type: "string", default: "600" },
    seed: { type: "string", default: String(Date.now() % 1e9) },
    store: { type: "string" },
  },
});
if (!/^\d+$/.test(values.time) || !/^\d+$/.test(values.seed)) {
  console.error(
    "usage: npm run simulate -- [--time SECONDS] [--seed NUMBER] [--store [sharded-|scattered-]sqlite|postgres|mysql, memory, sharded or scattered]",
  );
  process.exit(2);
}
console.log(`seed ${values.seed}, ${values.time} s`);
const { status } = spawnSync("npx", ["vitest", "run", "test/simulation/simulation.test.ts"], {
  stdio: "inherit",
  env: {
    ...process.env,
    SIMULATE_SECONDS: values.time,
    SIMULATE_SEED: values.seed,
    ...(values.store === undefined ? {} : { SIMULATE_STORE: values.store }),
  },
});
process.exit(status ?? 1);
