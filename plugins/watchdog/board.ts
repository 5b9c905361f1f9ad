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
 */
const BEATS = 0;
const CHANGES = 1;
const RUNNING = 2;
const LENGTHS = 3;
const TEXTS = 3;
const HEAD = LENGTHS + TEXTS;
/** Ids have at most 512 characters; of longer texts the end is cut off. */
const SPACE = 512;

/** What a thread is running, or ran last. */
export interface Running {
  readonly run: string;
  /** Name of the step; empty for code of a workflow. */
  readonly step: string;
  /** `file:line` of the await: the one that calls the step, or the one that the workflow went on from. May be empty. */
  readonly at: string;
  /** False: it has returned, perhaps with a promise; something that came after it runs now. */
  readonly now: boolean;
}

export class Board {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #texts: Uint16Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(HEAD * 4 + TEXTS * SPACE * 2)) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, HEAD);
    this.#texts = new Uint16Array(memory, HEAD * 4);
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
    this.#write(0, run);
    this.#write(1, step);
    this.#write(2, at);
    Atomics.store(words, RUNNING, 1);
    Atomics.add(words, CHANGES, 1);
  }

  leave(): void {
    Atomics.store(this.#words, RUNNING, 0);
  }

  /** Null: nothing was ever entered, or it is being written. */
  read(): Running | null {
    const words = this.#words;
    const before = Atomics.load(words, CHANGES);
    if (before === 0 || before % 2 !== 0) return null;
    const [run, step, at] = [this.#read(0), this.#read(1), this.#read(2)] as const;
    const now = Atomics.load(words, RUNNING) === 1;
    return Atomics.load(words, CHANGES) === before ? { run, step, at, now } : null;
  }

  #write(index: number, text: string): void {
    const length = Math.min(text.length, SPACE);
    const texts = this.#texts;
    const from = index * SPACE;
    for (let i = 0; i < length; i++) texts[from + i] = text.charCodeAt(i);
    this.#words[LENGTHS + index] = length;
  }

  #read(index: number): string {
    const from = index * SPACE;
    return String.fromCharCode(...this.#texts.subarray(from, from + this.#words[LENGTHS + index]!));
  }
}
