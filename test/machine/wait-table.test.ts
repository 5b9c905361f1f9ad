/** A table of waits is a Map in all that can be seen of it. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { WaitTable } from "../../runtime/machine/index.ts";

const id = fc.integer({ min: 0, max: 4 });
const operation = fc.oneof(
  fc.record({ kind: fc.constant("set" as const), id, value: fc.integer() }),
  fc.record({ kind: fc.constant("delete" as const), id }),
  fc.record({ kind: fc.constant("clear" as const) }),
);

test("a table of waits does what a Map does", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 30 }), (operations) => {
      const table = new WaitTable<number>();
      const map = new Map<number, number>();
      for (const one of operations) {
        if (one.kind === "set") {
          table.set(one.id, one.value);
          map.set(one.id, one.value);
        } else if (one.kind === "delete") expect(table.delete(one.id)).toBe(map.delete(one.id));
        else {
          table.clear();
          map.clear();
        }
        expect([...table]).toEqual([...map]);
        expect([...table.keys()]).toEqual([...map.keys()]);
        expect([...table.values()]).toEqual([...map.values()]);
        expect(table.size).toBe(map.size);
        for (let i = 0; i < 5; i++) {
          expect(table.get(i)).toBe(map.get(i));
          expect(table.has(i)).toBe(map.has(i));
        }
      }
    }),
  );
});

test("entries may be deleted while a table is read", () => {
  for (const count of [1, 3]) {
    const table = new WaitTable<string>();
    for (let i = 0; i < count; i++) table.set(i, `v${i}`);
    const seen: number[] = [];
    for (const [key] of table) {
      seen.push(key);
      table.delete(key);
    }
    expect(seen).toHaveLength(count);
    expect(table.size).toBe(0);
  }
});
