/** What a promise of unmarked code rejects with when its run was saved while it was pending, and carried on elsewhere. */
export class Interrupted extends Error {
  constructor() {
    super(
      "Interrupted: the run was carried on in another process while this promise of uncompiled code was pending; what it did is unknown",
    );
    this.name = "Interrupted";
  }
}
