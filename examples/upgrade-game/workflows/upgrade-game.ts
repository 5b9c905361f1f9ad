import { sleep } from "coldframe";
import {
  backUpApplication,
  backUpDatabase,
  killServer,
  restoreApplication,
  restoreDatabase,
  startServer,
  stopServer,
  upgradeApplication,
  upgradeDatabase,
} from "./systems.ts";

/** Takes back one thing that was done. */
type Undo = () => Promise<void>;

/**
 * Upgrades a running game to `file`. The database and the application are backed up and upgraded beside each
 * other. Whatever fails, everything that was done is undone in reverse order, once both branches have settled.
 */
export async function upgradeGame(game: number, file: string): Promise<string> {
  "use workflow";
  const undo: Undo[] = [];
  try {
    try {
      await stopServer(game);
    } catch {
      await killServer(game);
    }
    undo.push(() => startServer(game));

    const databaseBranch = async () => {
      const dump = await withPatience(() => backUpDatabase(game));
      undo.push(() => restoreDatabase(game, dump));
      await upgradeDatabase(game, file);
    };
    const applicationBranch = async () => {
      const archive = await backUpApplication(game);
      undo.push(() => restoreApplication(game, archive));
      await upgradeApplication(game, file);
    };
    const branches = await Promise.allSettled([databaseBranch(), applicationBranch()]);
    const failures = branches.flatMap((branch) =>
      branch.status === "rejected" ? [branch.reason as Error] : [],
    );
    if (failures.length > 0) throw new AggregateError(failures, messages(failures));

    await startServer(game);
    return "upgraded";
  } catch (error) {
    const stuck = await rollBack(undo);
    if (stuck.length > 0) return `ROLLBACK FAILED: ${messages(stuck)}`;
    return `rolled back: ${(error as Error).message}`;
  }
}

/** Undoes what was done, last first, and goes on when one of it cannot be undone. Returns what failed. */
async function rollBack(undo: Undo[]): Promise<Error[]> {
  const failures: Error[] = [];
  for (let back = undo.pop(); back !== undefined; back = undo.pop()) {
    try {
      await back();
    } catch (error) {
      failures.push(error as Error);
    }
  }
  return failures;
}

/** Tries up to three times, with a longer pause before each further attempt. */
async function withPatience<T>(attempt: () => Promise<T>): Promise<T> {
  for (let made = 1; ; made++) {
    try {
      return await attempt();
    } catch (error) {
      if (made === 3) throw error;
      await sleep(100 * made);
    }
  }
}

function messages(errors: readonly Error[]): string {
  return errors.map((error) => error.message).join("; ");
}
