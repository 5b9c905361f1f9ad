/** Errands that were with workers which died too often. They are the store's own, so no person is asked about them. */
import { type Store, SYSTEM_GROUP } from "../../runtime/engine/store.ts";

export async function unblockErrands(store: Store): Promise<void> {
  const blocked = await store.read.runs({ status: "blocked", group: SYSTEM_GROUP, limit: 1000 });
  for (const { id } of blocked) await store.unblock(id, null);
}
