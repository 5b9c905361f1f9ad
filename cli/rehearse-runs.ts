/** What a new build would do with the runs that are parked in a store right now: each is decoded under it, and nothing is written. */
import { pathToFileURL } from "node:url";
import type { Store } from "../runtime/index.ts";
import { Run } from "../runtime/machine/index.ts";
import { type CodePoints, chunkSetOf, decodeRun, describe, parsePoints } from "../runtime/snapshot/index.ts";

export interface Rehearsal {
  /** Runs parked in the store. */
  readonly parked: number;
  /** Those that the new build does not carry on, with the reason. */
  readonly stopped: readonly { readonly run: string; readonly reason: string }[];
  /** How many tasks of them wait at `code at point`. */
  readonly at: ReadonlyMap<string, number>;
}

/** @param files marked modules of the new build, absolute paths; they are loaded, as a worker loads them */
export async function rehearseRuns(store: Store, files: readonly string[]): Promise<Rehearsal> {
  await import("../plugins/register/index.ts");
  for (const file of files) await import(pathToFileURL(file).href);
  await store.migrate();
  const known = new Map<string, CodePoints>();
  for (const { key, body } of await store.read.codes()) known.set(key, parsePoints(body));
  const points = (hash: string, id: string) => known.get(`${id}@${hash}`);
  const versions = (id: string) => [...known.values()].filter((one) => one.id === id);
  const stopped: { run: string; reason: string }[] = [];
  const at = new Map<string, number>();
  let parked = 0;
  let after: string | undefined;
  for (;;) {
    const page = await store.read.runs({ limit: 100, ...(after === undefined ? {} : { after }) });
    for (const { id, status } of page) {
      if (status !== "active" && status !== "suspended" && status !== "blocked") continue;
      const snapshot = (await store.read.run(id))?.snapshot ?? null;
      if (snapshot === null) continue;
      parked++;
      const { bodies: chunks } = chunkSetOf(await store.read.chunks(id));
      for (const { code, point } of describe(snapshot, { points }).tasks) {
        const place = `${code} at ${point}`;
        at.set(place, (at.get(place) ?? 0) + 1);
      }
      try {
        decodeRun(snapshot, new Run(id, null), { points, versions, chunks });
      } catch (error) {
        stopped.push({ run: id, reason: (error as Error).message });
      }
    }
    after = page.at(-1)?.id;
    if (page.length < 100) break;
  }
  return { parked, stopped, at };
}
