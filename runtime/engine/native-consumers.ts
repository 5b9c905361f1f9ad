/**
 * Refuses external awaits whose outcome only unmarked code would get: an uncompiled helper that awaits a step. Such
 * code cannot be in a snapshot, so the await would work until the first restore and then be gone without a word.
 *
 * The helper subscribes in a microtask of its own, when nothing of it is on the stack. So its name is taken from the
 * stack where the wait is made, the first time for each site; sites that proved well are not looked at again.
 */
import type { Code } from "../../abi/index.ts";
import { ColdframeError } from "../errors.ts";
import { Durable, deliver, drain, loaded, machine } from "../machine/index.ts";
import type { Activation } from "./activation.ts";
import type { Owner } from "./owner.ts";
import { type Consumers, consumerOf, consumersOf } from "./waits.ts";

interface Site {
  readonly error: Error;
  readonly what: string;
  readonly code: Code | null;
  readonly ip: number;
}

const sites = new WeakMap<Durable, Site>();
/** Sites of compiled code that await what they call: by function, called name and the suspend point before. */
const proven = new WeakMap<Code, Map<string, Set<number>>>();

/** To be called where an external wait is made. @param what the name of the function that the user called */
export function noteSite(promise: Durable, what: string): void {
  const { top } = machine;
  const code = top?.code ?? null;
  const ip = top?.ip ?? 0;
  if (code !== null && proven.get(code)?.get(what)?.has(ip)) return;
  sites.set(promise, { error: new Error(what), what, code, ip });
}

/**
 * Looks at who waits for the fresh waits of a run. @returns false when it has to be asked again, a few microtasks later
 */
export function lookAtConsumers(activation: Activation, worker: Owner): boolean {
  if (activation.looked === "looking") return false;
  if (activation.fresh.size === 1) {
    const [id] = activation.fresh.keys();
    const promise = activation.run!.waits.get(id!);
    if (promise?.reactions instanceof Durable) {
      prove(promise);
      activation.looked = "yes";
      return true;
    }
  }
  const waits = [...activation.fresh.keys()]
    .map((id) => activation.run!.waits.get(id))
    .filter((promise) => promise !== undefined);
  const consumers = waits.map(consumersOf);
  if (consumers.includes("none")) {
    activation.looked = "looking";
    void afterMicrotasks().then(() => {
      activation.looked = "yes";
      if (activation.phase !== "open") return;
      if (!refuseNative(activation, waits, waits.map(consumersOf), worker)) worker.settle(activation);
    });
    return false;
  }
  activation.looked = "yes";
  return !refuseNative(activation, waits, consumers, worker);
}

/** An await of unmarked code on a thenable takes one microtask to subscribe, through a native promise three. */
async function afterMicrotasks(): Promise<void> {
  await null;
  await null;
  await null;
}

/** @returns true when something was refused, and the run went on with that */
function refuseNative(
  activation: Activation,
  waits: readonly Durable[],
  consumers: readonly Consumers[],
  worker: Owner,
): boolean {
  const refused = waits.filter((promise, i) => promise.wait !== null && consumers[i] === "native");
  for (const promise of waits) if (!refused.includes(promise)) prove(promise);
  if (refused.length === 0) return false;
  const run = activation.run!;
  activation.draining = true;
  activation.dirty = true;
  for (const promise of refused) deliver(run, promise.wait!.id, { ok: false, error: refusal(promise) });
  drain(run);
  activation.draining = false;
  worker.settle(activation);
  return true;
}

function prove(promise: Durable): void {
  const site = sites.get(promise);
  if (site === undefined || site.code === null || consumerOf(promise) === null) return;
  let calls = proven.get(site.code);
  if (calls === undefined) proven.set(site.code, (calls = new Map()));
  const points = calls.get(site.what) ?? new Set();
  calls.set(site.what, points.add(site.ip));
}

function refusal(promise: Durable): ColdframeError {
  const site = sites.get(promise);
  const caller = site === undefined ? null : callerOf(site);
  const who =
    caller === null ? "an uncompiled function" : `${caller.name}${caller.place}, which is not compiled,`;
  const what = site?.what ?? "an external call";
  const mark = 'Put "use workflow" at the top of that function';
  const compile =
    caller === null
      ? `${mark}, name its package in "include" of the plugin`
      : caller.from === ""
        ? mark
        : `Have ${caller.from} compiled, with include: ["${caller.from}"] of the plugin or of "coldframe" in package.json`;
  return new ColdframeError(
    "CF2003",
    `${who} awaits ${what}. ${compile}, or call ${what} in a marked function and hand over the result`,
  );
}

interface Caller {
  /** In quotation marks, if it has one. */
  readonly name: string;
  /** ` (index.js:171)`, or empty. */
  readonly place: string;
  /** The package of `node_modules` that it stands in; empty: none. */
  readonly from: string;
}

/**
 * The first function on the stack that was not compiled: a closure of the workflow that a library calls stands above it. V8
 * writes `at name (place)`, other engines `name@place`.
 */
function callerOf({ error }: Site): Caller | null {
  const lines = (error.stack ?? "").split("\n");
  const ours = /\/runtime\/(machine|engine)\/[a-z-]+\.[jt]s$/;
  let bundle: string | undefined;
  const compiled = [...loaded().modules.values()].map(({ file }) => `/${file}`);
  for (const line of lines) {
    const match = /^\s*at (?:async )?(?:(.*?) \((.*)\)|(.*))$/.exec(line) ?? /^(.*?)@(.*)$/.exec(line);
    if (match === null) continue;
    const called = (match[1] ?? "").replace(/^(?:Object|Module)\./, "");
    const where = (match[2] ?? match[3] ?? "").replaceAll("\\", "/");
    const [, path = "", at = ""] = /^(.*?)(:\d+):\d+$/.exec(where) ?? [];
    // This file is the topmost. In a bundle nothing tells its functions from ours.
    bundle ??= ours.test(path) ? "" : path;
    if (path === bundle || ours.test(path) || compiled.some((file) => path.endsWith(file))) continue;
    if (called === "$self" || path.startsWith("node:") || called + at === "") continue;
    const place = at === "" ? "" : ` (${path.slice(path.lastIndexOf("/") + 1)}${at})`;
    const from = /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? "";
    return { name: /^(<anonymous>)?$/.test(called) ? "a function" : `"${called}"`, place, from };
  }
  return null;
}
