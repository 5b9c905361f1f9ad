/** Values that no frame can hold are found by their types, before anything runs; and nothing else is. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { findingsOf, formatFinding } from "../../checker/index.ts";
import { ownProgram, root } from "./program.ts";

const file = "fixtures/unsavable/values.ts";
const all = findingsOf(ownProgram());

/** Of a function or method that begins in a line. */
const nameIn = (line: string) => /(?:function|^ {2}async) (\w+)/.exec(line)?.[1];

test("every value of the table is found, and none that can be saved", () => {
  const source = readFileSync(`${root}${file}`, "utf8").split("\n");
  const expected = new Map<string, string>();
  const warned = new Set<string>();
  source.forEach((line, i) => {
    const said = /^ *\/\/ ((?:refused|(warned)): (.*)|saved)$/.exec(line);
    const name = nameIn(source[i + 1] ?? "");
    if (said !== null) expected.set(name!, said[3] ?? "");
    if (said?.[2] !== undefined) warned.add(name!);
  });
  expect(expected.size).toBeGreaterThan(30);
  const found = new Map<string, string>([...expected.keys()].map((name) => [name, ""]));
  for (const one of all) {
    if (one.places[0]!.file !== file) continue;
    expect(one.code).toBe("CF2101");
    let line = one.places.find(({ note }) => note === "the run parks here")!.line;
    while (!/^(export )?async function|^ {2}async \w+\(\) \{$/.test(source[line]!)) line--;
    const name = nameIn(source[line]!)!;
    expect(found.get(name), name).toBe("");
    expect(one.severity, name).toBe(warned.has(name) ? "warning" : "error");
    found.set(name, one.message);
  }
  for (const [name, text] of expected) {
    const message = found.get(name)!;
    if (text === "") expect(message, name).toBe("");
    for (const part of text.split(" … ")) expect(message, name).toContain(part);
  }
});

test("what goes into steps and comes out of them", () => {
  const name = "fixtures/unsavable/steps.ts";
  const source = readFileSync(`${root}${name}`, "utf8").split("\n");
  const expected = source.flatMap((line, i) => {
    const message = /^ *\/\/ refused: (.*)$/.exec(line)?.[1];
    return message === undefined ? [] : [{ message, line: i + 2 }];
  });
  expect(expected.length).toBeGreaterThan(7);
  const found = all.filter(
    ({ places, message }) => places[0]!.file === name && !message.includes("is still needed after"),
  );
  expect(found.map(({ code }) => code)).toEqual(expected.map(() => "CF2101"));
  const messages = (list: readonly { readonly message: string }[]) =>
    list.map(({ message }) => message).sort();
  expect(messages(found)).toEqual(messages(expected));
  // Where it stands, or in the body of that step.
  for (const { message, line } of expected) {
    const at = found.find((one) => one.message === message)!.places[0]!.line;
    expect([line, line + 1, line + 2]).toContain(at);
  }
});

test("a finding has the layout of all errors", () => {
  const one = all.find(({ message, places }) => message.startsWith('"socket"') && places[0]!.file === file)!;
  expect(
    formatFinding(one),
  ).toBe(`CF2101 "socket" is still needed after this await, but a Socket cannot be saved
  fixtures/unsavable/values.ts:36:3    const socket = connect();
  fixtures/unsavable/values.ts:37:3    await charge("c");           the run parks here
  fixtures/unsavable/values.ts:38:3    socket.write("paid");        and needs "socket" again here
Open it inside the step that uses it, be done with it before the await, or register it with resource("socket", …).`);
});

/** What is right about the fixtures and examples, and meant so there. */
const meant: readonly string[] = [];

test("fixtures and examples raise no false alarm", () => {
  const wrong = all
    .filter(({ places }) => /^(fixtures|examples)\//.test(places[0]!.file))
    .filter(({ places }) => !/^fixtures\/(unsavable|calls)\//.test(places[0]!.file))
    .map((one) => formatFinding(one))
    .filter((text) => !meant.some((known) => text.includes(known)));
  expect(wrong).toEqual([]);
});
