/**
 * A realm of its own for each run of a program, with or without a machine in it: the runtime as one classic script, evaluated
 * in a fresh context. So programs may do to the built-ins what they want.
 */
import { fileURLToPath } from "node:url";
import vm from "node:vm";
import { build } from "vite";

/** What the runtime may expect of a platform, beyond the language. */
const platform = {
  ...{ AbortController, AbortSignal, DOMException, Headers, URL, URLSearchParams, console },
  ...{ TextDecoder, TextEncoder, queueMicrotask, structuredClone },
  // No time passes: a timer is a turn of the event loop.
  setTimeout: (f: (...args: unknown[]) => void, _delay: number, ...args: unknown[]) =>
    setImmediate(f, ...args),
  clearTimeout: (timer: NodeJS.Immediate) => clearImmediate(timer),
};

/** The runtime with `coldframe/testing` as one script. */
export async function bundleRuntime(): Promise<vm.Script> {
  const output = await build({
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      target: "es2022",
      minify: false,
      lib: {
        entry: fileURLToPath(new URL("../../runtime/testing/index.ts", import.meta.url)),
        formats: ["iife"],
        name: "coldframeTesting",
        fileName: "runtime",
      },
    },
  });
  const [first] = Array.isArray(output) ? output : [output];
  if (!("output" in first!)) throw new Error("the runtime could not be bundled");
  return new vm.Script(first.output[0].code, { filename: "runtime.js" });
}

export interface Outcome {
  /** `passed`, or why not. */
  readonly end: string;
  readonly printed: readonly string[];
}

export interface Evaluation {
  /** Null: natively. */
  readonly runtime: vm.Script | null;
  readonly parked: boolean;
  readonly harness: string;
  readonly program: string;
  readonly filename: string;
  /** The program calls `done`. */
  readonly isAsync: boolean;
}

/** Turns of the event loop after which a program that is not done is stuck. */
const PATIENCE = 50;

export async function evaluate(run: Evaluation): Promise<Outcome> {
  const printed: string[] = [];
  let end: string | null = null;
  const context = vm.createContext({
    ...platform,
    print: (...parts: unknown[]) => void printed.push(parts.map(String).join(" ")),
    done: (error?: unknown) => {
      end ??= error === undefined ? "passed" : describe(error);
    },
  });
  if (run.runtime !== null) {
    run.runtime.runInContext(context);
    if (run.parked) vm.runInContext('coldframeTesting.parkEverywhere({ at: "job" })', context);
    vm.runInContext("delete globalThis.coldframeTesting", context);
  }
  try {
    vm.runInContext(run.harness, context, { filename: "harness.js" });
    vm.runInContext(run.program, context, { filename: run.filename });
    if (!run.isAsync) end = "passed";
  } catch (error) {
    end = describe(error);
  }
  for (let turn = 0; turn < PATIENCE && (end === null || turn < 2); turn++)
    await new Promise((resolve) => setImmediate(resolve));
  return { end: end ?? "never done", printed };
}

function describe(error: unknown): string {
  const { name, message, stack } = error as Error;
  const text = typeof message === "string" ? `${name ?? "Failure"}: ${message}` : String(error);
  return process.env["CONFORMANCE_STACK"] ? `${text}\n${stack}` : text;
}
