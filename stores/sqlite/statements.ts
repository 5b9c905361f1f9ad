/**
 * All SQL of the SQLite store. A turn that goes on with its worker writes one row, in `states`; what it changes seldom
 * stands elsewhere.
 *
 * | table           | one row per                              | written                          |
 * |-----------------|------------------------------------------|----------------------------------|
 * | `states`        | run: fence, waits and snapshot           | at each turn                     |
 * | `runs`          | run: what it is found and claimed by     | when claimed, given back, ended  |
 * | `origins`       | run: call, secret, tags, parent          | once                             |
 * | `ends`          | ended run                                | once                             |
 * | `followers`     | run that waits for the end of another    | when parked, at either end       |
 * | `places`        | run that has, or waits for, a lock       | when taken, granted, released    |
 * | `rates`         | key of a rate limit                      | at each use                      |
 * | `arrivals`      | outcome not yet in a snapshot            | by senders, ended children, redo |
 * | `attempts`      | step with failed attempts, or progress   | at each failed attempt, heartbeat |
 * | `subscriptions` | event wait                               | when parked, when decided        |
 * | `feeds`         | run that gets copies of a key's events   | when it asks, at the first copy  |
 * | `events`        | event ever sent                          | when sent, when taken            |
 * | `schedules`     | schedule                                 | when changed, when it fires      |
 * | `workers`       | live worker                              | at each renewal                  |
 * | `chunks`        | part of a large value                    | once, while a run refers to it   |
 * | `run_chunks`    | run and chunk that it refers to          | when a large value changes       |
 * | `codes`         | function and code hash                   | once                             |
 * | `histories`     | run of which parks are kept: how many    | once                             |
 * | `limits`        | run that was started under a limit       | once                             |
 * | `parks`         | park of such a run that is over          | when it ends                     |
 * | `past_chunks`   | chunk that kept parks of a run refer to, and the present one does not | when it is dropped |
 * | `journal`       | fork, rewind or edit                     | once                             |
 * | `builds`        | build that a worker has announced        | once                             |
 *
 * Times are milliseconds since 1970. Workers and runs are numbers (`n`) between tables: comparing and binding a text
 * costs more than the rest of the fence.
 */

import { SUSPECT } from "../../runtime/engine/poison.ts";
import { BOUND_FOR, SYSTEM_GROUP } from "../../runtime/engine/store.ts";

/** `cfrm` in ASCII: how SQLite's header says that a file is ours. */
export const APPLICATION_ID = 0x6366726d;
/** Raised with each migration; kept in the header as `user_version`. */
export const SCHEMA_VERSION = 7;

