/** `docs/snapshot-format.md` names each node that the tables of kinds can write and read. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runKinds, valueKinds } from "../../runtime/snapshot/kinds/index.ts";

const page = readFileSync(fileURLToPath(new URL("../../docs/snapshot-format.md", import.meta.url)), "utf8");

test.each(
  ([...new Set([...runKinds.byTag.keys(), ...valueKinds.byTag.keys()])] as string[]).filter(
    (tag) => tag !== "",
  ),
)("the node %s is described", (tag) => {
  expect(page).toMatch(new RegExp(`\`\\["${tag.replace(/[^\w-]/g, "\\$&")}"[\\],]`));
});
