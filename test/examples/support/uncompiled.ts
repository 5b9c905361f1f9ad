/** An example as plain Node runs it: the same files, no compiler, no engine, no database. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freeWorld } from "../../../runtime/engine/free.ts";
import { ledgerFetch, readLedger, traceLine } from "./ledger.ts";
import { address } from "./plans.ts";
import { type Program, programs } from "./programs.ts";

export interface Outcome {
  readonly trace: readonly string[];
  readonly result: unknown;
}

/** @param answer what the person says when asked */
export async function uncompiled(name: keyof typeof programs, answer = true): Promise<Outcome> {
  const { program, args, plan } = programs[name] as Program;
  const folder = mkdtempSync(join(tmpdir(), "coldframe-plain-"));
  const ledger = join(folder, "ledger");
  const { fetch } = globalThis;
  address();
  globalThis.fetch = ledgerFetch(ledger, plan, (op, { key }: { key: string }) => {
    if (op === "chat.ask") freeWorld.send(key, answer, "answer");
  });
  try {
    const result = await program(...args);
    return { trace: readLedger(ledger).map(traceLine), result };
  } finally {
    globalThis.fetch = fetch;
    rmSync(folder, { recursive: true });
  }
}
