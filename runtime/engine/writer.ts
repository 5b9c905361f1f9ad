/** Writes to the store on behalf of runs: again and again while the database fails, with failpoints around each. */
import type { Settings } from "./ports.ts";
import type { Write, WriteOutcome } from "./store.ts";

/** Waits between two tries while the database fails, in ms. */
const FIRST_WAIT = 100;
const LONGEST_WAIT = 5000;

/**
 * @param given is asked before each further try; false gives up
 * @returns the outcome, or null when it was given up
 */
export async function writeForever(
  settings: Settings,
  write: Write,
  given: () => boolean,
): Promise<WriteOutcome | null> {
  const { store, failpoint, clock, log } = settings;
  for (let wait = FIRST_WAIT; ; wait = Math.min(LONGEST_WAIT, wait * 2)) {
    failpoint("commit:before");
    try {
      const [outcome] = await store.commit([write]);
      failpoint("commit:after");
      return outcome!;
    } catch (error) {
      if (!given()) return null;
      log({ level: "error", message: "the store failed; the write is tried again", run: write.run, error });
      await new Promise<void>((resolve) => {
        clock.setTimeout(resolve, wait * (0.5 + settings.random() / 2));
      });
      if (!given()) return null;
    }
  }
}
