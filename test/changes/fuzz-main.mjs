// `npm run fuzz:changes -- --time 600 [--seed N] [--part programs|fixtures] [--shares N]`: programs that are edited while runs of
// them are parked, for that many seconds. Fixtures are looked at in shares, each by a process of its own, which is ended when it hangs.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    time: { type: "string", default: "600" },
    seed: { type: "string", default: String(Date.now() % 1e9) },
    part: { type: "string" },
    shares: { type: "string", default: "8" },
  },
});
const { time, seed, part, shares } = values;
const isPart = part === undefined || part === "programs" || part === "fixtures";
if (!/^[1-9]\d*$/.test(time) || !/^\d+$/.test(seed) || !/^[1-9]\d?$/.test(shares) || !isPart) {
  console.error(
    "usage: npm run fuzz:changes -- [--time SECONDS] [--seed NUMBER] [--part programs|fixtures] [--shares NUMBER]",
  );
  process.exit(2);
}
console.log(`seed ${seed}, ${time} s`);

const folder = mkdtempSync(join(tmpdir(), "coldframe-changes-"));
const at = join(folder, "at.txt");
/** Parts share the time: of both, programs have two thirds. */
const both = part === undefined;
let status = 0;
if (part !== "fixtures") run("programs", both ? (2 * time) / 3 : time, {});
if (part !== "programs") {
  const each = (both ? time / 3 : time) / shares;
  for (let i = 1; i <= shares; i++) run("fixtures", each, { FUZZ_SHARE: `${i}/${shares}` });
}
rmSync(folder, { recursive: true });
process.exit(status);

function run(name, seconds, env) {
  const time = Math.max(1, Math.round(seconds));
  // Threads end with their process, also one that hangs.
  const args = [
    "node_modules/vitest/vitest.mjs",
    "run",
    "--pool=threads",
    "test/changes/metamorphic.test.ts",
  ];
  writeFileSync(at, "");
  const { status: ended, error } = spawnSync(process.execPath, args, {
    stdio: "inherit",
    // What it is at is let come to its end: no single edit takes a minute.
    timeout: (time + 120) * 1000,
    killSignal: "SIGKILL",
    env: {
      ...process.env,
      FUZZ_SECONDS: String(time),
      FUZZ_SEED: seed,
      FUZZ_PART: name,
      FUZZ_AT: at,
      ...env,
    },
  });
  if (error !== undefined)
    console.error(`${name} ${env.FUZZ_SHARE ?? ""}: ${error.message}, at\n${readFileSync(at, "utf8")}`);
  status ||= ended ?? 1;
}