/** `migrations[n]` leads from version n to n + 1. Never changed once released. */
export const migrations: readonly string[] = [
  `
CREATE TABLE runs (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  entry TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'active',
  priority INTEGER NOT NULL,
  due INTEGER,
  worker INTEGER,
  told INTEGER NOT NULL DEFAULT 0,
  cancel TEXT NOT NULL DEFAULT 'no',
  reason TEXT,
  needs TEXT,
  deaths INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX runs_due ON runs (priority, due) WHERE worker IS NULL AND due IS NOT NULL AND status = 'active';
CREATE INDEX runs_worker ON runs (worker) WHERE worker IS NOT NULL;
CREATE INDEX runs_told ON runs (worker) WHERE worker IS NOT NULL AND told = 1;
CREATE INDEX runs_status ON runs (status, n);
CREATE INDEX runs_suspect ON runs (due) WHERE worker IS NULL AND due IS NOT NULL AND status = 'active' AND deaths >= ${SUSPECT};

CREATE TABLE states (
  n INTEGER PRIMARY KEY,
  worker INTEGER,
  epoch INTEGER NOT NULL,
  turn INTEGER NOT NULL,
  news INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE TABLE origins (
  n INTEGER PRIMARY KEY,
  call TEXT NOT NULL,
  secret TEXT NOT NULL,
  tags TEXT NOT NULL,
  parent TEXT,
  created INTEGER NOT NULL
) STRICT;
CREATE TABLE ends (n INTEGER PRIMARY KEY, value TEXT NOT NULL, ended INTEGER NOT NULL) STRICT;
CREATE INDEX ends_ended ON ends (ended);
CREATE TABLE followers (
  run INTEGER NOT NULL,
  n INTEGER NOT NULL,
  wait INTEGER NOT NULL,
  attached INTEGER NOT NULL,
  PRIMARY KEY (run, n, wait)
) STRICT, WITHOUT ROWID;
CREATE INDEX followers_n ON followers (n);
CREATE TABLE places (
  seq INTEGER PRIMARY KEY,
  key TEXT NOT NULL,
  n INTEGER NOT NULL,
  wait INTEGER NOT NULL,
  max INTEGER NOT NULL,
  loose INTEGER NOT NULL,
  value TEXT NOT NULL,
  held INTEGER NOT NULL
) STRICT;
CREATE INDEX places_key ON places (key, held, seq);
CREATE UNIQUE INDEX places_n ON places (n, wait);
CREATE TABLE rates (key TEXT PRIMARY KEY, next REAL NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE arrivals (
  seq INTEGER PRIMARY KEY,
  n INTEGER NOT NULL,
  wait INTEGER NOT NULL,
  threw INTEGER NOT NULL,
  value TEXT NOT NULL,
  event INTEGER,
  UNIQUE (n, wait)
) STRICT;
CREATE TABLE attempts (
  n INTEGER NOT NULL,
  wait INTEGER NOT NULL,
  made INTEGER NOT NULL,
  due INTEGER,
  error TEXT NOT NULL,
  since INTEGER,
  begun INTEGER,
  progress TEXT,
  PRIMARY KEY (n, wait)
) STRICT, WITHOUT ROWID;

CREATE TABLE subscriptions (
  key TEXT NOT NULL,
  n INTEGER NOT NULL,
  wait INTEGER NOT NULL,
  schema TEXT,
  PRIMARY KEY (key, n, wait)
) STRICT, WITHOUT ROWID;
CREATE TABLE feeds (
  key TEXT NOT NULL,
  n INTEGER NOT NULL,
  target TEXT NOT NULL,
  once INTEGER NOT NULL,
  PRIMARY KEY (key, n, target)
) STRICT, WITHOUT ROWID;
CREATE INDEX feeds_n ON feeds (n);
CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  key TEXT NOT NULL,
  id TEXT NOT NULL,
  payload TEXT,
  run TEXT,
  sent INTEGER NOT NULL,
  taken INTEGER,
  UNIQUE (key, id)
) STRICT;
CREATE INDEX events_kept ON events (key, seq) WHERE taken IS NULL;
CREATE INDEX events_run ON events (run) WHERE run IS NOT NULL;
CREATE INDEX events_taken ON events (sent) WHERE taken IS NOT NULL;

CREATE TABLE schedules (
  id TEXT PRIMARY KEY,
  version TEXT NOT NULL,
  spec TEXT NOT NULL,
  next INTEGER,
  paused INTEGER NOT NULL,
  last TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX schedules_next ON schedules (next) WHERE next IS NOT NULL;
CREATE TABLE workers (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  lease INTEGER NOT NULL,
  until INTEGER NOT NULL,
  about TEXT NOT NULL
) STRICT;
CREATE INDEX workers_until ON workers (until);
CREATE TABLE codes (key TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE chunks (c INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, body ANY NOT NULL) STRICT;
CREATE TABLE run_chunks (n INTEGER NOT NULL, c INTEGER NOT NULL, PRIMARY KEY (n, c)) STRICT, WITHOUT ROWID;
CREATE INDEX run_chunks_of ON run_chunks (c);
`,
  `
ALTER TABLE runs ADD COLUMN grp TEXT NOT NULL DEFAULT 'default';
DROP INDEX runs_due;
CREATE INDEX runs_due ON runs (grp, priority, due) WHERE worker IS NULL AND due IS NOT NULL AND status = 'active';
UPDATE runs SET due = strftime('%s', 'now') * 1000 WHERE due = 0;
`,
  `
ALTER TABLE runs ADD COLUMN build TEXT;
ALTER TABLE runs ADD COLUMN bound TEXT;
CREATE INDEX runs_bound ON runs (due) WHERE bound IS NOT NULL AND worker IS NULL AND due IS NOT NULL AND status = 'active';
ALTER TABLE workers ADD COLUMN builds TEXT NOT NULL DEFAULT '[]';
CREATE TABLE builds (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
`,
  `
CREATE TABLE histories (n INTEGER PRIMARY KEY, keep INTEGER NOT NULL) STRICT;
CREATE TABLE parks (
  n INTEGER NOT NULL,
  turn INTEGER NOT NULL,
  saved INTEGER NOT NULL,
  cancel TEXT NOT NULL,
  places TEXT,
  feeds TEXT,
  body TEXT NOT NULL,
  PRIMARY KEY (n, turn)
) STRICT;
CREATE TABLE past_chunks (
  n INTEGER NOT NULL,
  c INTEGER NOT NULL,
  until INTEGER NOT NULL,
  PRIMARY KEY (n, c)
) STRICT, WITHOUT ROWID;
CREATE INDEX past_chunks_of ON past_chunks (c);
CREATE TABLE journal (
  seq INTEGER PRIMARY KEY,
  n INTEGER NOT NULL,
  time INTEGER NOT NULL,
  turn INTEGER NOT NULL,
  what TEXT NOT NULL,
  who TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE INDEX journal_n ON journal (n);
`,
  `
ALTER TABLE workers ADD COLUMN grps TEXT;
ALTER TABLE workers ADD COLUMN entries TEXT;
`,
  `
ALTER TABLE parks ADD COLUMN grp TEXT;
`,
  `
CREATE TABLE limits (n INTEGER PRIMARY KEY, key TEXT NOT NULL, max REAL NOT NULL) STRICT;
INSERT INTO limits SELECT n, substr(key, 5), max FROM places WHERE wait = -1;
`,
];

