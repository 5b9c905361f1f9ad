/**
 * The user's tables, and the transactions of those who are no workers. A counter for each label that was ever counted, with the
 * tills that it was added to; and the tills. Whoever counts does both in one transaction, so the sums have to agree.
 */
import type { Random } from "../simulation/random.ts";
import type { Isolation, Laboratory, OwnConnection } from "./laboratory.ts";

const TILLS = ["a", "b", "c"];
const ISOLATIONS: readonly Isolation[] = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"];

export class Book {
  readonly counts = {
    "runs and events from own transactions": 0,
    "own transactions rolled back": 0,
    "transactions of rivals": 0,
  };
  /** Own transactions that the server undid because of others. MySQL and MariaDB do not log it. */
  failures = 0;
  readonly #laboratory: Laboratory;
  readonly #random: Random;
  #rivals = 0;

  private constructor(laboratory: Laboratory, random: Random) {
    this.#laboratory = laboratory;
    this.#random = random;
  }

  static async open(laboratory: Laboratory, random: Random): Promise<Book> {
    const names = TILLS.map((till) => `('${till}', 0)`).join();
    await laboratory.ask(
      "CREATE TABLE counters (label varchar(200) PRIMARY KEY, times integer NOT NULL, tills varchar(20) NOT NULL)",
      "CREATE TABLE tills (name varchar(20) PRIMARY KEY, times integer NOT NULL)",
      `INSERT INTO tills VALUES ${names}`,
    );
    return new Book(laboratory, random);
  }

  /**
   * One transaction that counts `label` and calls `post`, once: whoever does not know whether it was committed looks for the label.
   * @param port where the server, or a bad network before it, listens
   * @returns false: it had been committed before
   */
  async post(port: number, label: string, post: (tx: object) => Promise<void>): Promise<boolean> {
    return this.#transaction(port, this.#random.pick(ISOLATIONS), async (own) => {
      if ((await own.query(`SELECT 1 FROM counters WHERE label = '${label}'`)).length > 0) return false;
      await count(own, label, [this.#random.pick(TILLS)]);
      await post(own.client);
      await own.query("COMMIT");
      this.counts["runs and events from own transactions"]++;
      return true;
    });
  }

  /** Nothing of it is ever to be seen. */
  async undo(port: number, label: string, post: (tx: object) => Promise<void>): Promise<void> {
    await this.#transaction(port, "READ COMMITTED", async (own) => {
      await count(own, label, []);
      await post(own.client);
      await own.query("ROLLBACK");
      this.counts["own transactions rolled back"]++;
    });
  }

  /** Counts in several tills, in whatever order, and takes its time: deadlocks, serialization failures. */
  async rival(): Promise<void> {
    const random = this.#random;
    const label = `rival ${this.#rivals++}`;
    const tills = TILLS.filter(() => random.chance(0.7));
    if (random.chance(0.5)) tills.reverse();
    const { port } = this.#laboratory.server;
    try {
      await this.#transaction(port, random.pick(ISOLATIONS), async (own) => {
        await own.query("SELECT SUM(times) FROM tills");
        await count(own, label, tills, () => pause(random.between(0, 60)));
        await own.query("COMMIT");
        this.counts["transactions of rivals"]++;
      });
    } catch {
      // It was the victim, or there is no server.
    }
  }

  /** @returns the labels that were counted */
  async judge(violated: (what: string) => void): Promise<readonly string[]> {
    const counters = await this.#laboratory.ask("SELECT label, times, tills FROM counters");
    const tills = await this.#laboratory.ask("SELECT name, times FROM tills");
    for (const { label, times } of counters) if (times !== 1) violated(`${label} was counted ${times} times`);
    for (const { name, times } of tills) {
      const added = counters.filter((row) => String(row["tills"]).split(",").includes(String(name)));
      if (times !== added.length)
        violated(`till ${name} was counted ${times} times, by ${added.length} transactions`);
    }
    return counters.map(({ label }) => String(label));
  }

  async #transaction<T>(
    port: number,
    isolation: Isolation,
    body: (own: OwnConnection) => Promise<T>,
  ): Promise<T> {
    const own = await this.#laboratory.connect(port);
    try {
      await own.begin(isolation);
      return await body(own);
    } catch (error) {
      if (isSerializationFailure(error)) this.failures++;
      throw error;
    } finally {
      own.close();
    }
  }
}

async function count(
  own: OwnConnection,
  label: string,
  tills: readonly string[],
  meanwhile: () => Promise<void> = async () => {},
): Promise<void> {
  await own.query(`INSERT INTO counters (label, times, tills) VALUES ('${label}', 1, '${tills.join()}')`);
  for (const till of tills) {
    await own.query(`UPDATE tills SET times = times + 1 WHERE name = '${till}'`);
    await meanwhile();
  }
}

/** "Record has changed since last read": what MariaDB calls it. */
const CHANGED = 1020;

function isSerializationFailure(error: unknown): boolean {
  const { errno, cause } = error as { readonly errno?: unknown; readonly cause?: unknown };
  return errno === CHANGED || (cause as { readonly errno?: unknown } | undefined)?.errno === CHANGED;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
