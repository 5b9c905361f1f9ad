import { transactional } from "coldframe";

interface Transaction {
  query(sql: string): Promise<unknown>;
}

/** Says each time that it has written something, and stands still at the one that is to be killed. */
export const add = transactional(async (tx: Transaction, table: string, run: string, step: number) => {
  await tx.query(`INSERT INTO ${table} VALUES ('${run}', ${step})`);
  if (process.env.STOP_AT !== String(step)) return;
  process.stdout.write("written\n");
  await new Promise(() => {});
});

export async function count(table: string, run: string) {
  "use workflow";
  for (let step = 0; step < 4; step++) await add(table, run, step);
  return run;
}
