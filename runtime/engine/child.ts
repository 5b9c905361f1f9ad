/**
 * `start()`: a run of its own, started by another one with its next save. What it returns is a promise for that run's
 * result, and may be kept, raced, or let go like any other.
 */

import { sha256 } from "../../abi/index.ts";
import { Durable, external, machine, REJECTED, type Run, settle } from "../machine/index.ts";
import { encodeValue } from "../snapshot/index.ts";
import { entryOf } from "./entry.ts";
import { noteSite } from "./native-consumers.ts";
import { checkStart, type StartOptions } from "./options.ts";

export interface ChildOptions extends StartOptions {
  /** True: it goes on when this run is cancelled or ends. Default false: it is cancelled then. */
  readonly detached?: boolean;
}

/** A promise for the result of another run. */
export interface ChildPromise<T> extends Promise<T> {
  /** Of the run. */
  readonly id: string;
}

/** What the host needs to start the run: a `NewRun` but for its secret and parent. */
export interface ChildStart {
  readonly entry: string;
  readonly call: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly priority: number;
  /** Undefined: that of the run that starts it. Not there in snapshots of older versions. */
  readonly group?: string | undefined;
  readonly limit: { readonly key: string; readonly max: number } | null;
  /** Undefined: that of the run that starts it. */
  readonly history?: number;
}

/** Longer ids of children become a hash, so that a chain of them does not outgrow what an id may be. */
const LONGEST = 200;

/**
 * Starts a run of `f` from marked code. A run of this id that is there already is taken as the one. Outside any run it calls `f`.
 * @param args are copied
 * @throws ColdframeError CF2001 when `f` was not compiled, CF2301, CF3103 for wrong options; the promise rejects with
 *   CF2101 when an argument cannot be saved, with what `f` threw, and with `Cancelled` when that run is cancelled
 */
export function start<A extends readonly unknown[], R>(
  f: (...args: A) => Promise<R>,
  args: NoInfer<A>,
  options: ChildOptions = {},
): ChildPromise<R> {
  const { detached = false, ...rest } = options;
  const { id, tags, priority, group, limit, history } = checkStart(rest);
  const { run } = machine;
  if (run === null || run.host === null) {
    return named(f(...args), id ?? `local.${++local.runs}`) as ChildPromise<R>;
  }
  const entry = entryOf(f);
  const wait = run.nextId++;
  const name = id ?? childId(run.id, wait);
  let call: string;
  try {
    call = encodeValue([...args], run.host.codec, `arguments of child run "${name}": args`);
  } catch (error) {
    const refused = new Durable(run, null);
    settle(refused, REJECTED, error);
    return named(refused, name) as unknown as ChildPromise<R>;
  }
  const start: ChildStart = {
    ...{ entry, call, tags, priority, limit },
    ...(group === undefined ? {} : { group }),
    ...(history === undefined ? {} : { history }),
  };
  return named(follow(run, wait, name, !detached, start), name) as unknown as ChildPromise<R>;
}

function follow(run: Run, id: number, name: string, attached: boolean, start: ChildStart): Durable {
  const promise = external(run, { kind: "child", id, run: name, attached, at: "", start });
  noteSite(promise, "start()");
  return promise;
}

/** The same when the code that starts it runs again after a crash. */
export function childId(parent: string, wait: number): string {
  const id = `${parent}/${wait}`;
  return id.length <= LONGEST ? id : `${sha256(id).slice(0, 40)}/${wait}`;
}

const local = { runs: 0 };

function named<P extends object>(promise: P, id: string): P {
  return Object.defineProperty(promise, "id", { value: id, enumerable: true, configurable: true });
}
