/** Whether a store is all of what its runs are kept in. */
import { ColdframeError } from "../errors.ts";
import { type Store, SYSTEM_GROUP } from "./store.ts";

/**
 * One of several databases, opened alone, would take events for runs that are in another. Closes the store then.
 * @throws ColdframeError CF3112
 */
export async function checkWhole(store: Store): Promise<void> {
  if (store.partOf !== undefined) return;
  const builds = await store.read.builds();
  // The marks of a sharded store are kept among them.
  if (!builds.some(({ id }) => id.startsWith(SYSTEM_GROUP))) return;
  await store.close();
  throw new ColdframeError(
    "CF3112",
    "this is one of several databases. Give all of them: postgres([url, url])",
  );
}
