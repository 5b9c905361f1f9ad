import { describe, expect, test } from "vitest";
import type { Page } from "../../cli/page.ts";
import { readArguments } from "../../cli/read-arguments.ts";

const nothing = async () => {};
const pages: readonly Page[] = [
  {
    name: "runs",
    summary: "",
    args: { limit: { type: "string", valueHint: "n", description: "" } },
    examples: [],
    run: nothing,
  },
  {
    name: "send",
    summary: "",
    args: {
      key: { type: "positional", description: "the event's key" },
      payload: { type: "positional", description: "JSON" },
    },
    examples: [],
    run: nothing,
  },
  { name: "work", summary: "", args: {}, rest: "module", examples: [], run: nothing },
];

function read(line: string, env: Record<string, string> = {}) {
  const request = readArguments(line === "" ? [] : line.split(" "), pages, env);
  if (request.kind !== "run") return { kind: request.kind };
  const { values, rest, store, seal, json } = request.invocation;
  return { page: request.page.name, values, rest, store, seal, json };
}

describe("the command line", () => {
  test.each([
    ["runs --store a.db --json", "a.db"],
    ["--store a.db runs --json", "a.db"],
    ["--json --store=a.db runs", "a.db"],
  ])("takes options on both sides of the command: %s", (line, store) => {
    expect(read(line)).toMatchObject({ page: "runs", store, json: true });
  });

  test("finds the database in the environment, else by its usual name", () => {
    expect(read("runs", { COLDFRAME_STORE: "e.db" })).toMatchObject({ store: "e.db" });
    expect(read("runs --store a.db", { COLDFRAME_STORE: "e.db" })).toMatchObject({ store: "a.db" });
    expect(read("runs")).toMatchObject({ store: "coldframe.db" });
  });

  test("finds the module that seals on both sides of the command, else in the environment", () => {
    expect(read("--seal a.ts runs")).toMatchObject({ page: "runs", seal: "a.ts" });
    expect(read("runs --seal a.ts", { COLDFRAME_SEAL: "e.ts" })).toMatchObject({ seal: "a.ts" });
    expect(read("runs", { COLDFRAME_SEAL: "e.ts" })).toMatchObject({ seal: "e.ts" });
    expect(read("runs")).toMatchObject({ seal: null });
  });

  test("takes a negative number for a value", () => {
    expect(read("send k -5 --json")).toMatchObject({ values: { key: "k", payload: "-5" }, json: true });
    expect(read("send k -- -5.5")).toMatchObject({ values: { key: "k", payload: "-5.5" } });
  });

  test("takes any number of modules where they are wanted", () => {
    expect(read("work a.ts b.ts")).toMatchObject({ rest: ["a.ts", "b.ts"] });
  });

  test("knows help and version", () => {
    expect(read("--help").kind).toBe("help");
    expect(read("runs --help").kind).toBe("help");
    expect(read("help runs").kind).toBe("help");
    expect(read("--version").kind).toBe("version");
  });

  test.each([
    ["", "a command is missing"],
    ["rusn", "did you mean runs?"],
    ["explode", "one of runs, send, work"],
    ["runs --colour", "no option --colour"],
    ["runs extra", '"extra" is one argument too many'],
    ["runs --limit", "--limit needs a value"],
    ["send", "<key> is missing"],
    ["send k", "<payload> is missing"],
    ["send k a b", '"b" is one argument too many'],
  ])("refuses %j: %s", (line, message) => {
    expect(() => read(line)).toThrow(message);
  });
});
