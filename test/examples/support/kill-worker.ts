/**
 * The process that the kill matrix kills: carries one run of one example on until it has ended.
 *
 *   node kill-worker.js <program> <database> <ledger> …
 *
 * Several, each with a database and a ledger of its own, one after the other: to begin a process takes ten times as long.
 * `COLDFRAME_KILL_AT=n` kills it with SIGKILL at the n-th failpoint. Prints `end` with the outcome and the failpoints
 * passed as the last line of each.
 */
import { createEngine } from "coldframe";
import { sqlite } from "coldframe/sqlite";
import { append, ledgerFetch, readLedger } from "./ledger.ts";
import { address } from "./plans.ts";
import { type Program, programs } from "./programs.ts";

const [name, ...files] = process.argv.slice(2) as [keyof typeof programs, ...string[]];
const { program, args, plan } = programs[name] as Program;
const killAt = Number(process.env["COLDFRAME_KILL_AT"] ?? "0");

for (let i = 0; i < files.length; i += 2) await carryOn(files[i]!, files[i + 1]!);

async function carryOn(database: string, ledger: string): Promise<void> {
  const beginProcess = () => append(ledger, { kind: "--", op: "process", key: "", value: killAt, ok: true });
  beginProcess();
  address();
  const failpoints: string[] = [];
  const engine = await createEngine({
    store: sqlite(database),
    lease: 400,
    // Stalled for longer than its lease, it begins anew as another worker: what was in flight may be repeated.
    log({ message }) {
      if (message === "the run is owned by another worker now") beginProcess();
    },
    failpoint(point: string) {
      failpoints.push(point);
      if (failpoints.length === killAt) process.kill(process.pid, "SIGKILL");
    },
  });

  /** The person: says yes to every question, once, however often it is put. */
  const answer = (key: string) => engine.send(key, true, { id: "yes" });
  globalThis.fetch = ledgerFetch(ledger, plan, (op, { key }: { key: string }) => {
    if (op === "chat.ask") void answer(key);
  });
  for (const { kind, op, value } of readLedger(ledger)) {
    if (kind === "->" && op === "chat.ask") await answer((value as { key: string }).key);
  }

  const run = await engine.start(program, [...args], { id: "victim" });
  const result = await run.result();
  await engine.close();
  console.log(`end ${JSON.stringify({ result, failpoints })}`);
}
