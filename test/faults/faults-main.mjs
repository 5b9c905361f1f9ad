/**
 * `npm run faults -- [--time SECONDS] [--runs N] [--database postgres|standby|mysql] [--seed N] [--markdown FILE]`: real workers and a
 * real server, started here, with faults for that many seconds; then everything has to come to its end. Without `--database`, all,
 * one after the other; without `--runs`, two for each second. Prints what was hit how often; ends with 1 when something does not hold.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    time: { type: "string", default: "600" },
    runs: { type: "string" },
    seed: { type: "string", default: String(Date.now() % 1e9) },
    database: { type: "string", default: "postgres,standby,mysql" },
    markdown: { type: "string" },
  },
});
const runs = values.runs ?? String(2 * Number(values.time));
const databases = values.database.split(",");
if (
  !/^\d+$/.test(values.time) ||
  !/^\d+$/.test(runs) ||
  !/^\d+$/.test(values.seed) ||
  !databases.every((name) => ["postgres", "standby", "mysql"].includes(name))
) {
  console.error(
    "usage: npm run faults -- [--time SECONDS] [--runs NUMBER] [--database postgres|standby|mysql] [--seed NUMBER]",
  );
  process.exit(2);
}
console.log(`seed ${values.seed}, ${runs} runs, ${values.time} s of faults on ${databases.join(" and ")}`);

const folder = mkdtempSync(join(tmpdir(), "coldframe-faults-"));
const reports = [];
let failed = false;
for (const database of databases) {
  const file = join(folder, `${database}.json`);
  const { status } = spawnSync("npx", ["vitest", "run", "--config", "test/faults/vitest.config.ts"], {
    stdio: "inherit",
    env: {
      ...process.env,
      FAULTS_SECONDS: values.time,
      FAULTS_RUNS: runs,
      FAULTS_SEED: values.seed,
      FAULTS_DATABASE: database,
      FAULTS_REPORT: file,
    },
  });
  if (status !== 0) failed = true;
  if (existsSync(file)) reports.push(JSON.parse(readFileSync(file, "utf8")));
}
rmSync(folder, { recursive: true });

const table = markdown(reports);
console.log(`\n${table}`);
for (const { database, said } of reports) {
  console.log(`\nwhat workers on ${database} logged:`);
  for (const [text, times] of said) console.log(`${String(times).padStart(6)} × ${text}`);
}
if (values.markdown !== undefined) writeFileSync(values.markdown, `${table}\n`);
for (const { database, left } of reports)
  for (const [fault, why] of Object.entries(left))
    console.log(`\nNOT TRIED on ${database}: ${fault}: ${why}`);
process.exit(failed ? 1 : 0);

/** One row for each fault, count of work and kind of violation; one column for each database. */
function markdown(all) {
  const rows = (of) => [...new Set(all.flatMap((report) => Object.keys(of(report))))];
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const part = (title, of, missing) => [
    line([`**${title}**`, ...all.map(() => "")]),
    ...rows(of).map((name) =>
      line([name, ...all.map((report) => of(report)[name] ?? missing(report, name))]),
    ),
  ];
  return [
    line(["", ...all.map(({ version }) => version.replace(/^\S*\/| for .*| \(Debian.*/g, ""))]),
    line(["---", ...all.map(() => "---:")]),
    ...part(
      "faults that were hit",
      ({ faults }) => faults,
      ({ left }, name) => (name in left ? "not tried" : "–"),
    ),
    ...part(
      "what went on meanwhile",
      ({ work }) => work,
      () => "–",
    ),
    ...part(
      "what did not hold",
      ({ broken }) => broken,
      () => "–",
    ),
  ].join("\n");
}
