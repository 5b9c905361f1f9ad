/** Sealing takes turns of the event loop, of one text more than of another. What was asked for first is written first all the same. */
export class InOrder {
  #last: Promise<void> = Promise.resolve();

  /** Hands what was sealed over to `write`, when all that was asked for before has been handed over. */
  async run<S, R>(sealing: Promise<S>, write: (sealed: S) => Promise<R>): Promise<R> {
    const before = this.#last;
    let next!: () => void;
    this.#last = new Promise((resolve) => (next = resolve));
    let writing: Promise<R>;
    try {
      const [sealed] = await Promise.allSettled([sealing, before]);
      if (sealed.status === "rejected") throw sealed.reason;
      writing = write(sealed.value);
    } finally {
      next();
    }
    return writing;
  }

  /** Resolves when all that was asked for so far has been handed over. */
  idle(): Promise<void> {
    return this.#last;
  }
}