/** Which runs a worker takes. Parameters: entries or null for all, entries that are not taken, builds or null for all. */
const PLACED = `(?3 IS NULL OR entry IN (SELECT value FROM json_each(?3))) AND entry NOT IN (SELECT value FROM json_each(?4))
      AND (bound IS NULL OR ?5 IS NULL OR bound IN (SELECT value FROM json_each(?5)))`;

const ROW = `r.n, r.id, r.entry, r.status, r.cancel, r.priority, r.grp, r.due, r.reason, r.needs, r.build, r.bound,
  s.epoch, s.turn, s.updated, o.tags, o.parent, o.created, w.id AS worker,
  (SELECT count(*) FROM attempts a WHERE a.n = r.n AND a.due IS NULL) AS held`;
const FROM = `FROM runs r JOIN states s ON s.n = r.n JOIN origins o ON o.n = r.n LEFT JOIN workers w ON w.n = r.worker`;

/** Parameters: entry twice, group twice, tags twice, limit. */
const FILTER = `(? IS NULL OR r.entry = ?)
      AND r.grp = coalesce(?, CASE r.grp WHEN '${SYSTEM_GROUP}' THEN NULL ELSE r.grp END)
      AND (? IS NULL OR NOT EXISTS (SELECT 1 FROM json_each(?) t
        WHERE (SELECT value FROM json_each(o.tags) u WHERE u.key = t.key) IS NOT t.value))
    ORDER BY r.n DESC LIMIT ?`;

/** What a run has beside its snapshot. */
const HOLDINGS = `r.cancel, r.grp,
  (SELECT json_group_array(json_array(p.wait, p.key, p.max)) FROM places p
    WHERE p.n = r.n AND p.wait >= 0 AND NOT (p.loose = 1 AND p.held = 1)) AS places,
  (SELECT json_group_array(json_array(f.key, f.target, f.once)) FROM feeds f WHERE f.n = r.n) AS feeds`;

/** Runs in one statement: a call of the driver costs more than a row, beyond sixteen it is not felt. */
export const RUNS_AT_ONCE = 16;

function manyRows(row: string | ((i: number) => string)): string {
  return Array.from({ length: RUNS_AT_ONCE }, (_, i) => (typeof row === "string" ? row : row(i))).join(", ");
}

function turnRow(i: number): string {
  return `(?${5 * i + 3}, ?${5 * i + 4}, ?${5 * i + 5}, ?${5 * i + 6}, ?${5 * i + 7})`;
}

