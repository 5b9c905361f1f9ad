/** `waitUntil()`: keeps a run open until a promise has settled, although its function has returned. */
import { $module, $Promise, createBound, Durable, machine } from "../machine/index.ts";

/**
 * The run does not end before `promise` has settled: for work that is started and not awaited. How it settles does not
 * change how the run ends. Outside a run it does nothing.
 */
export function waitUntil(promise: PromiseLike<unknown>): void {
  const { run } = machine;
  if (run === null || run.host === null) return;
  // In a job of its own: while the function runs up to its first await, the run has no root yet.
  void $Promise.resolve().then(createBound(keepOpen as never, undefined, [promise]) as () => void);
}

/** The root is now what `root.finally(() => promise)` would be, whatever `promise` comes to. */
function keepOpen(promise: PromiseLike<unknown>): void {
  const run = machine.run!;
  const settled = $Promise.resolve(promise).then(nothing, nothing);
  const root = run.root as unknown as Promise<unknown>;
  const open = root.finally(createBound(itself as never, undefined, [settled]) as () => unknown);
  if (!((open as unknown) instanceof Durable)) return;
  run.root = open as unknown as Durable;
  run.root.handled = true;
}

function nothing(): void {}

function itself(value: unknown): unknown {
  return value;
}

$module("coldframe/wait-until", "1", {
  keepOpen: () => keepOpen,
  nothing: () => nothing,
  itself: () => itself,
});
