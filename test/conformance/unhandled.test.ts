/** What the platform sees of compiled functions that are called outside of any run: as natively. */
import { types } from "node:util";
import vm from "node:vm";
import { afterEach, beforeEach, expect, test } from "vitest";
import { compile } from "../../compiler/index.ts";
import "../../runtime/machine/index.ts";
import { type Parking, parkEverywhere } from "../../runtime/testing/index.ts";

type Listener = (...args: unknown[]) => void;
let reported: string[];
let others: Listener[];
let parking: Parking | null = null;

const note = (reason: unknown) => void reported.push(`unhandled ${String(reason)}`);
const noteHandled = () => void reported.push("handled");

beforeEach(() => {
  reported = [];
  others = process.listeners("unhandledRejection") as Listener[];
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", note);
  process.on("rejectionHandled", noteHandled);
});
afterEach(() => {
  parking?.stop();
  parking = null;
  process.removeAllListeners("unhandledRejection");
  process.removeListener("rejectionHandled", noteHandled);
  for (const one of others) process.on("unhandledRejection", one);
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function reports(source: string, regime: "native" | "compiled" | "parked"): Promise<string[]> {
  if (regime === "parked") parking = parkEverywhere();
  const options = { filename: "unhandled.js", sourceType: "script", mark: "all" } as const;
  vm.runInThisContext(regime === "native" ? source : compile(source, options).code!);
  for (let i = 0; i < 5; i++) await turn();
  return reported;
}

test.each([
  ["a rejection that nobody handles", `(async () => { await 0; throw "a"; })();`, ["unhandled a"]],
  [
    "one that is awaited in vain",
    `(async () => { await (async () => { await 0; throw "b"; })(); })();`,
    ["unhandled b"],
  ],
  [
    "one that is handled in time",
    `(async () => { const p = (async () => { throw "c"; })(); try { await p; } catch {} })();`,
    [],
  ],
  [
    "one that is handled too late",
    `(async () => { const p = (async () => { throw "d"; })(); await new Promise((f) => setTimeout(f)); await p.catch(() => {}); })();`,
    ["unhandled d", "handled"],
  ],
  [
    "a promise that is rejected inside",
    `(async () => { await 0; Promise.reject("e"); new Promise((_, r) => r("f")); })();`,
    ["unhandled e", "unhandled f"],
  ],
  [
    "then without handler",
    `(async () => { await 0; (async () => { throw "g"; })().then(() => {}); })();`,
    ["unhandled g"],
  ],
])("%s", async (_, source, expected) => {
  const timers = source.includes("setTimeout");
  for (const regime of ["native", "compiled", "parked"] as const) {
    reported = [];
    const seen = await reports(timers ? source.replace("setTimeout", "setImmediate") : source, regime);
    expect([regime, ...seen]).toEqual([regime, ...expected]);
    parking?.stop();
    parking = null;
  }
});

test("unmarked callers get promises of the platform", async () => {
  const text = compile(
    "globalThis.$$f = async (x) => { await 0; return x; }; globalThis.$$g = async () => $$f(1);",
    {
      filename: "brand.js",
      sourceType: "script",
      mark: "all",
    },
  );
  vm.runInThisContext(text.code!);
  const { $$f, $$g } = globalThis as unknown as Record<string, (x?: unknown) => Promise<unknown>>;
  const p = $$f!(1);
  expect([
    types.isPromise(p),
    Object.getPrototypeOf(p) === Promise.prototype,
    p.constructor === Promise,
  ]).toEqual([true, true, true]);
  expect(await $$g!()).toBe(1);
  expect(p).not.toBe($$f!(1));
});
