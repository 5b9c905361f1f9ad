/** A batch's view of the database (stores/batch), as SQL within one transaction. */
import { createHash } from "node:crypto";
import type { RunEnd } from "../../runtime/engine/store.ts";
import {
  type Belongings,
  belongingsOf,
  type Changes,
  type KeyNeed,
  type KeyState,
  keyStates,
  type LineState,
  lineStates,
  type Openings,
  openingsOf,
  type Past,
  type PlaceRecord,
  type PostRecord,
  pastsOf,
  type Row,
  type RunRecord,
  sentOf,
  type Tables,
  type WaitOfRun,
  writeChanges,
} from "../batch/index.ts";
import { unpackBody } from "../rows/index.ts";
import type { Session } from "./connections.ts";
import { NAMES } from "./schema.ts";
import type { Parameter, Value } from "./sql.ts";
import { type StatementName, statements } from "./statements.ts";
import { MysqlWriter } from "./write-changes.ts";

/** Look-ups of keys in one statement. */
const KEYS_AT_ONCE = 50;

export class MysqlTables implements Tables {
  readonly now: number;
  readonly session: Session;

  constructor(session: Session, now: number) {
    this.session = session;
    this.now = now;
  }

  async numbers(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return new Map((await this.#rows("numbers", [ids])).map(({ id, n }) => [id, n]));
  }

  allocate(count: number): Promise<readonly number[]> {
    return allocate(this.session, count);
  }

  async lockKeys(keys: readonly string[], wait: boolean): Promise<boolean> {
    const names = [...new Set(keys.map(nameOf))];
    const rows = await this.#rows(wait ? "lockNames" : "tryNames", [names]);
    return rows.length === names.length;
  }

  async lockRuns(runs: readonly number[], wait: boolean): Promise<readonly RunRecord[]> {
    const locked = await this.#rows(wait ? "lockRuns" : "tryRuns", [runs]);
    return locked.length === 0 ? [] : this.#rows("runRecords", [locked.map(({ n }) => n)]);
  }

  async keys(needs: ReadonlyMap<string, KeyNeed>): Promise<ReadonlyMap<string, KeyState>> {
    const sent = sentOf(needs);
    const all = [...needs];
    const rows = [
      ...(await this.#each(
        "waiting",
        all.flatMap(([key, { subscribers }]) => (subscribers === 0 ? [] : [[key, subscribers]])),
      )),
      ...(await this.#each(
        "kept",
        all.flatMap(([key, { kept }]) => (kept === 0 ? [] : [[key, kept]])),
      )),
      ...(await this.#rows("feeds", [[...needs.keys()]])),
      ...(sent.length === 0 ? [] : await this.#rows("sent", [sent, [...new Set(sent.map(([key]) => key))]])),
    ];
    return keyStates(needs, rows);
  }

  async lines(needs: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, LineState>> {
    const keys = [...needs.keys()];
    const taken = new Map((await this.#rows("taken", [keys])).map((row) => [row.key, row.taken]));
    const waiting = await this.#each("line", [...needs]);
    return lineStates(needs, [
      ...keys.map((key) => ({ key, taken: taken.get(key) ?? 0, seq: null })),
      ...waiting,
    ]);
  }

  async places(waits: readonly WaitOfRun[]): Promise<readonly PlaceRecord[]> {
    return this.#rows("places", [waits.map(({ n, wait }) => [n, wait])]);
  }

  async belongings(runs: readonly number[]): Promise<ReadonlyMap<number, Belongings>> {
    const rows: Row[] = [];
    for (const name of ["followersOf", "attachedTo", "placesOf", "hashesOf", "keepOf"] as const)
      rows.push(...(await this.#rows(name, [runs])));
    return belongingsOf(runs, rows);
  }

  async openings(runs: readonly number[]): Promise<ReadonlyMap<number, Openings>> {
    return openingsOf(runs, await this.#rows("arrivals", [runs]), await this.#rows("attempts", [runs]));
  }

  async outcomes(runs: readonly number[]): Promise<ReadonlyMap<number, RunEnd>> {
    return new Map(
      (await this.#rows("outcomes", [runs])).map(({ n, status, value }) => [n, { status, value }]),
    );
  }

  async pasts(keep: ReadonlyMap<number, number>): Promise<ReadonlyMap<number, Past>> {
    const wanted = [...keep].map(([n, count]) => [n, count - 1]);
    const last = new Map((await this.#each("lastToGo", wanted)).map(({ n, turn }) => [n, turn] as const));
    return pastsOf(keep.keys(), last, last.size === 0 ? [] : await this.#rows("pastChunks", [[...last]]));
  }

  async waits(runs: readonly number[]): Promise<ReadonlyMap<number, string>> {
    return new Map((await this.#rows("bodies", [runs])).map(({ n, body }) => [n, unpackBody(body).waits]));
  }

  async takePosts(posts: readonly PostRecord[], wait: boolean): Promise<boolean> {
    const seqs = posts.map(({ seq }) => seq);
    if ((await this.#rows(wait ? "lockPosts" : "tryPosts", [seqs])).length < seqs.length) return false;
    await this.session.run(statements.dropPosts, [seqs]);
    const numbers = posts.flatMap(({ kind, body }) => (kind === "start" ? JSON.parse(body!) : []));
    if (numbers.length > 0) await this.session.run(statements.forgetSome, [numbers]);
    return true;
  }

  write(changes: Changes): Promise<boolean> {
    return writeChanges(new MysqlWriter(this.session), changes, this.now);
  }

  async #rows(name: StatementName, values: readonly Parameter[]): Promise<Row[]> {
    return (await this.session.run(statements[name], values)).rows;
  }

  /** One statement for many, each with a limit of its own. */
  async #each(name: StatementName, values: readonly (readonly Value[])[]): Promise<Row[]> {
    const rows: Row[] = [];
    for (let from = 0; from < values.length; from += KEYS_AT_ONCE) {
      const some = values.slice(from, from + KEYS_AT_ONCE);
      const text = some.map(() => `(${statements[name]})`).join(" UNION ALL ");
      rows.push(...(await this.session.run(text, some.flat())).rows);
    }
    return rows;
  }
}

/** The same, of which the rows stay: to remove them locks what others want to insert until the transaction ends. */
export async function reserveNumbers(session: Session, count: number): Promise<readonly number[]> {
  const { insertId } = await session.run(statements.allocate, [Array.from({ length: count }, () => [null])]);
  return Array.from({ length: count }, (_, i) => insertId + i * session.server.step);
}

/** Numbers for new runs: rows that are gone at once, but the server never hands out one of them again. */
export async function allocate(session: Session, count: number): Promise<readonly number[]> {
  const numbers = await reserveNumbers(session, count);
  await session.run(statements.forget, [numbers[0]!, numbers.at(-1)!]);
  return numbers;
}

/** Names share locks when their hashes are alike, which does no harm. */
function nameOf(key: string): number {
  return createHash("sha1").update(key).digest().readUInt32LE(0) % NAMES;
}
