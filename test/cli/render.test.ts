import { describe, expect, test } from "vitest";
import { excerpt } from "../../cli/render/source.ts";
import { plain, styleFor } from "../../cli/render/style.ts";
import { shorten, table } from "../../cli/render/table.ts";
import { relative } from "../../cli/render/time.ts";
import { logLine } from "../../cli/work-here.ts";

const day = 86_400_000;

describe("times", () => {
  const now = 1_000 * day;
  test.each([
    [now, "just now"],
    [now - 999, "just now"],
    [now - 1_000, "1 s ago"],
    [now - 59_999, "59 s ago"],
    [now - 90_000, "1 min ago"],
    [now - 2 * 3_600_000, "2 h ago"],
    [now - day, "1 day ago"],
    [now + 30_000, "in 30 s"],
    [now + 3 * day, "in 3 days"],
    [now + 3 * day - 40_000, "in 3 days"],
    [now + 3 * day - 61_000, "in 2 days"],
  ])("%i is %s", (instant, text) => {
    expect(relative(instant, now)).toBe(text);
  });
});

describe("tables", () => {
  const columns = [{ title: "RUN", shrinks: true }, { title: "STATUS" }, { title: "NEXT", shrinks: true }];
  const row = [
    "an-id-that-is-far-too-long-for-a-terminal-0123456789",
    "active",
    "blocked since nothing can ever wake it again",
  ];

  test("fit the terminal, both ends of what was shortened still there", () => {
    const lines = table(columns, [row], 80, plain).split("\n");
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    expect(lines[1]).toMatch(/^an-id.*….*6789 {2}active {2}blocked.*….*again$/);
  });

  test("are no wider than their contents", () => {
    expect(table(columns, [["a", "done", ""]], 80, plain)).toBe("RUN  STATUS  NEXT\na    done");
  });

  test("shorten counts characters, not UTF-16 units", () => {
    expect(shorten("🙂🙂🙂🙂🙂", 3)).toBe("🙂…🙂");
  });
});

describe("source", () => {
  const text = ["a", "b", "  const x = await y();", "d", "e", "f"].join("\n");

  test("marks the parked line and the await", () => {
    expect(excerpt(text, 3, 12, 80, plain)).toBe(
      [
        "  1 | a",
        "  2 | b",
        "> 3 |   const x = await y();",
        "    |             ^",
        "  4 | d",
        "  5 | e",
      ].join("\n"),
    );
  });

  test("is absent when the file is shorter now", () => {
    expect(excerpt(text, 9, 0, 80, plain)).toBeNull();
  });
});

describe("colours", () => {
  test("are for terminals that want them", () => {
    expect(styleFor({ isTTY: true }, {}).bad("x")).not.toBe("x");
    expect(styleFor({ isTTY: true }, { NO_COLOR: "1" }).bad("x")).toBe("x");
    expect(styleFor({ isTTY: true }, { TERM: "dumb" }).bad("x")).toBe("x");
    expect(styleFor({}, {}).bad("x")).toBe("x");
  });
});

describe("log lines", () => {
  const lost = Object.assign(new TypeError("the socket is closed", { cause: new Error("reset") }), {
    code: "ECONNRESET",
    sent: 3n,
  });
  Object.assign(lost, { request: { error: lost } });
  const entry = { level: "error", message: "the store failed", run: "r", error: lost } as const;

  test("for machines tell of the error, whatever hangs on it", () => {
    const line = logLine(entry, true);
    expect(line).not.toContain("\n");
    expect(JSON.parse(line)).toMatchObject({
      ...{ level: "error", message: "the store failed", run: "r" },
      error: {
        ...{ name: "TypeError", message: "the socket is closed", code: "ECONNRESET", sent: "3" },
        cause: { message: "reset" },
        request: { error: "[circular]" },
      },
    });
    expect(JSON.parse(logLine({ level: "warn", message: "m", error: "text" }, true)).error).toBe("text");
  });

  test("for people are its message", () => {
    expect(logLine(entry, false)).toBe("error r: the store failed\n  the socket is closed");
  });
});
