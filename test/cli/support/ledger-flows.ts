/** A workflow whose step writes down that it was called, by whom and with which fence. */
"use workflow";
import { appendFileSync } from "node:fs";
import { threadId } from "node:worker_threads";
import { sleep, stepContext } from "coldframe";

export async function work(ledger: string, ms: number, name: string): Promise<string> {
  "use step";
  const { key, fence } = stepContext();
  appendFileSync(ledger, `begin ${name} ${key} ${fence} ${process.pid}.${threadId}\n`);
  await new Promise((resolve) => setTimeout(resolve, ms));
  appendFileSync(ledger, `end ${name} ${key} ${fence} ${process.pid}.${threadId}\n`);
  return `${process.pid}`;
}

export async function flow(ledger: string, ms: number): Promise<string> {
  const first = await work(ledger, ms, "first");
  await sleep(50);
  await work(ledger, 1, "second");
  return first;
}
