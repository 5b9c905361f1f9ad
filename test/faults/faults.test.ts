/** `npm run faults -- --time 600 --database postgres --seed 1`: see campaign.ts. */
import { writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { campaign } from "./campaign.ts";
import { type DatabaseName, openLaboratory } from "./laboratory.ts";

const env = process.env;
const seconds = Number(env["FAULTS_SECONDS"] ?? "5");
const seed = Number(env["FAULTS_SEED"] ?? "1");
const databases = (env["FAULTS_DATABASE"]?.split(",") ?? ["postgres"]) as DatabaseName[];

it.each(databases)(
  "whatever fails around workers and %s, all runs end as the uncompiled programs do",
  async (name) => {
    const laboratory = await openLaboratory(name);
    if (typeof laboratory === "string") throw new Error(laboratory);
    const long = seconds > 10;
    const report = await campaign(laboratory, {
      seed,
      seconds,
      runs: long ? 60 : 20,
      workers: long ? 4 : 2,
      pace: long ? 2000 : 1000,
    });
    if (env["FAULTS_REPORT"] !== undefined)
      writeFileSync(env["FAULTS_REPORT"], JSON.stringify({ ...report, said: [...report.said] }, null, 1));
    expect(report.violations.slice(0, 20)).toEqual([]);
  },
  seconds * 1000 + 400_000,
);
