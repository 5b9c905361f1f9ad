/** A run whose turns do nothing but compute, for threads.mjs. */
"use workflow";
import { sleep } from "coldframe";

export async function spin(rounds: number): Promise<number> {
  let n = 0;
  for (let turn = 0; turn < 2; turn++) {
    for (let i = 0; i < rounds; i++) n = (n * 31 + i) % 1_000_003;
    await sleep(1);
  }
  return n;
}
