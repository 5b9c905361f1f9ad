import { transactional } from "coldframe";
import type { SqliteTransaction } from "coldframe/sqlite";

/** Says each time that it has done something, so that it can be killed then. */
export const add = transactional(async (tx: SqliteTransaction, run: string, step: number) => {
  tx.run("INSERT INTO counts VALUES (?, ?)", run, step);
  process.stdout.write("step\n");
  await new Promise((resolve) => setImmediate(resolve));
});

export async function count(run: string) {
  "use workflow";
  for (let step = 0; step < 10; step++) await add(run, step);
  return run;
}
