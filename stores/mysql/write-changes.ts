/** What a batch has changed: rows of a table, as many in a statement as the server takes. */
import type { ChangeName, ChangeWriter, EventRecord, ListName, Row } from "../batch/index.ts";
import type { Session } from "./connections.ts";
import { numberOf } from "./failures.ts";
import type { Parameter, Value } from "./sql.ts";
import { statements } from "./statements.ts";

type Rows = readonly (readonly Value[])[];
type Statement = readonly [text: string, values: readonly Parameter[]];

/** A row of this id exists. */
const DUPLICATE = 1062;

function inserts(text: string): (rows: Rows) => readonly Statement[] {
  return (rows) => [[text, [rows]]];
}

/** Rows as tuples, in the order of the names in stores/batch/write-changes.ts; then what stands before them. */
const changes: Readonly<Record<ChangeName, (rows: Rows, first: readonly Value[]) => readonly Statement[]>> = {
  setStates: (rows, [now]) => [
    [
      `UPDATE {n, epoch, turn, body} STRAIGHT_JOIN @states s ON s.n = v.n
        SET s.turn = v.turn, s.body = v.body, s.updated = ? WHERE s.epoch = v.epoch AND s.turn = v.turn - 1`,
      [rows, now!],
    ],
  ],
  insertRuns: (rows, [now]) => [
    [
      statements.insertRuns,
      [
        rows.map(([n, id, entry, priority, call, secret, tags, parent]) => [
          ...[n!, id!, entry!, priority!, call!, secret!, tags!, parent!, now!],
        ]),
      ],
    ],
    [
      statements.insertQueue,
      [
        rows.map(([n, , entry, priority, , , , , group, status, due, news, told, cancel]) => [
          ...[n!, entry!, priority!, group!, status!, due!, null, 0, news!, told!, cancel!, null],
        ]),
      ],
    ],
    [statements.insertStates, [rows.map(([n]) => [n!, 0, 0, now!, "[]\n"])]],
  ],
  setRuns: (rows) => [
    [
      `UPDATE {n, grp, status, due, worker, news, told, cancel, reason, needs, deaths, build, bound} STRAIGHT_JOIN @queue q ON q.n = v.n
        SET q.grp = v.grp, q.status = v.status, q.due = v.due, q.worker = v.worker, q.news = v.news, q.told = v.told, q.cancel = v.cancel,
          q.reason = v.reason, q.needs = v.needs, q.deaths = v.deaths, q.build = v.build, q.bound = v.bound`,
      [rows],
    ],
  ],
  insertEnds: (rows, [now]) => [
    ["INSERT INTO @ends (n, value, ended) VALUES ?", [rows.map(([n, value]) => [n!, value!, now!])]],
  ],
  forgetRuns: (rows) => {
    const ns = rows.map(([n]) => n!);
    return [
      ...["ends", "states", "queue", "feeds", "runs"].map(
        (table): Statement => [`DELETE FROM @${table} WHERE n IN ?`, [ns]],
      ),
      ["DELETE FROM @events WHERE run IN ?", [rows.map(([, id]) => id!)]],
    ];
  },
  dropOpenings: (rows) => {
    const ns = rows.map(([n]) => n!);
    return [
      ["DELETE FROM @arrivals WHERE n IN ?", [ns]],
      ["DELETE FROM @attempts WHERE n IN ?", [ns]],
      ["DELETE FROM @followers WHERE run IN ?", [ns]],
      ["DELETE FROM @followers WHERE n IN ?", [ns]],
      ["DELETE FROM @events WHERE run IN ? AND kept = 1", [rows.map(([, id]) => id!)]],
    ];
  },
  dropArrivals: inserts("DELETE t FROM {n, wait} STRAIGHT_JOIN @arrivals t ON t.n = v.n AND t.wait = v.wait"),
  insertArrivals: inserts(
    "INSERT INTO @arrivals (n, wait, threw, value, event) VALUES ? ON DUPLICATE KEY UPDATE n = @arrivals.n",
  ),
  dropAttempts: inserts("DELETE t FROM {n, wait} STRAIGHT_JOIN @attempts t ON t.n = v.n AND t.wait = v.wait"),
  setAttempts: inserts("REPLACE INTO @attempts (n, wait, made, due, error, since, begun, progress) VALUES ?"),
  unsubscribe: inserts(
    "DELETE t FROM {name, n, wait} STRAIGHT_JOIN @subscriptions t ON t.`key` = v.name AND t.n = v.n AND t.wait = v.wait",
  ),
  subscribe: inserts("INSERT INTO @subscriptions (`key`, n, wait, `schema`) VALUES ?"),
  dropOnce: inserts(
    "DELETE t FROM {n, target} STRAIGHT_JOIN @feeds t ON t.n = v.n AND t.target = v.target AND t.once = 1",
  ),
  dropFeeds: inserts(
    "DELETE t FROM {name, n, target} STRAIGHT_JOIN @feeds t ON t.`key` = v.name AND t.n = v.n AND t.target = v.target",
  ),
  feed: inserts("REPLACE INTO @feeds (`key`, n, target, once) VALUES ?"),
  setEvents: inserts(
    "UPDATE {seq, taken, payload} STRAIGHT_JOIN @events e ON e.seq = v.seq SET e.taken = v.taken, e.payload = v.payload",
  ),
  dropPlaces: inserts("DELETE t FROM {n, wait} STRAIGHT_JOIN @places t ON t.n = v.n AND t.wait = v.wait"),
  insertPlaces: inserts("INSERT INTO @places (`key`, n, wait, `max`, loose, value, held) VALUES ?"),
  follow: inserts("REPLACE INTO @followers (run, n, wait, attached) VALUES ?"),
  dropReferences: inserts(
    `DELETE t FROM {n, hash} STRAIGHT_JOIN @chunks k ON k.hash = v.hash
      STRAIGHT_JOIN @run_chunks t ON t.n = v.n AND t.c = k.c`,
  ),
  addChunks: inserts(
    "INSERT INTO @chunks (hash, bytes, is_text) VALUES ? ON DUPLICATE KEY UPDATE hash = @chunks.hash",
  ),
  refer: inserts(
    `INSERT IGNORE INTO @run_chunks (n, c)
      SELECT v.n, k.c FROM {n, hash} STRAIGHT_JOIN @chunks k ON k.hash = v.hash`,
  ),
  dropParks: inserts("DELETE t FROM {n, turn} STRAIGHT_JOIN @parks t ON t.n = v.n AND t.turn <= v.turn"),
  keepParks: (rows) => [[statements.keepParks, [rows.map(([n]) => n!)]]],
  setLimits: inserts("INSERT INTO @limits (n, `key`, `max`) VALUES ?"),
  setHistories: inserts("INSERT INTO @histories (n, keep) VALUES ?"),
  dropPastChunks: inserts(
    `DELETE t FROM {n, hash} STRAIGHT_JOIN @chunks k ON k.hash = v.hash
      STRAIGHT_JOIN @past_chunks t ON t.n = v.n AND t.c = k.c`,
  ),
  dropChunksFromParks: inserts(
    `REPLACE INTO @past_chunks (n, c, until)
      SELECT v.n, k.c, v.until FROM {n, hash, until} STRAIGHT_JOIN @chunks k ON k.hash = v.hash`,
  ),
  addLines: (rows, [now]) => [
    [
      "INSERT INTO @journal (n, time, turn, what, who, detail) VALUES ?",
      [rows.map(([n, turn, what, by, detail]) => [n!, now!, turn!, what!, by!, detail!])],
    ],
  ],
  addCodes: inserts("INSERT INTO @codes (`key`, body) VALUES ? ON DUPLICATE KEY UPDATE body = @codes.body"),
};

