/** Writes to the store on behalf of runs: again and again while the database fails, with failpoints around each. */
import type { Settings } from "./ports.ts";
import type { Write, WriteOutcome } from "./store.ts";

/** Waits between two tries while the database fails, in ms. */
const FIRST_WAIT = 100;
const LONGEST_WAIT = 5000;

/**
 * @param wanted is asked before each further try; false gives up
 * @param done gets the outcome, or null when it was given up
 */
export function writeForever(
  settings: Settings,
  write: Write,
  wanted: () => boolean,
  done: (outcome: WriteOutcome | null) => void,
  wait: number = FIRST_WAIT,
): void {
  const { store, failpoint, clock, log, random } = settings;
  failpoint("commit:before");
  store.commit([write]).then(
    ([outcome]) => {
      failpoint("commit:after");
      done(outcome!);
    },
    (error) => {
      if (!wanted()) {
        done(null);
        return;
      }
      log({ level: "error", message: "the store failed; the write is tried again", run: write.run, error });
      clock.setTimeout(
        () => {
          if (wanted()) writeForever(settings, write, wanted, done, Math.min(LONGEST_WAIT, wait * 2));
          else done(null);
        },
        wait * (0.5 + random() / 2),
      );
    },
  );
}
