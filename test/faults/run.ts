/** One campaign, as faults-main.mjs asks for it. */
import { writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { campaign, type Report } from "./campaign.ts";
import { type LaboratoryName, openLaboratory } from "./laboratory.ts";

const { FAULTS_SECONDS, FAULTS_RUNS, FAULTS_SEED, FAULTS_DATABASE, FAULTS_REPORT } = process.env;
const seconds = Number(FAULTS_SECONDS);
const database = FAULTS_DATABASE as LaboratoryName;

const write = (report: Report) =>
  writeFileSync(FAULTS_REPORT!, JSON.stringify({ ...report, database, said: [...report.said] }));

it(
  `whatever fails around workers and ${database}, all runs end as the uncompiled programs do`,
  async ({ skip }) => {
    const laboratory = await openLaboratory(database);
    if (typeof laboratory === "string") {
      const nothing = { faults: {}, work: {}, broken: {}, violations: [], said: new Map() };
      write({ database, version: database, left: { everything: laboratory }, ...nothing });
      return skip(laboratory);
    }
    const report = await campaign(laboratory, {
      seed: Number(FAULTS_SEED),
      seconds,
      runs: Number(FAULTS_RUNS),
      // Of many in a short time more are under way: each takes some seconds of sleeping and waiting alone.
      atOnce: Math.max(40, Math.ceil((20 * Number(FAULTS_RUNS)) / seconds)),
      workers: 4,
      pace: 2000,
    });
    write(report);
    expect(report.violations.slice(0, 20)).toEqual([]);
  },
  seconds * 1000 + 1_800_000,
);
