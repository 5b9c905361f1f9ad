/**
 * Whether the database is still the file of its name. A file that was deleted goes on taking writes for those who have it
 * open, and is gone with the last of them: no write to it may be acknowledged.
 */
import { statSync } from "node:fs";
import { ColdframeError } from "../../runtime/errors.ts";

export class FileIdentity {
  readonly #file: string;
  readonly #inode: number;
  readonly #device: number;

  /** @param file that was just opened */
  constructor(file: string) {
    const { ino, dev } = statSync(file);
    this.#file = file;
    this.#inode = ino;
    this.#device = dev;
  }

  /** @throws ColdframeError CF3005 when it is another file, or none */
  check(): void {
    const now = statSync(this.#file, { throwIfNoEntry: false });
    if (now?.ino === this.#inode && now.dev === this.#device) return;
    throw new ColdframeError(
      "CF3005",
      `"${this.#file}" was deleted or replaced while it was open. What is written to it now would be lost; end this process, put the file back, and start again`,
    );
  }
}
