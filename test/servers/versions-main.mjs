/**
 * `npm run test:postgres -- [13 14 …]`: all tests of the Postgres store on these main versions of the server, each from npm, in a temporary
 * folder; without arguments, on all that coldframe takes.
 */
import { spawnSync } from "node:child_process";
import { exit } from "node:process";

/** Of the suite, what talks to Postgres. */
const files = ["postgres.test", "postgres-engine", "postgres-failures", "golden", "user-transactions"].map(
  (name) => `test/stores/${name}`,
);
const wanted = process.argv.slice(2);
const versions = wanted.length > 0 ? wanted : ["13", "14", "15", "16", "17", "18"];
const failed = versions.filter((version) => {
  const { status } = spawnSync("npx", ["vitest", "run", ...files], {
    stdio: "inherit",
    env: { ...process.env, COLDFRAME_POSTGRES: version },
  });
  console.log(`Postgres ${version}: ${status === 0 ? "passed" : "FAILED"}`);
  return status !== 0;
});
exit(failed.length > 0 ? 1 : 0);
