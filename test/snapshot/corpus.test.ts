/**
 * The golden corpus: values as each released format wrote them, under `fixtures/snapshots/`, always load. `npm run corpus` writes
 * that of the current format; once it is released, its files never change.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { decodeValue, encodeRun, encodeValue, FORMAT_VERSION } from "../../runtime/snapshot/index.ts";
import { valueKinds } from "../../runtime/snapshot/kinds/index.ts";
import { kinds } from "./kinds.ts";
import { answer, begin, hold, load, result } from "./programs.ts";
import { difference } from "./same.ts";

interface Entry {
  readonly name: string;
  /** As the result of a step. */
  readonly value: string;
  /** In a local of a parked run. */
  readonly run: string;
}

const folder = fileURLToPath(new URL("../../fixtures/snapshots", import.meta.url));
const current = `format-${FORMAT_VERSION}.json`;

/** Its bytes are another process's. */
const CHANGING = "buffer whose memory is held";
const lasting = kinds.filter(({ name }) => name !== CHANGING);
/** Nodes that need compiled code or chunks beside them, or a longer tree of plain data than these values are. */
const BESIDE_CODE = ["data", "inside", "large", "listening", "member", "temporal", "tree"];

/** Errors without the places of this machine. */
function withoutStack<T>(make: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

if (process.env["COLDFRAME_CORPUS"] === "write") {
  const entries = lasting.map(({ name, make }): Entry => {
    const value = encodeValue(withoutStack(make));
    const { text } = encodeRun(begin(hold, () => withoutStack(make)));
    return { name, value, run: text };
  });
  if (!existsSync(folder)) mkdirSync(folder);
  writeFileSync(join(folder, current), `${JSON.stringify(entries, null, 1)}\n`);
}

const read = (file: string) => JSON.parse(readFileSync(join(folder, file), "utf8")) as Entry[];

describe.each(readdirSync(folder).filter((file) => /^format-\d+(-early)?\.json$/.test(file)))(
  "%s",
  (file) => {
    it.each(read(file))("still has $name", ({ name, value, run }) => {
      const kind = kinds.find((one) => one.name === name);
      expect(kind, "a kind of the corpus is never taken out of the table").toBeDefined();
      expect(difference(withoutStack(kind!.make), decodeValue(value))).toBeNull();
      const decoded = load(run);
      answer(decoded, null);
      expect(difference(withoutStack(kind!.make), (result(decoded) as { x: unknown }).x)).toBeNull();
    });
  },
);

it("the corpus of the current format has every kind of values that stands without code", () => {
  const entries = read(current);
  expect(entries.map(({ name }) => name)).toEqual(lasting.map(({ name }) => name));
  const texts = entries.map(({ value }) => value).join("\n");
  const missing = [...valueKinds.byTag.keys()].filter((tag) => !texts.includes(`["${tag}"`));
  expect(missing.sort()).toEqual(BESIDE_CODE);
});
