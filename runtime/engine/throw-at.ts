/** An external await is made to throw, although nothing came for it: by a cancel of its run, or of its group. */
import { type Durable, deliver, PENDING, type Run, reject } from "../machine/index.ts";
import { forsakenBy } from "./dependents.ts";

/**
 * Rejects the wait, then the promises that only its fulfilment would have settled: who awaits them waits for it all the same.
 * @param settled lets jobs run in between, which may settle those promises otherwise
 */
export function throwAt(run: Run, wait: Durable, error: () => unknown, settled: () => void = () => {}): void {
  const forsaken = forsakenBy(wait);
  deliver(run, wait.wait!.id, { ok: false, error: error() });
  settled();
  for (const promise of forsaken) {
    if (promise.state !== PENDING || promise.run !== run) continue;
    reject(promise, error());
    settled();
  }
}
