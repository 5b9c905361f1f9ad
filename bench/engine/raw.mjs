/**
 * The least that any durable engine has to write, with the same driver, settings and bytes, and nothing else to do: the
 * limit that the engine is measured against.
 *
 * | what            | raw                                                                | engine                                     |
 * |-----------------|--------------------------------------------------------------------|--------------------------------------------|
 * | start of a run  | one row with a unique id, and its state                            | the same, two more rows and an index       |
 * | a step          | its row in the hot table: turn and body, where epoch and turn match | the same row with three more columns       |
 * | end of a run    | one row with the result, one row marked                            | the same, and what belonged to the run goes |
 * | durable         | WAL, synchronous=FULL, one transaction for all runs that are ready | the same                                   |
 * | statements      | prepared; sixteen rows at once where there are so many             | the same                                   |
 *
 * A row that is updated blindly, without a fence, is not a limit: no engine could keep a worker that was replaced from
 * writing. Nor is one row per call of the driver, which is slower than it has to be.
 */
import { openDriver } from "../../dist/stores/sqlite/driver.js";

const AT_ONCE = 16;

export class Raw {
  #driver;
  #statements;
  #text;
  #runs = 0;
  /** The run of `commit`. */
  #alone = 0;
  #turn = 0;

  /** @param bytes of each state */
  constructor(file, bytes) {
    this.#driver = openDriver(file, 0);
    this.#driver.exec(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -32768",
    );
    this.#driver.exec(`
      CREATE TABLE runs (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, call TEXT NOT NULL, status TEXT NOT NULL) STRICT;
      CREATE TABLE states (n INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, turn INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
      CREATE TABLE ends (n INTEGER PRIMARY KEY, value TEXT NOT NULL) STRICT;
    `);
    this.#text = "x".repeat(bytes);
    const rows = Array.from({ length: AT_ONCE }, () => "(?, ?, ?, ?)").join();
    const prepare = (sql) => this.#driver.prepare(sql);
    this.#statements = {
      begin: prepare("BEGIN IMMEDIATE"),
      commit: prepare("COMMIT"),
      run: prepare("INSERT INTO runs VALUES (?, ?, ?, 'active')"),
      state: prepare("INSERT INTO states VALUES (?, 1, 0, '')"),
      turn: prepare("UPDATE states SET turn = ?, body = ? WHERE n = ? AND epoch = ? AND turn = ?"),
      turns: prepare(
        `UPDATE states SET turn = v.column2, body = v.column3 FROM (VALUES ${rows}) v
         WHERE n = v.column1 AND epoch = v.column4 AND turn = v.column2 - 1`,
      ),
      mark: prepare("UPDATE runs SET status = 'done' WHERE n = ?"),
      end: prepare("INSERT INTO ends VALUES (?, ?)"),
    };
  }

  /** So many runs, each with so many steps, one transaction for all of them at a time. Returns steps per second. */
  measure(runs, steps) {
    const { run, state, mark, end } = this.#statements;
    const first = this.#runs + 1;
    this.#runs += runs;
    const each = (write) => {
      for (let n = first; n < first + runs; n++) write(n);
    };
    const began = performance.now();
    this.#transaction(() =>
      each((n) => {
        run.run(n, `run-${n}-${began}`, '[[],[[["Ada Lovelace",50]]]]');
        state.run(n);
      }),
    );
    for (let turn = 1; turn <= steps; turn++) this.#transaction(() => this.#turns(first, runs, turn));
    this.#transaction(() =>
      each((n) => {
        mark.run(n);
        end.run(n, '"receipt"');
      }),
    );
    return (runs * steps) / ((performance.now() - began) / 1000);
  }

  /** One turn of a run by itself. Returns milliseconds. */
  commit() {
    if (this.#alone === 0) this.#transaction(() => this.#statements.state.run((this.#alone = ++this.#runs)));
    const began = performance.now();
    this.#transaction(() => this.#turns(this.#alone, 1, ++this.#turn));
    return performance.now() - began;
  }

  #turns(first, runs, turn) {
    const { turn: one, turns } = this.#statements;
    let n = first;
    // A fresh text each time, as one that was just made of a run.
    for (; n + AT_ONCE <= first + runs; ) {
      const values = [];
      for (let i = 0; i < AT_ONCE; i++, n++) values.push(n, turn, `${turn}${this.#text}`, 1);
      if (turns.run(...values) !== AT_ONCE) throw new Error("a row was fenced");
    }
    for (; n < first + runs; n++) {
      if (one.run(turn, `${turn}${this.#text}`, n, 1, turn - 1) !== 1) throw new Error("a row was fenced");
    }
  }

  #transaction(write) {
    this.#statements.begin.run();
    write();
    this.#statements.commit.run();
  }

  close() {
    this.#driver.close();
  }
}
