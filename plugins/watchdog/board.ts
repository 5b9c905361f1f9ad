/**
 * The memory that two threads share: what one of them is running, and that it lives. Written without locks, since a writer
 * that is blocked must not block its reader: a number is odd while the texts change, and another one after each change.
 *
 * | words (32 bits) | meaning                                          |
 * |-----------------|--------------------------------------------------|
 * | `BEATS`         | grows as long as the event loop turns            |
 * | `CHANGES`       | odd while what follows is being written          |
 * | `RUNNING`       | 1 between `enter` and `leave`                    |
 * | `LENGTHS`…      | of the three texts, in UTF-16 units              |
 * | then            | the texts, `SPACE` units for each                |
 *
 * Behind that stands a table of steps whose bodies have returned a promise and may go on at any time: `MORE` counts those for which
 * there was no room, and each slot has a number that is 0 while it is free, its lengths, and its texts.
 */
const BEATS = 0;
const CHANGES = 1;
const RUNNING = 2;
const LENGTHS = 3;
const TEXTS = 3;
const MORE = LENGTHS + TEXTS;
const HEAD = MORE + 1;
/** Steps under way that are named. */
const SLOTS = 8;
const SLOT = 1 + TEXTS;
/** Words before the texts. */
const WORDS = HEAD + SLOTS * SLOT;
/** Ids have at most 512 characters; of longer texts the end is cut off. */
const SPACE = 512;

/** What is called, or was. */
export interface Called {
  readonly run: string;
  /** Name of the step; empty for code of a workflow. */
  readonly step: string;
  /** `file:line` of the await: the one that calls the step, or the one that the workflow went on from. May be empty. */
  readonly at: string;
}

/** What a thread is running, or ran last. */
export interface Running extends Called {
  /** False: it has returned, perhaps with a promise; something that came after it runs now. */
  readonly now: boolean;
}

export class Board {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #texts: Uint16Array;
  /** Which slots are free. Only the writer knows. */
  readonly #free: number[] = Array.from({ length: SLOTS }, (_, i) => i);

  constructor(memory = new SharedArrayBuffer(WORDS * 4 + (1 + SLOTS) * TEXTS * SPACE * 2)) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, WORDS);
    this.#texts = new Uint16Array(memory, WORDS * 4);
  }

  beat(): void {
    Atomics.add(this.#words, BEATS, 1);
  }

  get beats(): number {
    return Atomics.load(this.#words, BEATS);
  }

  enter(run: string, step: string, at: string): void {
    const words = this.#words;
    Atomics.add(words, CHANGES, 1);
    this.#write(0, LENGTHS, { run, step, at });
    Atomics.store(words, RUNNING, 1);
    Atomics.add(words, CHANGES, 1);
  }

  leave(): void {
    Atomics.store(this.#words, RUNNING, 0);
  }

  /** A step's body has returned a promise. @returns what `settled` takes */
  pending(run: string, step: string, at: string): number {
    const slot = this.#free.pop();
    if (slot === undefined) {
      Atomics.add(this.#words, MORE, 1);
      return -1;
    }
    const word = HEAD + slot * SLOT;
    this.#write(1 + slot, word + 1, { run, step, at });
    Atomics.store(this.#words, word, 1);
    return slot;
  }

  /** The promise has settled. */
  settled(slot: number): void {
    if (slot < 0) Atomics.sub(this.#words, MORE, 1);
    else {
      Atomics.store(this.#words, HEAD + slot * SLOT, 0);
      this.#free.push(slot);
    }
  }

  /** Null: nothing was ever entered, or it is being written. */
  read(): Running | null {
    const words = this.#words;
    const before = Atomics.load(words, CHANGES);
    if (before === 0 || before % 2 !== 0) return null;
    const called = this.#read(0, LENGTHS);
    const now = Atomics.load(words, RUNNING) === 1;
    return Atomics.load(words, CHANGES) === before ? { ...called, now } : null;
  }

  /** Steps whose bodies wait for something, and how many more there are. To be read while the thread is blocked. */
  get underWay(): { readonly steps: readonly Called[]; readonly more: number } {
    const steps: Called[] = [];
    for (let slot = 0; slot < SLOTS; slot++) {
      const word = HEAD + slot * SLOT;
      if (Atomics.load(this.#words, word) === 1) steps.push(this.#read(1 + slot, word + 1));
    }
    return { steps, more: Atomics.load(this.#words, MORE) };
  }

  /** @param lengths where those of the texts stand */
  #write(index: number, lengths: number, { run, step, at }: Called): void {
    this.#writeText(index * TEXTS, lengths, run);
    this.#writeText(index * TEXTS + 1, lengths + 1, step);
    this.#writeText(index * TEXTS + 2, lengths + 2, at);
  }

  #writeText(place: number, word: number, text: string): void {
    const length = Math.min(text.length, SPACE);
    const texts = this.#texts;
    const from = place * SPACE;
    for (let i = 0; i < length; i++) texts[from + i] = text.charCodeAt(i);
    this.#words[word] = length;
  }

  #read(index: number, lengths: number): Called {
    const text = (i: number) => {
      const from = (index * TEXTS + i) * SPACE;
      return String.fromCharCode(...this.#texts.subarray(from, from + this.#words[lengths + i]!));
    };
    return { run: text(0), step: text(1), at: text(2) };
  }
}