export const lists: Readonly<Record<ListName, string>> = {
  grant: "UPDATE @places SET held = 1 WHERE seq IN ?",
  /** Chunks to which nothing refers. */
  dropChunks: `DELETE t FROM @chunks t LEFT JOIN @run_chunks r ON r.c = t.c LEFT JOIN @past_chunks p ON p.c = t.c
    WHERE t.hash IN ? AND r.c IS NULL AND p.c IS NULL`,
  raiseRuns: "UPDATE @queue SET epoch = epoch + 1 WHERE n IN ?",
  raiseStates: "UPDATE @states SET epoch = epoch + 1 WHERE n IN ?",
};

/** The statements of a batch, one after the other. */
export class MysqlWriter implements ChangeWriter {
  readonly #session: Session;
  readonly #todo: (() => Promise<boolean>)[] = [];

  constructor(session: Session) {
    this.#session = session;
  }

  async insertEvents(events: readonly EventRecord[], now: number): Promise<readonly Row[]> {
    const found: Row[] = [];
    const all = events.map(({ key, id, payload, run, taken }) => [key, id, payload, run, now, taken]);
    for (const rows of this.#pieces(all)) {
      await this.#session.run("INSERT INTO @events (`key`, id, payload, run, sent, taken) VALUES ?", [rows]);
      const { rows: numbered } = await this.#session.run(
        "SELECT e.seq, e.`key`, e.id FROM {name, id} STRAIGHT_JOIN @events e ON e.`key` = v.name AND e.id = v.id",
        [rows.map(([key, id]) => [key!, id!])],
      );
      found.push(...numbered);
    }
    return found;
  }

  all<R>(
    name: ChangeName,
    rows: readonly R[],
    names: readonly (keyof R)[],
    first: readonly unknown[] = [],
  ): void {
    this.#add(name, rows, names, first, false);
  }

  exactly<R>(
    name: ChangeName,
    rows: readonly R[],
    names: readonly (keyof R)[],
    first: readonly unknown[],
  ): void {
    this.#add(name, rows, names, first, true);
  }

  list(name: ListName, values: readonly (string | number)[]): void {
    this.#todo.push(async () => {
      await this.#session.run(lists[name], [values]);
      return true;
    });
  }

  async end(): Promise<boolean> {
    for (const step of this.#todo) if (!(await step())) return false;
    return true;
  }

  #add<R>(
    name: ChangeName,
    rows: readonly R[],
    names: readonly (keyof R)[],
    first: readonly unknown[],
    exact: boolean,
  ): void {
    if (rows.length === 0) return;
    const tuples = rows.map((row) => names.map((column) => row[column] as Value));
    for (const piece of this.#pieces(tuples)) {
      for (const [i, [text, values]] of changes[name](piece, first as readonly Value[]).entries()) {
        const count = exact && i === 0 ? piece.length : null;
        this.#todo.push(() => this.#write(text, values, count));
      }
    }
  }

  async #write(text: string, values: readonly Parameter[], count: number | null): Promise<boolean> {
    try {
      const { rowCount } = await this.#session.run(text, values);
      return count === null || rowCount === count;
    } catch (error) {
      // Somebody has inserted it since it was looked for.
      if (count !== null && numberOf(error) === DUPLICATE) return false;
      throw error;
    }
  }

  #pieces(rows: Rows): Rows[] {
    return piecesOf(rows, this.#session.server.packet);
  }
}

/** Rows that surely fit into one statement each time. A row that is too large alone stays alone. */
export function piecesOf(rows: Rows, packet: number): Rows[] {
  const pieces: Rows[] = [];
  let [from, bytes] = [0, 0];
  for (const [i, row] of rows.entries()) {
    let size = 0;
    // Letters have up to three bytes; what is escaped has two.
    for (const value of row)
      size +=
        typeof value === "string" ? value.length * 3 : value instanceof Uint8Array ? value.length * 2 : 24;
    if (i > from && bytes + size > packet - 4096) {
      pieces.push(rows.slice(from, i));
      [from, bytes] = [i, 0];
    }
    bytes += size;
  }
  if (from < rows.length) pieces.push(rows.slice(from));
  return pieces;
}
