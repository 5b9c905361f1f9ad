import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { sha256 } from "../../abi/index.ts";

it("agrees with the platform's SHA-256", () => {
  const expected = (text: string) => createHash("sha256").update(text).digest("hex");
  for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000]) {
    expect(sha256("x".repeat(length))).toBe(expected("x".repeat(length)));
  }
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => sha256(text) === expected(text)),
  );
});
