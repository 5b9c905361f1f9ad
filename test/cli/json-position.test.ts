import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonMistake } from "../../cli/json-position.ts";
import { parsePayload } from "../../cli/parse-payload.ts";

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe("where a text stops being JSON", () => {
  test.each([
    ["yes", 0],
    ["", 0],
    ['{"a":}', 5],
    ["{a:1}", 1],
    ["[1,2", 4],
    ["'x'", 0],
    ["tru", 3],
    ['{"a": 1,}', 8],
    ["01", 1],
    ["-", 0],
    ["1.", 1],
    ['"abc', 4],
    ['"a\nb"', 2],
    ["1 2", 2],
  ])("%j at %i", (text, at) => {
    expect(jsonMistake(text)).toBe(at);
  });

  test("agrees with JSON.parse on valid texts", () => {
    fc.assert(fc.property(fc.json({ depthSize: "medium" }), (text) => jsonMistake(text) === null));
  });

  test("agrees with JSON.parse on texts with one character changed", () => {
    const edit = fc.tuple(
      fc.json(),
      fc.nat(200),
      fc.constantFrom("", "{", "]", '"', ",", "\\", "\u0001", "\u2028", "7"),
    );
    fc.assert(
      fc.property(edit, ([json, at, put]) => {
        const text = json.slice(0, at % (json.length + 1)) + put + json.slice((at % (json.length + 1)) + 1);
        return (jsonMistake(text) === null) === isJson(text);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("the payload of send", () => {
  test("is any JSON", () => {
    expect(parsePayload(' {"yes": [true, null]} ')).toEqual({ yes: [true, null] });
  });

  test("is quoted, with a mark under the mistake", () => {
    expect(() => parsePayload('{"ok": yes}')).toThrow(/character 8, "y"\.\n\n {2}\{"ok": yes\}\n {9}\^\n/);
  });

  test("gets advice about quotes", () => {
    expect(() => parsePayload("approved by me")).toThrow(`'"approved by me"'`);
    expect(() => parsePayload("")).toThrow("null");
  });
});
