/** A batch's view of the database (stores/batch), as SQL within one transaction. */
import type { RunEnd } from "../../runtime/engine/store.ts";
import {
  type Belongings,
  belongingsOf,
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
} from "../batch/index.ts";
import { unpackBody } from "../rows/index.ts";
import type { QueryResult, Session } from "./connections.ts";
import { hashOf } from "./names.ts";
import type { StatementName } from "./statements.ts";
import { writeChanges } from "./write-changes.ts";

export class PostgresTables implements Tables {
  readonly now: number;
  readonly #session: Session;

  constructor(session: Session, now: number) {
    this.#session = session;
    this.now = now;
  }

  async numbers(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return new Map((await this.#rows("numbers", [ids])).map(({ id, n }) => [id, n]));
  }

  async allocate(count: number): Promise<readonly number[]> {
    return (await this.#rows("allocate", [count])).map(({ n }) => n);
  }

  async lockKeys(keys: readonly string[], wait: boolean): Promise<boolean> {
    // The order is that of the numbers: it is the same for all.
    const names = [...new Set(keys.map((key) => BigInt(hashOf(`${this.#session.schema} ${key}`))))]
      .sort((a, b) => (a < b ? -1 : 1))
      .map(String);
    if (!wait) return (await this.#rows("tryNames", [names]))[0].locked;
    await this.#rows("lockNames", [names]);
    return true;
  }

  async lockRuns(runs: readonly number[], wait: boolean): Promise<readonly RunRecord[]> {
    return this.#rows(wait ? "lockRuns" : "tryRuns", [runs]);
  }

  async keys(needs: ReadonlyMap<string, KeyNeed>): Promise<ReadonlyMap<string, KeyState>> {
    const sent = sentOf(needs);
    const all = [...needs.values()];
    const rows = await this.#rows("keys", [
      [...needs.keys()],
      all.map(({ subscribers }) => subscribers),
      all.map(({ kept }) => kept),
      sent.map(([key]) => key),
      sent.map(([, id]) => id),
    ]);
    return keyStates(needs, rows);
  }

  async lines(needs: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, LineState>> {
    return lineStates(needs, await this.#rows("lines", [[...needs.keys()], [...needs.values()]]));
  }

  async places(waits: readonly WaitOfRun[]): Promise<readonly PlaceRecord[]> {
    return this.#rows("places", [waits.map(({ n }) => n), waits.map(({ wait }) => wait)]);
  }

  async belongings(runs: readonly number[]): Promise<ReadonlyMap<number, Belongings>> {
    return belongingsOf(runs, await this.#rows("belongings", [runs]));
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
    const rows = await this.#rows("lastToGo", [[...keep.keys()], [...keep.values()]]);
    const last = new Map(rows.map(({ n, turn }) => [n as number, turn as number]));
    if (last.size === 0) return pastsOf(keep.keys(), last, []);
    return pastsOf(keep.keys(), last, await this.#rows("pastChunks", [[...last.keys()], [...last.values()]]));
  }

  async waits(runs: readonly number[]): Promise<ReadonlyMap<number, string>> {
    return new Map((await this.#rows("bodies", [runs])).map(({ n, body }) => [n, unpackBody(body).waits]));
  }

  async takePosts(posts: readonly PostRecord[], wait: boolean): Promise<boolean> {
    const name = wait ? "takePosts" : "tryPosts";
    const { rowCount } = await this.#session.run(name, [posts.map(({ seq }) => seq)]);
    return rowCount === posts.length;
  }

  write: Tables["write"] = (changes) => writeChanges(this.#session, changes, this.now);

  async #rows(name: StatementName, values: readonly unknown[]): Promise<Row[]> {
    return ((await this.#session.run(name, values)) as QueryResult).rows;
  }
}
