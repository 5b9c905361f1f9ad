/** Timers of owned runs in the order of their due times: a binary heap over one timer of the platform. */
import type { Clock } from "./clock.ts";

interface Entry {
  readonly due: number;
  readonly order: number;
  callback: (() => void) | null;
}

export class TimerQueue {
  readonly #clock: Clock;
  readonly #heap: Entry[] = [];
  #order = 0;
  #live = 0;
  #armedFor = Number.POSITIVE_INFINITY;
  #timer: unknown;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Calls back at `due` (milliseconds since 1970) or, if that has passed, soon; in order of due times.
   * @returns takes it back
   */
  add(due: number, callback: () => void): () => void {
    const entry: Entry = { due, order: this.#order++, callback };
    this.#live++;
    this.#push(entry);
    this.#arm();
    return () => {
      if (entry.callback === null) return;
      entry.callback = null;
      this.#live--;
      if (this.#heap.length > 64 && this.#heap.length > this.#live * 2) this.#compact();
    };
  }

  clear(): void {
    this.#heap.length = 0;
    this.#live = 0;
    this.#clock.clearTimeout(this.#timer);
    this.#armedFor = Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    const due = this.#heap[0]?.due ?? Number.POSITIVE_INFINITY;
    if (due >= this.#armedFor) return;
    this.#clock.clearTimeout(this.#timer);
    this.#armedFor = due;
    this.#timer = this.#clock.setTimeout(() => this.#fire(), Math.max(0, due - this.#clock.now()));
  }

  #fire(): void {
    this.#armedFor = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (first.callback !== null && first.due > now) break;
      this.#pop();
      const { callback } = first;
      if (callback === null) continue;
      first.callback = null;
      this.#live--;
      callback();
    }
    this.#arm();
  }

  #compact(): void {
    const kept = this.#heap.filter((entry) => entry.callback !== null);
    this.#heap.length = 0;
    for (const entry of kept) this.#push(entry);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let i = heap.push(entry) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (before(heap[parent]!, entry)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (before(last, heap[child]!)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}
