/** Time as the engine sees it: replaced by a virtual clock in tests. */

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once, `ms` milliseconds from now or a little later. */
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** The platform's timers, with the time of the store. */
export function clockOf(store: { readonly now?: (() => number) | undefined }): Clock {
  return store.now === undefined ? systemClock : { ...systemClock, now: () => store.now!() };
}

/** The longest delay of the platform's timers, in ms. Longer ones fire at once. */
const LONGEST = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout(callback, ms) {
    const timer: { handle: ReturnType<typeof setTimeout> | undefined } = { handle: undefined };
    const end = Date.now() + ms;
    const arm = () => {
      const left = end - Date.now();
      timer.handle =
        left > LONGEST ? setTimeout(arm, LONGEST) : setTimeout(callback, Math.max(0, Math.ceil(left)));
    };
    arm();
    return timer;
  },
  clearTimeout(timer) {
    clearTimeout((timer as { handle: ReturnType<typeof setTimeout> } | undefined)?.handle);
  },
};