/** Prepared at the first use on each connection. */
export const statements = {
  begin: "BEGIN IMMEDIATE",
  commit: "COMMIT",
  rollback: "ROLLBACK",
  savepoint: "SAVEPOINT one",
  rollbackTo: "ROLLBACK TO one",
  releaseSavepoint: "RELEASE one",
  dataVersion: "PRAGMA data_version",

  insertRun: `INSERT INTO runs (id, entry, priority, grp, due, worker, build) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO NOTHING RETURNING n`,
  insertState: `INSERT INTO states (n, worker, epoch, turn, news, updated, body) VALUES (?, ?, ?, 0, 0, ?, '[]\n')`,
  insertOrigin: "INSERT INTO origins (n, call, secret, tags, parent, created) VALUES (?, ?, ?, ?, ?, ?)",
  /** The same for many runs. Returns the numbers of those that are new. */
  insertRuns: `INSERT INTO runs (id, entry, priority, grp, due, worker, build) VALUES ${manyRows("(?, ?, ?, ?, ?, ?, ?)")}
    ON CONFLICT (id) DO NOTHING RETURNING n, id`,
  insertStates: `INSERT INTO states (n, worker, epoch, turn, news, updated, body) VALUES ${manyRows("(?, ?, ?, 0, 0, ?, '[]\n')")}`,
  insertOrigins: `INSERT INTO origins (n, call, secret, tags, parent, created) VALUES ${manyRows("(?, ?, ?, ?, ?, ?)")}`,
  number: "SELECT n FROM runs WHERE id = ?",
  dueOf: "SELECT due FROM runs WHERE n = ?",

  /**
   * The fence and the turn in one: changes no row unless all of it holds and there is nothing new for the worker. The fourth
   * parameter is the owner from then on: null when the turn gives the run back, or ends it.
   */
  turn: `UPDATE states SET turn = ?, body = ?, updated = ?, worker = ?
    WHERE n = ? AND epoch = ? AND turn = ? AND news = ? AND worker = ?`,
  /** The same for many runs of one worker. Parameters: updated, worker, then n, turn, body, epoch, news of each. */
  turns: `UPDATE states SET turn = v.column2, body = v.column3, updated = ?1
    FROM (VALUES ${manyRows(turnRow)}) v
    WHERE n = v.column1 AND epoch = v.column4 AND turn = v.column2 - 1 AND news = v.column5 AND worker = ?2`,
  /** Why `turn` changed nothing. */
  fence:
    "SELECT s.epoch, s.turn, s.news, s.worker, r.cancel, r.status FROM states s JOIN runs r ON r.n = s.n WHERE s.n = ?",
  setState: "UPDATE states SET turn = ?, body = ?, updated = ? WHERE n = ?",
  seen: "UPDATE runs SET told = 0 WHERE n = ? AND told = 1",
  cancelled: "UPDATE runs SET cancel = 'under way' WHERE n = ?",
  leave: "UPDATE states SET worker = NULL WHERE n = ?",
  giveBack: "UPDATE runs SET worker = NULL, due = ? WHERE n = ?",
  block: "UPDATE runs SET worker = NULL, due = ?, status = 'blocked', reason = ?, needs = ? WHERE n = ?",
  end: "UPDATE runs SET status = ?, worker = NULL, due = NULL WHERE n = ?",
  /** Parameters: n, value, ended, id. `leaves` tells whether there is anything that goes with the run: mostly there is not. */
  insertEnd: `INSERT INTO ends (n, value, ended) VALUES (?1, ?2, ?3)
    RETURNING EXISTS (SELECT 1 FROM arrivals WHERE n = ?1) OR EXISTS (SELECT 1 FROM attempts WHERE n = ?1)
      OR EXISTS (SELECT 1 FROM run_chunks WHERE n = ?1) OR EXISTS (SELECT 1 FROM places WHERE n = ?1)
      OR EXISTS (SELECT 1 FROM followers WHERE run = ?1) OR EXISTS (SELECT 1 FROM followers WHERE n = ?1)
      OR EXISTS (SELECT 1 FROM events WHERE run = ?4 AND taken IS NULL) AS leaves`,
  dropArrivals: "DELETE FROM arrivals WHERE n = ?",
  dropAttempts: "DELETE FROM attempts WHERE n = ?",
  dropKept: "DELETE FROM events WHERE run = ? AND taken IS NULL",

  follow: "INSERT INTO followers (run, n, wait, attached) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
  followers: "SELECT n, wait FROM followers WHERE run = ? ORDER BY n, wait",
  attached: "SELECT run FROM followers WHERE n = ? AND attached = 1 ORDER BY run",
  dropFollowers: "DELETE FROM followers WHERE run = ?",
  dropFollowing: "DELETE FROM followers WHERE n = ?",
  endOf: "SELECT r.status, e.value FROM ends e JOIN runs r ON r.n = e.n WHERE e.n = ?",

  /** Waits in the line of a lock. */
  queue: "INSERT INTO places (key, n, wait, max, loose, value, held) VALUES (?, ?, ?, ?, ?, ?, 0)",
  /** Those that end with their run. */
  places: "SELECT wait FROM places WHERE n = ? AND (loose = 0 OR held = 0)",
  leavePlace: "DELETE FROM places WHERE n = ? AND wait = ? RETURNING key",
  /** The next in the line, and how many places are taken. */
  nextInLine: `SELECT seq, n, wait, max, value, (SELECT count(*) FROM places WHERE key = ?1 AND held = 1) AS taken
    FROM places WHERE key = ?1 AND held = 0 ORDER BY seq LIMIT 1`,
  grant: "UPDATE places SET held = 1 WHERE seq = ?",
  beginLimited: "UPDATE runs SET due = ? WHERE n = ? AND due IS NULL",
  rate: "SELECT next FROM rates WHERE key = ?",
  setRate: "INSERT INTO rates (key, next) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET next = excluded.next",
  dropRates: "DELETE FROM rates WHERE next < ?",

  insertArrival:
    "INSERT INTO arrivals (n, wait, threw, value) VALUES (?, ?, ?, ?) ON CONFLICT (n, wait) DO NOTHING",
  arrivals: "SELECT wait, threw, value FROM arrivals WHERE n = ? ORDER BY seq",
  dropArrival: "DELETE FROM arrivals WHERE n = ? AND wait = ?",
  setAttempt: `INSERT INTO attempts (n, wait, made, due, error, since, begun, progress)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (n, wait) DO UPDATE SET made = excluded.made, due = excluded.due, error = excluded.error,
      since = excluded.since, begun = excluded.begun, progress = excluded.progress`,
  attempts: "SELECT wait, made, due, error, since, begun, progress FROM attempts WHERE n = ? ORDER BY wait",
  dropAttempt: "DELETE FROM attempts WHERE n = ? AND wait = ?",
  held: "SELECT 1 FROM attempts WHERE n = ? AND wait = ? AND due IS NULL",
  retryHeld:
    "UPDATE attempts SET made = 0, due = 0, since = ?, begun = NULL WHERE n = ? AND wait = ? AND due IS NULL",
  retried: "SELECT wait FROM attempts WHERE n = ? AND made = 0",
  /** Something came for the run from elsewhere. Nothing is returned when it has ended. */
  wake: `UPDATE runs SET told = 1, due = iif(worker IS NULL AND due < ?2, due, ?2), status = iif(status = 'suspended', status, 'active'), reason = NULL, needs = NULL
    WHERE n = ?1 AND status IN ('active', 'blocked', 'suspended') RETURNING id`,
  suspend:
    "UPDATE runs SET status = 'suspended', told = 1, reason = NULL, needs = NULL WHERE n = ? AND status IN ('active', 'blocked')",
  resume: "UPDATE runs SET status = 'active', told = 1, due = ?2 WHERE n = ?1 AND status = 'suspended'",
  addNews: "UPDATE states SET news = news + 1 WHERE n = ?",

  subscribe: "INSERT INTO subscriptions (key, n, wait, schema) VALUES (?, ?, ?, ?)",
  unsubscribe: "DELETE FROM subscriptions WHERE key = ? AND n = ? AND wait = ?",
  subscriber: "SELECT n, wait FROM subscriptions WHERE key = ? ORDER BY n, wait LIMIT 1",
  schemaOf: "SELECT schema FROM subscriptions WHERE key = ? ORDER BY n, wait LIMIT 1",
  feed: `INSERT INTO feeds (key, n, target, once) VALUES (?, ?, ?, ?)
    ON CONFLICT (key, n, target) DO UPDATE SET once = excluded.once`,
  feeds:
    "SELECT f.n, f.target, f.once, r.id FROM feeds f JOIN runs r ON r.n = f.n WHERE f.key = ? ORDER BY f.n, f.target",
  dropFeed: "DELETE FROM feeds WHERE key = ? AND n = ? AND target = ?",
  dropFeedOf: "DELETE FROM feeds WHERE n = ? AND target = ? AND once = 1",
  dropFeeds: "DELETE FROM feeds WHERE n = ?",
  insertEvent: `INSERT INTO events (key, id, payload, run, sent, taken) VALUES (?, ?, ?, ?, ?, NULL)
    ON CONFLICT (key, id) DO NOTHING RETURNING seq`,
  kept: "SELECT seq, payload FROM events WHERE key = ? AND taken IS NULL ORDER BY seq LIMIT 1",
  arriveWith: `INSERT INTO arrivals (n, wait, threw, value, event) VALUES (?, ?, 0, ?, ?)
    ON CONFLICT (n, wait) DO NOTHING`,
  arrivedWith: "SELECT event, value FROM arrivals WHERE n = ? AND wait = ? AND event IS NOT NULL",
  putBack: "UPDATE events SET taken = NULL, payload = ? WHERE seq = ?",
  take: "UPDATE events SET taken = ?, payload = NULL WHERE seq = ?",
  status: "SELECT n, status FROM runs WHERE id = ?",

  // Named, since all active runs would be looked through by the index of statuses.
  /** The group after the given one that has a run with a due time. */
  nextGroup: `SELECT min(grp) AS grp FROM runs INDEXED BY runs_due
    WHERE worker IS NULL AND due IS NOT NULL AND status = 'active' AND grp > ?`,
  /** The highest priority below the given one that has a run with a due time in a group. */
  nextPriority: `SELECT max(priority) AS priority FROM runs INDEXED BY runs_due
    WHERE worker IS NULL AND due IS NOT NULL AND status = 'active' AND grp = ? AND priority < ?`,
  /** Parameters: group, priority, those of the placement, due by when, limit. */
  dueRuns: `SELECT n, due FROM runs INDEXED BY runs_due
    WHERE worker IS NULL AND due IS NOT NULL AND status = 'active' AND grp = ?1 AND priority = ?2 AND due <= ?6
      AND deaths < ${SUSPECT} AND ${PLACED}
    ORDER BY due LIMIT ?7`,
  nextDue: `SELECT due FROM runs INDEXED BY runs_due
    WHERE worker IS NULL AND due IS NOT NULL AND status = 'active' AND grp = ?1 AND priority = ?2 AND ${PLACED}
    ORDER BY due LIMIT 1`,
  /** Parameters: groups or null for all, due by when, those of the placement. */
  suspect: `SELECT n FROM runs INDEXED BY runs_suspect
    WHERE worker IS NULL AND due IS NOT NULL AND status = 'active' AND deaths >= ${SUSPECT} AND due <= ?2
      AND (?1 IS NULL OR grp IN (SELECT value FROM json_each(?1))) AND ${PLACED}
    ORDER BY due LIMIT 1`,
  ownsAny: "SELECT 1 FROM runs WHERE worker IS NOT NULL AND worker = ? LIMIT 1",
  claim:
    "UPDATE runs SET worker = ?, told = 0 WHERE n = ? RETURNING id, entry, cancel, priority, grp, deaths, build, bound",
  claimState: "UPDATE states SET worker = ?, epoch = epoch + 1 WHERE n = ? RETURNING epoch, turn, news, body",
  origin:
    "SELECT call, secret, (SELECT keep FROM histories h WHERE h.n = o.n) AS keep FROM origins o WHERE n = ?",
  news: `SELECT r.n, r.id, r.cancel, r.status, s.news FROM runs r JOIN states s ON s.n = r.n
    WHERE r.worker IS NOT NULL AND r.worker = ? AND r.told = 1`,

  schedule: "SELECT id, version, spec, next, paused, last FROM schedules WHERE id = ?",
  allSchedules: "SELECT id, version, spec, next, paused, last FROM schedules ORDER BY id LIMIT ?",
  dueSchedules: `SELECT id, version, spec, next, paused, last FROM schedules
    WHERE next IS NOT NULL AND next <= ? ORDER BY next LIMIT ?`,
  nextSchedule: "SELECT min(next) AS next FROM schedules WHERE next IS NOT NULL",
  setSchedule: `INSERT INTO schedules (id, version, spec, next, paused, last) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET version = excluded.version, spec = excluded.spec, next = excluded.next,
      paused = excluded.paused, last = excluded.last`,
  dropSchedule: "DELETE FROM schedules WHERE id = ?",

  worker: "SELECT n, until FROM workers WHERE id = ?",
  addWorker:
    "INSERT INTO workers (id, lease, until, about, builds, grps, entries) VALUES (?, ?, ?, ?, ?, ?, ?)",
  renewWorker: "UPDATE workers SET until = ?, builds = ? WHERE id = ? AND until > ?",
  deadWorkers: "SELECT n FROM workers WHERE until <= ?",
  nextLeaseEnd: "SELECT min(until) AS until FROM workers WHERE id <> ?",
  dropWorker: "DELETE FROM workers WHERE n = ?",
  /** Parameters: worker, ids of the runs that it keeps, and since when they are due. */
  releaseStates: `UPDATE states SET worker = NULL WHERE n IN
    (SELECT n FROM runs WHERE worker IS NOT NULL AND worker = ? AND id NOT IN (SELECT value FROM json_each(?)))`,
  releaseRuns: `UPDATE runs SET worker = NULL, due = ?3
    WHERE worker IS NOT NULL AND worker = ?1 AND id NOT IN (SELECT value FROM json_each(?2))`,

  /** A worker has died with its runs. */
  blame:
    "UPDATE runs SET deaths = deaths + 1 WHERE worker IS NOT NULL AND worker = ? RETURNING n, deaths, status",
  setBuild: "UPDATE runs SET build = ?, bound = ? WHERE n = ?",
  bind: "UPDATE runs SET bound = ? WHERE n = ?",
  setGroup: "UPDATE runs SET grp = ? WHERE n = ?",
  survived: "UPDATE runs SET deaths = 0 WHERE n = ?",

  body: "SELECT body FROM states WHERE n = ?",
  cloneRun: `INSERT INTO runs (id, entry, priority, grp, due, build, bound)
    SELECT ?, entry, priority, grp, ?, build, bound FROM runs WHERE n = ? RETURNING n`,
  cloneState: `INSERT INTO states (n, worker, epoch, turn, news, updated, body)
    SELECT ?, NULL, 0, turn, news, ?, coalesce(?, body) FROM states WHERE n = ?`,
  cloneOrigin: `INSERT INTO origins (n, call, secret, tags, parent, created)
    SELECT ?, call, ?, tags, NULL, ? FROM origins WHERE n = ?`,
  cloneArrivals:
    "INSERT INTO arrivals (n, wait, threw, value) SELECT ?, wait, threw, value FROM arrivals WHERE n = ? ORDER BY seq",
  cloneFeeds: "INSERT INTO feeds (key, n, target, once) SELECT key, ?, target, once FROM feeds WHERE n = ?",
  cloneAttempts: `INSERT INTO attempts (n, wait, made, due, error, since, progress)
      SELECT ?, wait, made, due, error, since, progress FROM attempts WHERE n = ?`,
  cloneFollowing:
    "INSERT INTO followers (run, n, wait, attached) SELECT run, ?, wait, 0 FROM followers WHERE n = ?",
  cloneChunks: "INSERT INTO run_chunks (n, c) SELECT ?, c FROM run_chunks WHERE n = ?",
  clonePlaces:
    "INSERT INTO places (key, n, wait, max, loose, value, held) SELECT key, ?, wait, max, loose, value, 0 FROM places WHERE n = ? AND held = 0",
  /** Not the newest: its number would be given to another run. */
  collectable: `SELECT e.n, r.id FROM ends e JOIN runs r ON r.n = e.n
    WHERE e.ended < ? AND e.n < (SELECT max(n) FROM runs) ORDER BY e.ended LIMIT ?`,
  dropEnd: "DELETE FROM ends WHERE n = ?",
  dropState: "DELETE FROM states WHERE n = ?",
  dropOrigin: "DELETE FROM origins WHERE n = ?",
  dropRun: "DELETE FROM runs WHERE n = ?",
  dropEventsOf: "DELETE FROM events WHERE run = ?",
  dropTaken:
    "DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE taken IS NOT NULL AND sent < ? ORDER BY sent LIMIT ?)",

  cancel: `UPDATE runs SET cancel = iif(cancel = 'no', 'asked', cancel), status = iif(status = 'suspended', 'active', status)
    WHERE n = ?`,
  unblock: `UPDATE runs SET status = 'active', due = ?2, deaths = 0, reason = NULL, needs = NULL, bound = coalesce(bound, ?3)
    WHERE id = ?1 AND status = 'blocked'`,
  /** Due runs that are bound to what no live worker is or holds, or to one that does not come for them. Parameters: time, how many. */
  stranded: `SELECT r.n, r.id, r.entry, s.turn, r.build, r.bound FROM runs r INDEXED BY runs_bound JOIN states s ON s.n = r.n
    WHERE r.bound IS NOT NULL AND r.worker IS NULL AND r.due IS NOT NULL AND r.status = 'active' AND r.due <= ?1
      AND NOT EXISTS (SELECT 1 FROM workers w WHERE w.until > ?1
        AND ((w.id = r.bound AND r.due > ?1 - ${BOUND_FOR}) OR r.bound IN (SELECT value FROM json_each(w.builds)))
        AND (w.grps IS NULL OR r.grp IN (SELECT value FROM json_each(w.grps)))
        AND (w.entries IS NULL OR r.entry IN (SELECT value FROM json_each(w.entries))))
    LIMIT ?2`,
  addBuild: "INSERT INTO builds (id, body) VALUES (?, ?) ON CONFLICT (id) DO NOTHING",
  addChunk: "INSERT INTO chunks (hash, body) VALUES (?, ?) ON CONFLICT (hash) DO NOTHING",
  refer: "INSERT INTO run_chunks (n, c) SELECT ?, c FROM chunks WHERE hash = ? ON CONFLICT (n, c) DO NOTHING",
  dropChunk: "DELETE FROM run_chunks WHERE n = ? AND c = (SELECT c FROM chunks WHERE hash = ?)",
  /** A chunk to which nothing refers. */
  collect: `DELETE FROM chunks WHERE hash = ? AND NOT EXISTS (SELECT 1 FROM run_chunks r WHERE r.c = chunks.c)
    AND NOT EXISTS (SELECT 1 FROM past_chunks p WHERE p.c = chunks.c)`,
  chunks: "SELECT k.hash, k.body FROM run_chunks r JOIN chunks k ON k.c = r.c WHERE r.n = ? ORDER BY r.c",
  chunkNames: "SELECT k.hash FROM run_chunks r JOIN chunks k ON k.c = r.c WHERE r.n = ?",
  addCode: "INSERT INTO codes (key, body) VALUES (?, ?) ON CONFLICT (key) DO NOTHING",

  run: `SELECT ${ROW}, o.call, o.secret, s.body, e.value, h.keep, l.key AS line, l.max AS most
    ${FROM} LEFT JOIN ends e ON e.n = r.n LEFT JOIN histories h ON h.n = r.n LEFT JOIN limits l ON l.n = r.n WHERE r.id = ?`,
  /** Newest first. Parameters: below which n, then as in `FILTER`. */
  runs: `SELECT ${ROW} ${FROM} WHERE r.n < ? AND ${FILTER}`,
  /** The same of one status, which the parameters begin with: reads no others. */
  runsOfStatus: `SELECT ${ROW} ${FROM} WHERE r.status = ? AND r.n < ? AND ${FILTER}`,

  // Parks that are over (history.ts).

  keepParks: "INSERT INTO histories (n, keep) VALUES (?, ?)",
  keepLimit: "INSERT INTO limits (n, key, max) VALUES (?, ?, ?)",
  forgetLimit: "DELETE FROM limits WHERE n = ?",
  historyOf: "SELECT keep FROM histories WHERE n = ?",
  /** Not a run that has no snapshot. */
  keepPark: `INSERT INTO parks (n, turn, saved, cancel, grp, places, feeds, body)
    SELECT r.n, s.turn, s.updated, ${HOLDINGS}, s.body FROM states s JOIN runs r ON r.n = s.n
    WHERE s.n = ? AND substr(s.body, -1) <> char(10)`,
  /** The newest of those that have to go for one more to be kept. Parameters: run, how many are kept without it. */
  lastToGo: "SELECT turn FROM parks WHERE n = ? ORDER BY turn DESC LIMIT 1 OFFSET ?",
  dropParks: "DELETE FROM parks WHERE n = ? AND turn <= ?",
  dropChunkFromPark: `INSERT INTO past_chunks (n, c, until) SELECT ?, c, ? FROM chunks WHERE hash = ?
    ON CONFLICT (n, c) DO UPDATE SET until = excluded.until`,
  pastChunks: "SELECT k.hash FROM past_chunks p JOIN chunks k ON k.c = p.c WHERE p.n = ? AND p.until <= ?",
  dropPastChunks: "DELETE FROM past_chunks WHERE n = ? AND until <= ?",
  addLine: "INSERT INTO journal (n, time, turn, what, who, detail) VALUES (?, ?, ?, ?, ?, ?)",
  overrule: "UPDATE states SET worker = NULL, epoch = epoch + ?, turn = ?, body = ?, updated = ? WHERE n = ?",
  /** Parameters: run, time, state of cancel or null. */
  overruled: `UPDATE runs SET worker = NULL, told = 0, due = ?2, cancel = coalesce(?3, cancel),
      status = iif(?3 IS NOT NULL AND status = 'blocked', 'active', status), deaths = iif(?3 IS NULL, deaths, 0),
      reason = iif(?3 IS NULL, reason, NULL), needs = iif(?3 IS NULL, needs, NULL)
    WHERE n = ?1`,
  forgetHistory: "DELETE FROM histories WHERE n = ?",
  forgetJournal: "DELETE FROM journal WHERE n = ?",
  parks:
    "SELECT turn, saved, cancel, grp, places, feeds, body FROM parks WHERE n = ? ORDER BY turn DESC LIMIT ?",
  park: "SELECT turn, saved, cancel, grp, places, feeds, body FROM parks WHERE n = ? AND turn = ?",
  holdings: `SELECT ${HOLDINGS} FROM runs r WHERE r.id = ?`,
  chunksOfPark: `SELECT k.hash, k.body FROM chunks k WHERE k.c IN
    (SELECT c FROM run_chunks WHERE n = ?1 UNION SELECT c FROM past_chunks WHERE n = ?1 AND until >= ?2) ORDER BY k.c`,
  journal: "SELECT time, turn, what, who, detail FROM journal WHERE n = ? ORDER BY seq",

  counts: `SELECT status, count(*) AS runs FROM runs WHERE grp <> '${SYSTEM_GROUP}' GROUP BY status`,
  reasons: `SELECT substr(reason, 1, instr(reason || ' ', ' ') - 1) AS code, count(*) AS runs FROM runs
    WHERE status = 'blocked' AND grp <> '${SYSTEM_GROUP}' GROUP BY code`,
  builds: "SELECT id, body FROM builds ORDER BY id",
  codes: "SELECT key, body FROM codes ORDER BY key",
  liveWorkers:
    "SELECT id, lease, until, about, builds, grps, entries FROM workers WHERE until > ? ORDER BY id",
} as const;

export type StatementName = keyof typeof statements;
