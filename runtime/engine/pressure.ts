/** Whether this process has as much to do as it can: its workers claim less then, and others get the runs. */
import type { Clock } from "./clock.ts";

/** From this part of the heap on, nothing is claimed beside the runs there are. V8 collects long before, so this is no garbage. */
const FULL = 0.85;

interface Heap {
  readonly used_heap_size: number;
  readonly heap_size_limit: number;
}

/**
 * Whether the heap is nearly used up, as far as the host can tell; false where it cannot. Looked for, never imported: this
 * room runs where there is no `node:v8`.
 */
export function isHeapFull(): boolean {
  const host = Reflect.get(globalThis, "process") as
    | { getBuiltinModule?: (name: string) => { getHeapStatistics?: () => Heap } | undefined }
    | undefined;
  try {
    const heap = host?.getBuiltinModule?.("v8")?.getHeapStatistics?.();
    return heap !== undefined && heap.used_heap_size > FULL * heap.heap_size_limit;
  } catch {
    return false;
  }
}

/** How late the event loop is, in ms: lets it turn once. */
export function lateness(clock: Clock): Promise<number> {
  const asked = clock.now();
  return new Promise((resolve) => {
    clock.setTimeout(() => resolve(clock.now() - asked), 0);
  });
}
