/** What a store on a server is put together from: its connections, its statements, and what it does in SQL of its own. */
import type {
  BuildRecord,
  Claimed,
  Copy,
  CopyOutcome,
  Hint,
  Placement,
  ScheduleRow,
  Stranded,
} from "../../runtime/engine/store.ts";
import type { Failure } from "./batcher.ts";
import type { Tables } from "./records.ts";
import type { Row } from "./rows.ts";
import type { Lease, UserOperations } from "./transact.ts";
import type { PostOperations } from "./user-transactions.ts";

/** Statements that every server has, with the same parameters and columns. */
export type CommonName =
  | "now"
  | "numbers"
  | "workers"
  | "news"
  | "arrivals"
  | "attempts"
  | "run"
  | "counts"
  | "chunksOf"
  | "chunksOfPark"
  | "parks"
  | "park"
  | "holdings"
  | "journal"
  | "reasons"
  | "builds"
  | "codes"
  | "schemaOf"
  | "schedule"
  | "allSchedules"
  | "dueSchedules"
  | "nextSchedule"
  | "liveWorkers"
  | "posts"
  | "dropSchedule";

/** Values of a statement, as every server takes them: a list stands for many. */
export type CommonValue = string | number | null | readonly (string | number)[];

/** What a statement answers. */
export interface Answer {
  readonly rows: Row[];
  /** Rows that were found or changed. */
  readonly rowCount: number | null;
}

/** Connections to one server. `S`: statements on one of them. */
export interface ServerConnections<S> {
  /** For people: where the server is, without its password. */
  readonly where: string;
  /** Connections at one time, at most. */
  readonly most: number;
  lease(): Promise<Lease<S>>;
  /** Statements on a connection of a user's; null: it is none. */
  over(client: unknown): S | null;
  /** An error that says what to do. */
  explain(error: unknown): unknown;
  session<T>(body: (session: S) => Promise<T>): Promise<T>;
  /** Commits what `body` did; nothing of it when it throws. */
  transaction<T>(body: (session: S) => Promise<T>): Promise<T>;
  end(): Promise<void>;
}

/** Tells other processes, and hears them. */
export interface Hinting {
  tell(hints: readonly Hint[]): void;
  /** Others may have something to say soon, of which nobody will tell. */
  expect?(): void;
  end(): Promise<void>;
}

export interface ClaimedRuns {
  readonly claimed: readonly Claimed[];
  readonly numbers: readonly (readonly [string, number])[];
}

/** What is done in a transaction of its own, in SQL of the server. Times are in ms. */
export interface ServerOperations<S> extends UserOperations<S>, PostOperations<S> {
  readonly failureOf: (error: unknown) => Failure;
  tables(session: S, now: number): Tables;
  /** `numbers`: those of the runs, by id. `buried`: a worker was, ask again. `posts`: there are some, which are to be looked for. */
  claimRuns(
    session: S,
    now: number,
    worker: string,
    limit: number,
    placement: Placement,
    forPosts: boolean,
  ): Promise<ClaimedRuns | "buried" | "posts">;
  /** Makes the runs of a worker anybody's, but those in `known`. @returns how many */
  disownRuns(session: S, worker: number, known: readonly string[], now: number): Promise<number>;
  retireWorker(session: S, id: string, now: number): Promise<void>;
  cloneRun(session: S, from: number, copy: Copy, now: number): Promise<Exclude<CopyOutcome, "none">>;
  /** @param lock waits for the locks of names */
  collect(session: S, before: number, limit: number, lock: Tables["lockKeys"]): Promise<number>;
  addBuilds(session: S, builds: readonly BuildRecord[]): Promise<void>;
  strand(session: S, reason: string, now: number): Promise<readonly Stranded[]>;
  /** False: the row is not of the version that was seen, null: there is one. */
  writeSchedule(session: S, row: ScheduleRow, seen: string | null): Promise<boolean>;
}
