/** What the same driver and file do with plain updates of the same bytes: the limit that the engine is measured against. */
import { openDriver } from "../../dist/stores/sqlite/driver.js";

export class Raw {
  #driver;
  #update;
  #text;

  /** @param rows number of rows; @param bytes of each update */
  constructor(file, rows, bytes) {
    this.#driver = openDriver(file, 0);
    this.#driver.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    this.#driver.exec("CREATE TABLE raw (n INTEGER PRIMARY KEY, turn INTEGER NOT NULL, body TEXT NOT NULL)");
    this.#text = "x".repeat(bytes);
    const insert = this.#driver.prepare("INSERT INTO raw VALUES (?, 0, ?)");
    this.#driver.exec("BEGIN");
    for (let n = 0; n < rows; n++) insert.run(n, this.#text);
    this.#driver.exec("COMMIT");
    this.#update = this.#driver.prepare("UPDATE raw SET turn = turn + 1, body = ? WHERE n = ?");
  }

  /** `commits` transactions of one update in each of the first `group` rows. Returns updates per second. */
  measure(commits, group) {
    const began = performance.now();
    for (let i = 0; i < commits; i++) {
      this.#driver.exec("BEGIN IMMEDIATE");
      // A fresh text each time, as one that was just made of a run.
      for (let n = 0; n < group; n++) this.#update.run(`${i}${this.#text}`, n);
      this.#driver.exec("COMMIT");
    }
    return (commits * group) / ((performance.now() - began) / 1000);
  }

  close() {
    this.#driver.close();
  }
}
