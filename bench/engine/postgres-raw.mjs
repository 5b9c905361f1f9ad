/**
 * The least that any durable engine has to write to Postgres, with the same driver, settings and bytes: one statement for
 * all runs that are ready, fenced, and nothing else to do.
 */
import pg from "pg";

export class PostgresRaw {
  #client;
  #schema;
  #text;
  #runs = 0;

  static async open(url, schema, bytes) {
    const raw = new PostgresRaw();
    raw.#client = new pg.Client({ connectionString: url });
    raw.#schema = schema;
    raw.#text = `{"of":"${"x".repeat(bytes)}"}`;
    await raw.#client.connect();
    await raw.#client.query(`CREATE SCHEMA ${schema};
      CREATE TABLE ${schema}.runs (n bigint PRIMARY KEY, id text NOT NULL UNIQUE, call text NOT NULL, status text NOT NULL);
      CREATE TABLE ${schema}.states (n bigint PRIMARY KEY, epoch int NOT NULL, turn int NOT NULL, body text NOT NULL)
        WITH (fillfactor = 50);
      CREATE TABLE ${schema}.ends (n bigint PRIMARY KEY, value text NOT NULL)`);
    return raw;
  }

  /** So many runs, each with so many steps, one transaction for all of them at a time. Returns steps per second. */
  async measure(runs, steps) {
    const s = this.#schema;
    const ns = Array.from({ length: runs }, (_, i) => this.#runs + 1 + i);
    this.#runs += runs;
    const began = performance.now();
    await this.#run(
      "start",
      `WITH r AS (INSERT INTO ${s}.runs SELECT n, id, call, 'active' FROM unnest($1::bigint[], $2::text[], $3::text[]) AS v (n, id, call))
       INSERT INTO ${s}.states SELECT n, 1, 0, '' FROM unnest($1::bigint[]) AS v (n)`,
      [ns, ns.map((n) => `run-${n}-${began}`), ns.map(() => '[[],[[["Ada Lovelace",50]]]]')],
    );
    for (let turn = 1; turn <= steps; turn++) await this.#turns(ns, turn);
    await this.#run(
      "end",
      `WITH r AS (UPDATE ${s}.runs SET status = 'done' WHERE n = ANY($1::bigint[]))
       INSERT INTO ${s}.ends SELECT n, '"receipt"' FROM unnest($1::bigint[]) AS v (n)`,
      [ns],
    );
    return (runs * steps) / ((performance.now() - began) / 1000);
  }

  async #turns(ns, turn) {
    const { rowCount } = await this.#run(
      "turns",
      `UPDATE ${this.#schema}.states s SET turn = v.turn, body = v.body
       FROM unnest($1::bigint[], $2::int[], $3::text[], $4::int[]) AS v (n, turn, body, epoch)
       WHERE s.n = v.n AND s.epoch = v.epoch AND s.turn = v.turn - 1`,
      [ns, ns.map(() => turn), ns.map(() => `${turn}${this.#text}`), ns.map(() => 1)],
    );
    if (rowCount !== ns.length) throw new Error("a row was fenced");
  }

  #run(name, text, values) {
    return this.#client.query({ name: `${this.#schema} ${name}`, text, values });
  }

  async close() {
    await this.#client.query(`DROP SCHEMA ${this.#schema} CASCADE`);
    await this.#client.end();
  }
}
