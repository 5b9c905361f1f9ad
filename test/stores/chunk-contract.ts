/** What every store promises about chunks of large values. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Chunk, Claimed, Store, Turn } from "../../runtime/engine/store.ts";
import { ANY, newRun, passed, type StoreUnderTest, turnOf, worker } from "./contract.ts";

export function describeChunks(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`chunks in ${name}`, () => {
    let under: StoreUnderTest;
    let store: Store;

    beforeEach(async () => {
      under = await make();
      store = await under.connect();
      await store.renew(worker("w1"), true);
    });
    afterEach(() => under.dispose());

    const claimOne = async () => (await store.claim("w1", 1, ANY))[0]!;

    const text = { hash: "t".repeat(43), body: 'half of a "text" äöü 漢字 😀'.repeat(5000) };
    const bytes = { hash: "b".repeat(43), body: Uint8Array.from({ length: 70_000 }, (_, i) => i & 255) };
    const more = { hash: "m".repeat(43), body: "more" };
    const add = (...added: Chunk[]) => ({ chunks: { added, dropped: [] } });
    const drop = (...dropped: Chunk[]) => ({
      chunks: { added: [], dropped: dropped.map(({ hash }) => hash) },
    });
    const kept = async (run: string) =>
      (await store.read.chunks(run)).map(({ hash, body }) => ({
        hash,
        body: typeof body === "string" ? body : Uint8Array.from(body),
      }));
    const commit = async (claimed: Claimed, turn: number, extra: Partial<Turn>) =>
      (await store.commit([turnOf({ ...claimed, turn }, { keep: true, ...extra })]))[0];

    it("come with the claim, as they were", async () => {
      await store.start([newRun("a")], null);
      const claimed = await claimOne();
      expect(claimed.chunks).toEqual([]);
      passed((await store.commit([turnOf(claimed, { due: 0, ...add(text, bytes) })]))[0]);
      const again = await claimOne();
      expect(again.chunks.map(({ hash }) => hash).sort()).toEqual([bytes.hash, text.hash]);
      expect(await kept("a")).toEqual(expect.arrayContaining([text, bytes]));
      expect(await kept("nobody")).toEqual([]);
    });

    it("stay while a run refers to them, and go with the last", async () => {
      await store.start([newRun("a"), newRun("b")], null);
      const [a, b] = (await store.claim("w1", 2, ANY)) as [Claimed, Claimed];
      passed(await commit(a, 0, add(text, more)));
      passed(await commit(b, 0, add({ ...text, body: "never written: its name is known" })));
      expect(await kept("b")).toEqual([text]);
      passed(await commit(a, 1, drop(text)));
      expect(await kept("a")).toEqual([more]);
      expect(await kept("b")).toEqual([text]);
      passed(await commit(b, 1, drop(text)));
      // Were it still there, its old content would come back.
      const other = { ...text, body: "another" };
      passed(await commit(b, 2, add(other)));
      expect(await kept("b")).toEqual([other]);
    });

    it("go with the end of their run, but not those of others", async () => {
      await store.start([newRun("a"), newRun("b")], null);
      const [a, b] = (await store.claim("w1", 2, ANY)) as [Claimed, Claimed];
      passed(await commit(a, 0, add(text, more)));
      passed(await commit(b, 0, add(text)));
      passed(await commit(a, 1, { snapshot: null, keep: false, end: { status: "done", value: "1" } }));
      expect(await kept("a")).toEqual([]);
      expect(await kept("b")).toEqual([text]);
      const other = { ...more, body: "other" };
      passed(await commit(b, 1, add(other)));
      expect(await kept("b")).toEqual(expect.arrayContaining([text, other]));
    });

    it("are shared with a clone of their run, and go with an end by force", async () => {
      await store.start([newRun("a")], null);
      passed(await commit(await claimOne(), 0, add(text)));
      expect(await store.clone("a", { id: "b", secret: "s", turn: 1, state: null })).toBe("cloned");
      expect(await store.cancel("a", '"gone"')).toBe(true);
      expect(await kept("a")).toEqual([]);
      expect(await kept("b")).toEqual([text]);
      expect(await store.cancel("b", '"gone"')).toBe(true);
      await store.start([newRun("c")], null);
      const other = { ...text, body: "another" };
      passed(await commit(await claimOne(), 0, add(other)));
      expect(await kept("c")).toEqual([other]);
    });

    it("are neither written nor collected by a turn that is fenced", async () => {
      await store.start([newRun("a")], null);
      const lost = await claimOne();
      passed(await commit(lost, 0, add(text)));
      await store.retire("w1");
      await store.renew(worker("w2"), true);
      const [mine] = await store.claim("w2", 1, ANY);
      const chunks = { added: [more], dropped: [text.hash] };
      expect(await commit(lost, 1, { chunks })).toMatchObject({ passed: false, fenced: true });
      expect(await kept("a")).toEqual([text]);
      expect(mine!.chunks.map(({ hash }) => hash)).toEqual([text.hash]);
      passed((await store.commit([turnOf(mine!, { worker: "w2", chunks })]))[0]);
      expect(await kept("a")).toEqual([more]);
    });

    it("count once when the answer to a turn was lost", async () => {
      await store.start([newRun("a"), newRun("b")], null);
      const [a, b] = (await store.claim("w1", 2, ANY)) as [Claimed, Claimed];
      passed(await commit(a, 0, add(text)));
      passed(await commit(a, 0, add(text)));
      passed(await commit(b, 0, add(text)));
      passed(await commit(a, 1, drop(text)));
      passed(await commit(a, 1, drop(text)));
      expect(await kept("b")).toEqual([text]);
    });

    it("are seen by other connections, and shared between them", async () => {
      const other = await under.connect();
      await other.renew(worker("w2"), true);
      await store.start([newRun("a"), newRun("b")], null);
      const [a] = await store.claim("w1", 1, ANY);
      const [b] = await other.claim("w2", 1, ANY);
      await Promise.all([
        store.commit([turnOf(a!, { keep: true, ...add(text) })]),
        other.commit([turnOf(b!, { worker: "w2", keep: true, ...add(text) })]),
      ]);
      passed(
        (await other.commit([turnOf({ ...b!, turn: 1 }, { worker: "w2", keep: true, ...drop(text) })]))[0],
      );
      expect((await other.read.chunks(a!.id)).map(({ hash }) => hash)).toEqual([text.hash]);
      expect(await other.read.chunks(b!.id)).toEqual([]);
    });
  });
}
