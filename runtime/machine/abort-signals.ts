/**
 * What nobody can read of an `AbortSignal`: its listeners, and which signals it follows. Marked code tells when it calls the methods
 * that make them; the objects stay those of the platform. `AbortSignal.timeout` is a timer of the run.
 */
import type { Maker } from "./cursors.ts";
import { $module } from "./registry.ts";
import { machine } from "./run.ts";
import { $setTimeout } from "./timers.ts";

export interface SignalListener {
  readonly type: string;
  readonly listener: object;
  readonly once: boolean;
  readonly capture: boolean;
}

interface SignalState {
  listeners: readonly SignalListener[];
  /** The signals that it follows; null: it follows none. */
  sources: readonly AbortSignal[] | null;
}

const states = new WeakMap<object, SignalState>();

/** What marked code did with a signal. */
export function signalState(signal: AbortSignal): SignalState {
  let state = states.get(signal);
  if (state === undefined) {
    state = { listeners: [], sources: null };
    states.set(signal, state);
  }
  return state;
}

const isSignal = (object: unknown): object is AbortSignal =>
  typeof AbortSignal === "function" && object instanceof AbortSignal;

function capture(options: unknown): boolean {
  if (typeof options === "object" && options !== null)
    return Boolean((options as { capture?: unknown }).capture);
  return Boolean(options);
}

const sameAs =
  (type: string, listener: unknown, inCapture: boolean) =>
  (one: SignalListener): boolean =>
    one.type === type && one.listener === listener && one.capture === inCapture;

/** Adds a listener, and remembers it. */
export function listen(signal: AbortSignal, one: SignalListener): void {
  const state = signalState(signal);
  state.listeners = [...state.listeners, one];
  EventTarget.prototype.addEventListener.call(signal, one.type, one.listener as never, one);
}

const adding: Maker = (_f, object, [type, listener, options]) => {
  if (
    !isSignal(object) ||
    (typeof listener !== "object" && typeof listener !== "function") ||
    listener === null
  )
    return undefined;
  const { once, signal } = (Object(options) as { once?: unknown; signal?: unknown }) ?? {};
  const state = signalState(object);
  const inCapture = capture(options);
  const isKnown = sameAs(String(type), listener, inCapture);
  if (!state.listeners.some(isKnown))
    state.listeners = [
      ...state.listeners,
      { type: String(type), listener, once: Boolean(once), capture: inCapture },
    ];
  if (isSignal(signal))
    signal.addEventListener("abort", () => {
      state.listeners = state.listeners.filter((one) => !isKnown(one));
    });
  return undefined;
};

const removing: Maker = (_f, object, [type, listener, options]) => {
  if (!isSignal(object)) return undefined;
  const state = signalState(object);
  const isGone = sameAs(String(type), listener, capture(options));
  state.listeners = state.listeners.filter((one) => !isGone(one));
  return undefined;
};

/** A signal that follows others, as the platform makes it. */
export function follow(sources: readonly AbortSignal[]): AbortSignal {
  const signal = AbortSignal.any([...sources]);
  signalState(signal).sources = sources;
  return signal;
}

const following: Maker = (f, object, [signals]) => {
  const list = [...(signals as Iterable<AbortSignal>)];
  const signal = Reflect.apply(f, object, [list]) as AbortSignal;
  signalState(signal).sources = list;
  return signal;
};

const timingOut: Maker = (_f, _object, [delay]) => {
  if (machine.run === null || machine.run.host === null || typeof delay !== "number" || !(delay >= 0))
    return undefined;
  const controller = new AbortController();
  $setTimeout(timeOut as never, delay, controller);
  return controller.signal;
};

function timeOut(controller: AbortController): void {
  controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError"));
}
$module("coldframe/machine.signals", "1", { timeOut: () => timeOut });

/** By method of the platform. */
export const signalMakers: readonly (readonly [method: unknown, make: Maker])[] =
  typeof AbortSignal !== "function" || typeof EventTarget !== "function"
    ? []
    : [
        [EventTarget.prototype.addEventListener, adding],
        [EventTarget.prototype.removeEventListener, removing],
        [AbortSignal.any, following],
        [AbortSignal.timeout, timingOut],
      ];
