/**
 * All SQL of the Postgres store, but the tables (`schema.ts`). Most statements take arrays, one for each column, and do their
 * work for many rows at once. `@name` is a table of the schema. Numbers are handed out as `float8`, which every client gives
 * as a number; they are below 2^53.
 *
 * Locks are taken in one order everywhere, so that no two transactions wait for each other: names, as advisory locks,
 * sorted; rows of `queue`, sorted by number; rows that only their owner writes. A claim never waits at all.
 */
import { MS_PER_POINT } from "../../runtime/engine/fairness.ts";
import { SUSPECT } from "../../runtime/engine/poison.ts";
import { BOUND_FOR, SYSTEM_GROUP } from "../../runtime/engine/store.ts";
import { SEPARATOR } from "./arrays.ts";
import { CLAIMABLE } from "./schema.ts";

const CLOCK = "floor(extract(epoch FROM clock_timestamp()) * 1000)";
/** Milliseconds since 1970 on the server's clock, or what a test says in the first parameter. */
const NOW = `coalesce($1::float8, ${CLOCK})::bigint`;

const RUN = `q.n::float8 AS n, r.id, r.entry, q.status, q.cancel, q.priority::float8 AS priority, q.grp, q.due::float8 AS due,
  q.reason, q.needs, q.build, q.bound, q.epoch, s.turn, s.updated::float8 AS updated,
  array_to_string(r.tags, E'\\n') AS tags, r.parent, r.created::float8 AS created,
  w.id AS worker, (SELECT count(*) FROM @attempts a WHERE a.n = q.n AND a.due IS NULL)::int AS held`;
const FROM = `FROM @queue q JOIN @runs r ON r.n = q.n JOIN @states s ON s.n = q.n LEFT JOIN @workers w ON w.n = q.worker`;

/**
 * What a worker serves, as conditions on a row of `queue`. A parameter is null for all.
 * @param only parameter with the entries that it takes @param except parameter with those that it does not
 * @param builds parameter with those that it holds
 */
const takes = (only: string, except: string, builds: string) =>
  `(${only}::text[] IS NULL OR q.entry = ANY(${only}::text[])) AND q.entry <> ALL(${except}::text[])
    AND (q.bound IS NULL OR ${builds}::text[] IS NULL OR q.bound = ANY(${builds}::text[]))`;

/**
 * The groups and priorities that claimable runs have, highest first in each: one look into the index for each. The groups go
 * through a list, of which the planner expects ten: it takes each recursion for a hundred rows, one of another for ten thousand,
 * and compiles a query that it thinks to be so dear, which takes a hundred times as long as the query.
 * @param groups parameter with the groups that are served, null for all
 */
const queues = (groups: string) => `g (grp) AS (
    (SELECT q.grp FROM @queue q WHERE ${CLAIMABLE} AND ${groups}::text[] IS NULL ORDER BY q.grp LIMIT 1)
    UNION ALL
    SELECT (SELECT q.grp FROM @queue q WHERE ${CLAIMABLE} AND q.grp > g.grp ORDER BY q.grp LIMIT 1)
      FROM g WHERE g.grp IS NOT NULL
  ),
  served (grp) AS (SELECT unnest(CASE WHEN ${groups}::text[] IS NULL
    THEN (SELECT array_agg(grp) FROM g WHERE grp IS NOT NULL) ELSE ${groups}::text[] END) COLLATE "C"),
  p (grp, priority) AS (
    SELECT served.grp, (SELECT q.priority FROM @queue q WHERE ${CLAIMABLE} AND q.grp = served.grp
      ORDER BY q.priority DESC LIMIT 1) FROM served
    UNION ALL
    SELECT p.grp, (SELECT q.priority FROM @queue q WHERE ${CLAIMABLE} AND q.grp = p.grp AND q.priority < p.priority
      ORDER BY q.priority DESC LIMIT 1) FROM p WHERE p.priority IS NOT NULL
  )`;

/** `rankOf` of fairness.ts, as a number of the same kind. */
const RANK = `(x.due::float8 - p.priority::float8 * ${MS_PER_POINT})`;

/** What of a queue a worker can claim now. */
const DUE = `${CLAIMABLE} AND q.due <= ${NOW} AND q.deaths < ${SUSPECT} AND ${takes("$4", "$5", "$7")}`;

/** Makes the runs in `found` the worker's. */
const TAKE = `taken AS (UPDATE @queue q SET worker = $2::bigint, epoch = q.epoch + 1, told = false FROM found
      WHERE q.n = found.n RETURNING q.n, q.epoch, q.news, q.priority, q.grp, q.due, q.cancel, q.deaths, q.build, q.bound),
    fenced AS (UPDATE @states s SET epoch = s.epoch + 1 FROM found WHERE s.n = found.n RETURNING s.n, s.turn, s.body)
    SELECT t.n::float8 AS n, r.id, r.entry, t.epoch, f.turn, t.news, t.priority::float8 AS priority, t.grp,
      t.due::float8 AS due, t.cancel, t.deaths, t.build, t.bound, f.body, r.call, r.secret, h.keep
    FROM taken t JOIN fenced f USING (n) JOIN @runs r USING (n) LEFT JOIN @histories h USING (n)`;

/** What a run has beside its snapshot. */
const HOLDINGS = `q.cancel, q.grp,
  (SELECT json_agg(json_build_array(p.wait, p.key, p.max))::text FROM @places p
    WHERE p.n = q.n AND p.wait >= 0 AND NOT (p.loose AND p.held)) AS places,
  (SELECT json_agg(json_build_array(f.key, f.target, f.once))::text FROM @feeds f WHERE f.n = q.n) AS feeds`;

const INSERT_RUNS = `
    r AS (INSERT INTO @runs (n, id, entry, priority, call, secret, tags, parent, created)
      SELECT n, id, entry, priority, call, secret, string_to_array(tags, E'\\n'), parent, created FROM v
      ORDER BY id COLLATE "C" ON CONFLICT (id) DO NOTHING RETURNING n),
    q AS (INSERT INTO @queue (n, entry, grp, priority, status, due, worker, epoch, news, told, cancel, build)
      SELECT n, entry, grp, priority, status, due, worker, epoch, news, told, cancel, build FROM v JOIN r USING (n)),
    s AS (INSERT INTO @states (n, epoch, turn, updated, body) SELECT n, epoch, 0, created, E'[]\\n' FROM v JOIN r USING (n))`;

/** Whether users' transactions have left something in the outbox. */
const POSTED = "EXISTS (SELECT 1 FROM @outbox) AS posted";

/** Whether a user's transaction is in the database of this mark. */
const place = (mark: string) => `ok AS (SELECT ${mark} = (SELECT mark FROM @coldframe) AS ours)`;

/** Tells others when the transaction is committed. @param channel parameter with their channel, or null @param text what they hear */
const telling = (channel: string, text: string) =>
  `CASE WHEN ours AND ${channel}::text IS NOT NULL THEN pg_notify(${channel}, ${text})::text END AS told`;

export const statements = {
  now: `SELECT ${NOW}::float8 AS now`,

  // Runs that are started.

  /** Without a limit, perhaps claimed at once: `$2` is the worker's id. */
  start: `WITH w AS (SELECT n FROM @workers WHERE id = $2 AND until > ${NOW} FOR KEY SHARE),
    u AS MATERIALIZED (SELECT nextval(pg_get_serial_sequence('@runs', 'n')) AS n, u.*
      FROM unnest($3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[],
          $10::text[], $11::text[])
        WITH ORDINALITY AS u (id, entry, priority, call, secret, tags, parent, grp, begun, o)),
    v AS MATERIALIZED (SELECT u.*, ${NOW} AS created, 'active' AS status, ${NOW} AS due, (SELECT n FROM w) AS worker,
      CASE WHEN EXISTS (SELECT 1 FROM w) THEN 1 ELSE 0 END AS epoch, 0 AS news, false AS told, 'no' AS cancel,
      CASE WHEN EXISTS (SELECT 1 FROM w) THEN u.begun END AS build FROM u),
    ${INSERT_RUNS}
    SELECT v.n::float8 AS n, v.id, v.worker IS NOT NULL AS claimed FROM v JOIN r USING (n)`,
  /** In a batch, with numbers that were allocated. `$1` is the time. */
  insertRuns: `WITH v AS MATERIALIZED (SELECT *, $1::bigint AS created, NULL::bigint AS worker, 0 AS epoch, NULL::text AS build
      FROM unnest($2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[],
        $10::text[], $11::text[], $12::bigint[], $13::int[], $14::bool[], $15::text[])
        AS v (n, id, entry, priority, call, secret, tags, parent, grp, status, due, news, told, cancel)),
    ${INSERT_RUNS}
    SELECT n FROM r`,
  allocate:
    "SELECT nextval(pg_get_serial_sequence('@runs', 'n'))::float8 AS n FROM generate_series(1, $1::int)",
  numbers: "SELECT id, n::float8 AS n FROM @runs WHERE id = ANY($1::text[])",

  // Turns that change one row only.

  turn: `UPDATE @states s SET turn = $3::int, body = $4, updated = ${NOW} FROM @queue q
    WHERE s.n = $2::bigint AND s.epoch = $5::int AND s.turn = $3::int - 1
      AND q.n = s.n AND q.worker = $7::bigint AND q.news = $6::int`,
  turns: `UPDATE @states s SET turn = v.turn, body = v.body, updated = ${NOW}
    FROM unnest($2::bigint[], $3::int[], $4::int[], $5::int[], $6::bigint[], string_to_array($7::text, '${SEPARATOR}'))
      AS v (n, turn, epoch, news, worker, body) JOIN @queue q ON q.n = v.n
    WHERE s.n = v.n AND s.epoch = v.epoch AND s.turn = v.turn - 1 AND q.worker = v.worker AND q.news = v.news`,
  /** Those that are as a turn has left them, perhaps when it was written before. */
  written: `SELECT s.n::float8 AS n FROM unnest($1::bigint[], $2::int[], $3::int[], $4::int[], $5::bigint[])
      AS v (n, turn, epoch, news, worker) JOIN @queue q ON q.n = v.n JOIN @states s ON s.n = v.n
    WHERE s.epoch = v.epoch AND s.turn = v.turn AND q.worker = v.worker AND q.news = v.news`,

  // What a batch locks and loads (stores/batch).

  lockNames: "SELECT pg_advisory_xact_lock(name) FROM unnest($1::bigint[]) AS name",
  tryNames:
    "SELECT coalesce(bool_and(pg_try_advisory_xact_lock(name)), true) AS locked FROM unnest($1::bigint[]) AS name",
  lockRuns: `SELECT q.n::float8 AS n, r.id, q.grp AS "group", q.status, q.due::float8 AS due, q.worker::float8 AS worker, q.epoch, q.news,
      q.told, q.cancel, q.reason, q.needs, q.deaths, q.build, q.bound, s.turn
    FROM @queue q JOIN @runs r ON r.n = q.n JOIN @states s ON s.n = q.n
    WHERE q.n = ANY($1::bigint[]) ORDER BY q.n FOR UPDATE OF q`,
  tryRuns: `SELECT q.n::float8 AS n, r.id, q.grp AS "group", q.status, q.due::float8 AS due, q.worker::float8 AS worker, q.epoch, q.news,
      q.told, q.cancel, q.reason, q.needs, q.deaths, q.build, q.bound, s.turn
    FROM @queue q JOIN @runs r ON r.n = q.n JOIN @states s ON s.n = q.n
    WHERE q.n = ANY($1::bigint[]) ORDER BY q.n FOR UPDATE OF q SKIP LOCKED`,
  /** Parameters: keys, waits wanted of each, events wanted of each; keys and ids of events about to be sent. */
  keys: `WITH k AS (SELECT * FROM unnest($1::text[], $2::int[], $3::int[]) AS k (key, subscribers, kept))
    SELECT 'wait' AS kind, k.key, x.n::float8 AS n, x.wait, x.schema AS a, NULL AS b, NULL AS c, false AS once
      FROM k CROSS JOIN LATERAL (SELECT s.n, s.wait, s.schema FROM @subscriptions s WHERE s.key = k.key
        ORDER BY s.n, s.wait LIMIT k.subscribers) x
    UNION ALL
    SELECT 'kept', k.key, x.seq::float8, 0, x.id, x.payload, x.run, false
      FROM k CROSS JOIN LATERAL (SELECT e.seq, e.id, e.payload, e.run FROM @events e WHERE e.key = k.key AND e.taken IS NULL
        ORDER BY e.seq LIMIT k.kept) x
    UNION ALL
    SELECT 'feed', f.key, f.n::float8, 0, f.target, NULL, NULL, f.once FROM @feeds f WHERE f.key = ANY($1::text[])
    UNION ALL
    SELECT 'sent', e.key, 0, 0, e.id, NULL, NULL, false
      FROM unnest($4::text[], $5::text[]) AS v (key, id) JOIN @events e ON e.key = v.key AND e.id = v.id
    UNION ALL
    (SELECT 'post', o.name, 0, 0, NULL, NULL, NULL, false FROM @outbox o
      WHERE o.kind = 'event' AND o.name = ANY($4::text[]) LIMIT 1)`,
  lines: `SELECT k.key, (SELECT count(*) FROM @places p WHERE p.key = k.key AND p.held)::int AS taken,
      x.seq::float8 AS seq, x.n::float8 AS n, x.wait, x.max, x.loose, x.value
    FROM unnest($1::text[], $2::int[]) AS k (key, count) LEFT JOIN LATERAL (SELECT * FROM @places p
      WHERE p.key = k.key AND NOT p.held ORDER BY p.seq LIMIT k.count) x ON true`,
  places: `SELECT p.seq::float8 AS seq, p.key, p.n::float8 AS n, p.wait, p.max, p.loose, p.value, p.held
    FROM unnest($1::bigint[], $2::int[]) AS v (n, wait) JOIN @places p ON p.n = v.n AND p.wait = v.wait`,
  belongings: `SELECT 'follower' AS kind, f.run::float8 AS n, f.n::float8 AS other, f.wait, NULL AS name, false AS held
      FROM @followers f WHERE f.run = ANY($1::bigint[])
    UNION ALL SELECT 'attached', f.n::float8, f.run::float8, 0, NULL, false
      FROM @followers f WHERE f.n = ANY($1::bigint[]) AND f.attached
    UNION ALL SELECT 'place', p.n::float8, 0, p.wait, p.key, p.held
      FROM @places p WHERE p.n = ANY($1::bigint[]) AND NOT (p.loose AND p.held)
    UNION ALL SELECT 'chunk', c.n::float8, 0, 0, k.hash, false
      FROM @run_chunks c JOIN @chunks k ON k.c = c.c WHERE c.n = ANY($1::bigint[])
    UNION ALL SELECT 'keep', h.n::float8, h.keep, 0, NULL, false FROM @histories h WHERE h.n = ANY($1::bigint[])`,
  arrivals: `SELECT a.n::float8 AS n, a.wait, a.threw, a.value, a.event::float8 AS event, e.key, e.id, e.run
    FROM @arrivals a LEFT JOIN @events e ON e.seq = a.event WHERE a.n = ANY($1::bigint[]) ORDER BY a.seq`,
  attempts: `SELECT n::float8 AS n, wait, made, due::float8 AS due, error, since::float8 AS since, begun, progress
    FROM @attempts WHERE n = ANY($1::bigint[]) ORDER BY n, wait`,
  outcomes: `SELECT e.n::float8 AS n, q.status, e.value FROM @ends e JOIN @queue q ON q.n = e.n WHERE e.n = ANY($1::bigint[])`,
  bodies: "SELECT n::float8 AS n, turn, body FROM @states WHERE n = ANY($1::bigint[])",

  // What a batch writes.

  setStates: `UPDATE @states s SET turn = v.turn, body = v.body, updated = $1::bigint
    FROM unnest($2::bigint[], $3::int[], $4::int[], $5::text[]) AS v (n, epoch, turn, body)
    WHERE s.n = v.n AND s.epoch = v.epoch AND s.turn = v.turn - 1`,
  setRuns: `UPDATE @queue q SET grp = v.grp, status = v.status, due = v.due, worker = v.worker, news = v.news, told = v.told,
      cancel = v.cancel, reason = v.reason, needs = v.needs, deaths = v.deaths, build = v.build, bound = v.bound
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::int[], $7::bool[], $8::text[],
      $9::text[], $10::text[], $11::int[], $12::text[], $13::text[])
      AS v (n, grp, status, due, worker, news, told, cancel, reason, needs, deaths, build, bound)
    WHERE q.n = v.n`,
  insertEnds:
    "INSERT INTO @ends (n, value, ended) SELECT *, $1::bigint FROM unnest($2::bigint[], $3::text[])",
  /** All that ended runs have no use for any more. Parameters: their numbers, their ids. */
  dropOpenings: `WITH a AS (DELETE FROM @arrivals WHERE n = ANY($1::bigint[])),
    t AS (DELETE FROM @attempts WHERE n = ANY($1::bigint[])),
    f AS (DELETE FROM @followers WHERE run = ANY($1::bigint[]) OR n = ANY($1::bigint[]))
    DELETE FROM @events WHERE run = ANY($2::text[]) AND taken IS NULL`,
  dropArrivals: `DELETE FROM @arrivals a USING unnest($1::bigint[], $2::int[]) AS v (n, wait)
    WHERE a.n = v.n AND a.wait = v.wait`,
  insertArrivals: `INSERT INTO @arrivals (n, wait, threw, value, event)
    SELECT n, wait, threw, value, event FROM unnest($1::bigint[], $2::int[], $3::bool[], $4::text[], $5::bigint[])
      WITH ORDINALITY AS v (n, wait, threw, value, event, o) ORDER BY o ON CONFLICT (n, wait) DO NOTHING`,
  dropAttempts: `DELETE FROM @attempts a USING unnest($1::bigint[], $2::int[]) AS v (n, wait)
    WHERE a.n = v.n AND a.wait = v.wait`,
  setAttempts: `INSERT INTO @attempts (n, wait, made, due, error, since, begun, progress)
    SELECT * FROM unnest($1::bigint[], $2::int[], $3::int[], $4::bigint[], $5::text[], $6::bigint[], $7::int[], $8::text[])
    ON CONFLICT (n, wait) DO UPDATE SET made = excluded.made, due = excluded.due, error = excluded.error,
      since = excluded.since, begun = excluded.begun, progress = excluded.progress`,
  unsubscribe: `DELETE FROM @subscriptions s USING unnest($1::text[], $2::bigint[], $3::int[]) AS v (key, n, wait)
    WHERE s.key = v.key AND s.n = v.n AND s.wait = v.wait`,
  subscribe: `INSERT INTO @subscriptions (key, n, wait, schema)
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::int[], $4::text[])`,
  dropFeeds: `DELETE FROM @feeds f USING unnest($1::text[], $2::bigint[], $3::text[]) AS v (key, n, target)
    WHERE f.key = v.key AND f.n = v.n AND f.target = v.target`,
  dropOnce: `DELETE FROM @feeds f USING unnest($1::bigint[], $2::text[]) AS v (n, target)
    WHERE f.n = v.n AND f.target = v.target AND f.once`,
  feed: `INSERT INTO @feeds (key, n, target, once) SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bool[])
    ON CONFLICT (key, n, target) DO UPDATE SET once = excluded.once`,
  insertEvents: `INSERT INTO @events (key, id, payload, run, sent, taken)
    SELECT key, id, payload, run, $1::bigint, taken
      FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
        WITH ORDINALITY AS v (key, id, payload, run, taken, o) ORDER BY o
    RETURNING seq::float8 AS seq, key, id`,
  setEvents: `UPDATE @events e SET taken = v.taken, payload = v.payload
    FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS v (seq, taken, payload) WHERE e.seq = v.seq`,
  dropPlaces: `DELETE FROM @places p USING unnest($1::bigint[], $2::int[]) AS v (n, wait)
    WHERE p.n = v.n AND p.wait = v.wait`,
  insertPlaces: `INSERT INTO @places (key, n, wait, max, loose, value, held)
    SELECT key, n, wait, max, loose, value, held
      FROM unnest($1::text[], $2::bigint[], $3::int[], $4::float8[], $5::bool[], $6::text[], $7::bool[])
        WITH ORDINALITY AS v (key, n, wait, max, loose, value, held, o) ORDER BY o`,
  grant: "UPDATE @places SET held = true WHERE seq = ANY($1::bigint[])",
  follow: `INSERT INTO @followers (run, n, wait, attached)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::bool[]) ON CONFLICT DO NOTHING`,
  addChunks: `INSERT INTO @chunks (hash, body, is_text) SELECT * FROM unnest($1::text[], $2::bytea[], $3::bool[])
    ON CONFLICT (hash) DO NOTHING`,
  refer: `INSERT INTO @run_chunks (n, c) SELECT v.n, k.c FROM unnest($1::bigint[], $2::text[]) AS v (n, hash)
    JOIN @chunks k ON k.hash = v.hash ON CONFLICT (n, c) DO NOTHING`,
  dropReferences: `DELETE FROM @run_chunks r USING unnest($1::bigint[], $2::text[]) AS v (n, hash), @chunks k
    WHERE k.hash = v.hash AND r.n = v.n AND r.c = k.c`,
  /** Chunks to which nothing refers. */
  dropChunks: `DELETE FROM @chunks k WHERE k.hash = ANY($1::text[])
    AND NOT EXISTS (SELECT 1 FROM @run_chunks r WHERE r.c = k.c)
    AND NOT EXISTS (SELECT 1 FROM @past_chunks p WHERE p.c = k.c)`,
  addCodes: `INSERT INTO @codes (key, body) SELECT * FROM unnest($1::text[], $2::text[]) AS v (key, body)
    ORDER BY key COLLATE "C" ON CONFLICT (key) DO NOTHING`,

  // Parks that are over, and turns that people write.

  /** The newest park of each that has to go for one more to be kept. Parameters: runs, how many are kept. */
  lastToGo: `SELECT v.n::float8 AS n, x.turn FROM unnest($1::bigint[], $2::int[]) AS v (n, keep) CROSS JOIN LATERAL
    (SELECT p.turn FROM @parks p WHERE p.n = v.n ORDER BY p.turn DESC OFFSET v.keep - 1 LIMIT 1) x`,
  pastChunks: `SELECT p.n::float8 AS n, k.hash AS name FROM unnest($1::bigint[], $2::int[]) AS v (n, turn)
    JOIN @past_chunks p ON p.n = v.n AND p.until <= v.turn JOIN @chunks k ON k.c = p.c`,
  dropParks: `DELETE FROM @parks p USING unnest($1::bigint[], $2::int[]) AS v (n, turn)
    WHERE p.n = v.n AND p.turn <= v.turn`,
  /** Not a run that has no snapshot. */
  keepParks: `INSERT INTO @parks (n, turn, saved, cancel, grp, places, feeds, body)
    SELECT s.n, s.turn, s.updated, ${HOLDINGS}, s.body FROM @states s JOIN @queue q ON q.n = s.n
    WHERE s.n = ANY($1::bigint[]) AND right(s.body, 1) <> E'\\n'`,
  dropPastChunks: `DELETE FROM @past_chunks p USING unnest($1::bigint[], $2::text[]) AS v (n, hash), @chunks k
    WHERE k.hash = v.hash AND p.n = v.n AND p.c = k.c`,
  dropChunksFromParks: `INSERT INTO @past_chunks (n, c, until)
    SELECT v.n, k.c, v.until FROM unnest($1::bigint[], $2::text[], $3::int[]) AS v (n, hash, until)
      JOIN @chunks k ON k.hash = v.hash
    ON CONFLICT (n, c) DO UPDATE SET until = excluded.until`,
  setLimits: "INSERT INTO @limits (n, key, max) SELECT * FROM unnest($1::bigint[], $2::text[], $3::float8[])",
  setHistories: "INSERT INTO @histories (n, keep) SELECT * FROM unnest($1::bigint[], $2::int[])",
  addLines: `INSERT INTO @journal (n, time, turn, what, who, detail)
    SELECT v.n, $1::bigint, v.turn, v.what, v.who, v.detail
      FROM unnest($2::bigint[], $3::int[], $4::text[], $5::text[], $6::text[])
        WITH ORDINALITY AS v (n, turn, what, who, detail, o) ORDER BY o`,
  raiseRuns: "UPDATE @queue SET epoch = epoch + 1 WHERE n = ANY($1::bigint[])",
  raiseStates: "UPDATE @states SET epoch = epoch + 1 WHERE n = ANY($1::bigint[])",
  parks: `SELECT turn, saved::float8 AS saved, cancel, grp, places, feeds, body FROM @parks WHERE n = $1::bigint
    ORDER BY turn DESC LIMIT $2::bigint`,
  park: `SELECT turn, saved::float8 AS saved, cancel, grp, places, feeds, body FROM @parks
    WHERE n = $1::bigint AND turn = $2::bigint`,
  holdings: `SELECT ${HOLDINGS} FROM @queue q WHERE q.n = $1::bigint`,
  chunksOfPark: `SELECT k.hash, k.body AS bytes, k.is_text FROM @chunks k WHERE k.c IN (
      SELECT c FROM @run_chunks WHERE n = $1::bigint
      UNION SELECT c FROM @past_chunks WHERE n = $1::bigint AND until >= $2::int) ORDER BY k.c`,
  journal: `SELECT time::float8 AS time, turn, what, who, detail FROM @journal WHERE n = $1::bigint ORDER BY seq`,
  pastChunksOf: `SELECT DISTINCT k.hash AS name FROM @past_chunks p JOIN @chunks k ON k.c = p.c
    WHERE p.n = ANY($1::bigint[])`,
  forgetPast: `WITH h AS (DELETE FROM @histories WHERE n = ANY($1::bigint[])),
    l AS (DELETE FROM @limits WHERE n = ANY($1::bigint[])),
    j AS (DELETE FROM @journal WHERE n = ANY($1::bigint[])),
    p AS (DELETE FROM @past_chunks WHERE n = ANY($1::bigint[]))
    DELETE FROM @parks WHERE n = ANY($1::bigint[])`,

  // Workers and claims.

  addWorker: `INSERT INTO @workers (id, lease, until, about, builds, grps, entries)
    VALUES ($2, $3::bigint, ${NOW} + $3::bigint, $4, $5::text[], $6::text[], $7::text[])
    ON CONFLICT (id) DO NOTHING RETURNING n::float8 AS n`,
  renewWorker: `UPDATE @workers SET until = ${NOW} + $3::bigint, builds = $4::text[] WHERE id = $2 AND until > ${NOW}`,
  workers: "SELECT id, n::float8 AS n FROM @workers WHERE id = ANY($1::text[])",
  /** The lease of who claims, which nobody can end before the claim has; and one that has ended. */
  claimer: `SELECT n::float8 AS n, ${POSTED} FROM @workers WHERE id = $2 AND until > ${NOW} FOR KEY SHARE`,
  dead: `SELECT n::float8 AS n FROM @workers WHERE until <= ${NOW} ORDER BY n LIMIT 1 FOR UPDATE SKIP LOCKED`,
  lockWorker: "SELECT n::float8 AS n FROM @workers WHERE id = $1 FOR UPDATE",
  /** Parameters: worker, ids of runs that are not meant. */
  ownedBy: `SELECT q.n::float8 AS n, q.status, q.deaths FROM @queue q JOIN @runs r ON r.n = q.n
    WHERE q.worker = $1::bigint AND NOT EXISTS (SELECT 1 FROM unnest($2::text[]) AS known (id) WHERE known.id = r.id)
    ORDER BY q.n FOR UPDATE OF q`,
  ownsAny: "SELECT 1 AS one FROM @queue WHERE worker = $1::bigint LIMIT 1",
  release:
    "UPDATE @queue SET worker = NULL, due = $3::bigint, deaths = deaths + $2::int WHERE n = ANY($1::bigint[])",
  block: "UPDATE @queue SET status = 'blocked', reason = $2, needs = $3 WHERE n = $1::bigint",
  dropWorker: "DELETE FROM @workers WHERE n = $1::bigint",
  /** Those that have taken workers down: found by an index of their own. Parameters: time, groups, entries, other entries, builds. */
  suspect: `SELECT q.n::float8 AS n FROM @queue q WHERE ${CLAIMABLE} AND q.deaths >= ${SUSPECT} AND q.due <= ${NOW}
    AND ($2::text[] IS NULL OR q.grp = ANY($2::text[])) AND ${takes("$3", "$4", "$5")} ORDER BY q.due LIMIT 1`,
  /**
   * Parameters: time, worker, groups, entries, entries not to be taken, how many, builds. First it is seen how many of each queue
   * are among the first in rank, then so many are locked there: those that others lock make way for the next of their queue.
   * The last limit leaves nothing out: by it the planner knows that they are few.
   */
  claim: `WITH RECURSIVE ${queues("$3")},
    shares AS MATERIALIZED (SELECT grp, priority, count(*) AS share FROM (
        SELECT p.grp, p.priority FROM p CROSS JOIN LATERAL (
          SELECT q.n, q.due FROM @queue q WHERE q.grp = p.grp AND q.priority = p.priority AND ${DUE}
          ORDER BY q.due, q.n LIMIT $6::int) x
        WHERE p.priority IS NOT NULL ORDER BY ${RANK}, x.n LIMIT $6::int) first GROUP BY grp, priority),
    found AS MATERIALIZED (SELECT x.n FROM shares CROSS JOIN LATERAL (
        SELECT q.n FROM @queue q JOIN @states s ON s.n = q.n
        WHERE q.grp = shares.grp AND q.priority = shares.priority AND ${DUE}
        ORDER BY q.due, q.n LIMIT shares.share FOR UPDATE OF q, s SKIP LOCKED) x LIMIT $6::int),
    ${TAKE}`,
  /** The same, from whatever queue: when others have locked all that comes first. */
  claimRest: `WITH RECURSIVE ${queues("$3")},
    found AS MATERIALIZED (SELECT x.n FROM p CROSS JOIN LATERAL (
        SELECT q.n FROM @queue q JOIN @states s ON s.n = q.n
        WHERE q.grp = p.grp AND q.priority = p.priority AND ${DUE}
        ORDER BY q.due, q.n LIMIT $6::int FOR UPDATE OF q, s SKIP LOCKED) x
      WHERE p.priority IS NOT NULL LIMIT $6::int),
    ${TAKE}`,
  /** The same for one run. Parameters: time, worker, its number. */
  claimOne: `WITH found AS MATERIALIZED (SELECT q.n FROM @queue q JOIN @states s ON s.n = q.n
      WHERE ${CLAIMABLE} AND q.n = $3::bigint AND q.due <= ${NOW} FOR UPDATE OF q, s SKIP LOCKED),
    ${TAKE}`,
  chunksOf: `SELECT c.n::float8 AS n, k.hash, k.body AS bytes, k.is_text FROM @run_chunks c JOIN @chunks k ON k.c = c.c
    WHERE c.n = ANY($1::bigint[]) ORDER BY c.n, c.c`,
  /** When there may be something to claim. Parameters: time, worker, groups, entries, entries not to be taken, builds. */
  due: `WITH RECURSIVE ${queues("$3")},
    d AS MATERIALIZED (SELECT least((SELECT min(until) FROM @workers WHERE id <> $2), (SELECT min(x.due) FROM p CROSS JOIN LATERAL (
        SELECT q.due FROM @queue q WHERE ${CLAIMABLE} AND q.grp = p.grp AND q.priority = p.priority AND ${takes("$4", "$5", "$6")}
        ORDER BY q.due, q.n LIMIT 1) x WHERE p.priority IS NOT NULL)) AS due)
    SELECT greatest(0, due - ${NOW})::float8 AS wait, due IS NULL AS never, ${POSTED} FROM d`,
  /** And one without a run, when there is nothing but posts. */
  news: `SELECT x.*, o.posted FROM (SELECT ${POSTED}) o
    LEFT JOIN (SELECT q.n::float8 AS n, r.id, q.cancel, q.status, q.news FROM @queue q JOIN @runs r ON r.n = q.n
      WHERE q.worker IS NOT NULL AND q.told AND q.worker = (SELECT n FROM @workers WHERE id = $1)) x ON true`,
  liveWorkers: `SELECT id, lease::float8 AS lease, until::float8 AS until, about, builds, grps, entries
    FROM @workers WHERE until > ${NOW} ORDER BY id`,

  // Builds.

  addBuilds: `INSERT INTO @builds (id, body) SELECT * FROM unnest($1::text[], $2::text[]) AS v (id, body)
    ORDER BY id COLLATE "C" ON CONFLICT (id) DO NOTHING`,
  /** Due runs that are bound to what no live worker that serves them is or holds, or to one that does not come for them. Parameters: time, how many, reason for those of a build. */
  strand: `WITH live AS MATERIALIZED (SELECT id, builds, grps, entries FROM @workers WHERE until > ${NOW}),
    found AS MATERIALIZED (SELECT q.n FROM @queue q WHERE q.bound IS NOT NULL AND ${CLAIMABLE} AND q.due <= ${NOW}
      AND NOT EXISTS (SELECT 1 FROM live WHERE ((live.id = q.bound AND q.due > ${NOW} - ${BOUND_FOR}) OR q.bound = ANY(live.builds))
        AND (live.grps IS NULL OR q.grp = ANY(live.grps)) AND (live.entries IS NULL OR q.entry = ANY(live.entries)))
      ORDER BY q.n LIMIT $2::int FOR UPDATE OF q SKIP LOCKED),
    changed AS (UPDATE @queue q SET
        status = CASE WHEN q.bound = q.build THEN 'blocked' ELSE q.status END,
        reason = CASE WHEN q.bound = q.build THEN replace($3, '{build}', q.bound) END,
        needs = CASE WHEN q.bound = q.build THEN q.entry END,
        bound = CASE WHEN q.bound = q.build THEN q.bound END
      FROM found WHERE q.n = found.n RETURNING q.n, q.entry, q.build, q.status)
    SELECT r.id, c.entry, s.turn, c.build, c.status = 'blocked' AS blocked
      FROM changed c JOIN @runs r ON r.n = c.n JOIN @states s ON s.n = c.n`,

  // Transactions of users.

  mark: "SELECT mark FROM @coldframe",
  /** Cannot be had outside of a transaction: NO_TRANSACTION. What inserts has this lock anyway. */
  beInside: "LOCK TABLE @outbox IN ROW EXCLUSIVE MODE",
  /** Parameters: number of the run, its worker, epoch; wait. */
  outcome: `SELECT q.n, a.wait, a.threw, a.value FROM @queue q LEFT JOIN @arrivals a ON a.n = q.n AND a.wait = $4::int
    WHERE q.n = $1::bigint AND q.worker = $2::bigint AND q.epoch = $3::int`,
  lockRun: "SELECT n FROM @queue WHERE n = $1::bigint FOR UPDATE",
  /** Parameters: those of \`outcome\`, then the outcome. */
  record: `WITH q AS MATERIALIZED (SELECT n FROM @queue WHERE n = $1::bigint AND worker = $2::bigint AND epoch = $3::int FOR UPDATE)
    INSERT INTO @arrivals (n, wait, threw, value) SELECT n, $4::int, $5::bool, $6::text FROM q ON CONFLICT (n, wait) DO NOTHING`,
  /**
   * Parameters: time, mark, channel and what to tell there; a column of each property of the runs, of keys and sizes of their limits, of
   * those that are recorded, and of how many parks are kept.
   */
  postRuns: `WITH ${place("$2::text")},
    u AS MATERIALIZED (SELECT nextval(pg_get_serial_sequence('@runs', 'n')) AS n, u.*
      FROM ok, unnest($5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],
          $13::text[], $14::float8[], $15::text[], $16::float8[], $17::int[])
        WITH ORDINALITY AS u (id, entry, priority, call, secret, tags, parent, grp, line, max, name, most, keep, o)
      WHERE ok.ours),
    v AS MATERIALIZED (SELECT u.*, ${NOW} AS created, 'active' AS status, CASE WHEN line IS NULL THEN ${NOW} END AS due,
      NULL::bigint AS worker, 0 AS epoch, 0 AS news, false AS told, 'no' AS cancel, NULL::text AS build FROM u),
    ${INSERT_RUNS},
    p AS (INSERT INTO @outbox (kind, name, run, max) SELECT 'line', line, id, max FROM v JOIN r USING (n)
      WHERE line IS NOT NULL ORDER BY o),
    l AS (INSERT INTO @limits (n, key, max) SELECT n, name, most FROM v JOIN r USING (n) WHERE name IS NOT NULL),
    h AS (INSERT INTO @histories (n, keep) SELECT n, keep FROM v JOIN r USING (n) WHERE keep > 0)
    SELECT ours, (SELECT coalesce(json_agg(v.id), '[]')::text FROM v JOIN r USING (n)) AS created,
      ${telling("$3", "$4")} FROM ok`,
  /** Parameters: mark, channel and what to tell there; key, id, payload and run of the event. */
  postEvent: `WITH ${place("$1::text")},
    t AS (SELECT (SELECT q.status FROM @runs r JOIN @queue q ON q.n = r.n WHERE r.id = $7::text) AS status),
    p AS (INSERT INTO @outbox (kind, name, id, body, run) SELECT 'event', $4::text, $5::text, $6::text, $7::text FROM ok, t
      WHERE ours AND ($7::text IS NULL OR status IN ('active', 'blocked', 'suspended')))
    SELECT ours, status, ${telling("$2", "$3")} FROM ok, t`,
  posts: "SELECT seq::float8 AS seq, kind, name, id, body, run, max FROM @outbox ORDER BY seq LIMIT $1::int",
  takePosts: `DELETE FROM @outbox WHERE seq IN (SELECT seq FROM @outbox WHERE seq = ANY($1::bigint[])
    ORDER BY seq FOR UPDATE)`,
  tryPosts: `DELETE FROM @outbox WHERE seq IN (SELECT seq FROM @outbox WHERE seq = ANY($1::bigint[])
    ORDER BY seq FOR UPDATE SKIP LOCKED)`,

  // Upkeep.

  reserve: `INSERT INTO @rates AS r (key, next) VALUES ($2, ${NOW} + $3::float8)
    ON CONFLICT (key) DO UPDATE SET next = greatest(${NOW}, r.next) + $3::float8
    RETURNING next, ${NOW}::float8 AS now`,
  cloneRun: `INSERT INTO @runs (id, entry, priority, call, secret, tags, parent, created)
    SELECT $1, entry, priority, call, $2, tags, NULL, $3::bigint FROM @runs WHERE n = $4::bigint
    ON CONFLICT (id) DO NOTHING RETURNING n::float8 AS n`,
  /** Parameters: number of the copy, time, number of the original, body. Its places are taken anew. */
  cloneParts: `WITH q AS (INSERT INTO @queue (n, entry, grp, priority, due, epoch, news, build, bound)
      SELECT $1::bigint, entry, grp, priority, $2::bigint, 0, 0, build, bound FROM @queue WHERE n = $3::bigint),
    s AS (INSERT INTO @states (n, epoch, turn, updated, body)
      SELECT $1::bigint, 0, turn, $2::bigint, $4::text FROM @states WHERE n = $3::bigint),
    a AS (INSERT INTO @arrivals (n, wait, threw, value)
      SELECT $1::bigint, wait, threw, value FROM @arrivals WHERE n = $3::bigint ORDER BY seq),
    t AS (INSERT INTO @attempts (n, wait, made, due, error, since, progress)
      SELECT $1::bigint, wait, made, due, error, since, progress FROM @attempts WHERE n = $3::bigint),
    f AS (INSERT INTO @followers (run, n, wait, attached)
      SELECT run, $1::bigint, wait, false FROM @followers WHERE n = $3::bigint),
    d AS (INSERT INTO @feeds (key, n, target, once) SELECT key, $1::bigint, target, once FROM @feeds WHERE n = $3::bigint),
    c AS (INSERT INTO @run_chunks (n, c) SELECT $1::bigint, c FROM @run_chunks WHERE n = $3::bigint)
    INSERT INTO @places (key, n, wait, max, loose, value, held)
      SELECT key, $1::bigint, wait, max, loose, value, false FROM @places WHERE n = $3::bigint AND NOT held ORDER BY seq`,
  collectable: `SELECT e.n::float8 AS n, r.id FROM @ends e JOIN @runs r ON r.n = e.n WHERE e.ended < $1::bigint
    ORDER BY e.ended LIMIT $2::int FOR UPDATE OF e SKIP LOCKED`,
  forgetRuns: `WITH e AS (DELETE FROM @ends WHERE n = ANY($1::bigint[])),
    s AS (DELETE FROM @states WHERE n = ANY($1::bigint[])),
    q AS (DELETE FROM @queue WHERE n = ANY($1::bigint[])),
    f AS (DELETE FROM @feeds WHERE n = ANY($1::bigint[])),
    v AS (DELETE FROM @events WHERE run = ANY($2::text[]))
    DELETE FROM @runs WHERE n = ANY($1::bigint[])`,
  dropTaken: `DELETE FROM @events WHERE seq IN (SELECT seq FROM @events WHERE taken IS NOT NULL AND sent < $1::bigint
    ORDER BY sent LIMIT $2::int FOR UPDATE SKIP LOCKED)`,
  dropRates: "DELETE FROM @rates WHERE next < $1::float8",

  addSchedule: `INSERT INTO @schedules (id, version, spec, next, paused, last) VALUES ($1, $2, $3, $4::bigint, $5, $6)
    ON CONFLICT (id) DO NOTHING`,
  setSchedule: `UPDATE @schedules SET version = $2, spec = $3, next = $4::bigint, paused = $5, last = $6
    WHERE id = $1 AND version = $7`,
  setLast: "UPDATE @schedules SET last = $2 WHERE id = $1",
  dropSchedule: "DELETE FROM @schedules WHERE id = $1",

  // What is looked at.

  run: `SELECT ${RUN}, r.call, r.secret, s.body, e.value, h.keep, l.key AS line, l.max AS most
    ${FROM} LEFT JOIN @ends e ON e.n = q.n LEFT JOIN @histories h ON h.n = q.n LEFT JOIN @limits l ON l.n = q.n WHERE r.id = $1`,
  /** Newest first. Parameters: last id of the page before, entry, group, tags, limit; status. */
  runs: `SELECT ${RUN} ${FROM} WHERE q.n < coalesce((SELECT n FROM @runs WHERE id = $1), 9223372036854775807)
    AND ($2::text IS NULL OR q.entry = $2) AND q.grp = coalesce($3::text, nullif(q.grp, '${SYSTEM_GROUP}'))
    AND ($4::text IS NULL OR r.tags @> string_to_array($4, E'\\n'))
    ORDER BY q.n DESC LIMIT $5::bigint`,
  runsOfStatus: `SELECT ${RUN} ${FROM} WHERE q.n < coalesce((SELECT n FROM @runs WHERE id = $1), 9223372036854775807)
    AND ($2::text IS NULL OR q.entry = $2) AND q.grp = coalesce($3::text, nullif(q.grp, '${SYSTEM_GROUP}'))
    AND ($4::text IS NULL OR r.tags @> string_to_array($4, E'\\n'))
    AND q.status = $6 ORDER BY q.n DESC LIMIT $5::bigint`,
  counts: `SELECT status, count(*)::float8 AS runs FROM @queue WHERE grp <> '${SYSTEM_GROUP}' GROUP BY status`,
  reasons: `SELECT split_part(reason, ' ', 1) AS code, count(*)::float8 AS runs FROM @queue WHERE status = 'blocked'
    AND grp <> '${SYSTEM_GROUP}' GROUP BY 1`,
  builds: "SELECT id, body FROM @builds ORDER BY id",
  codes: "SELECT key, body FROM @codes ORDER BY key",
  schemaOf: "SELECT schema FROM @subscriptions WHERE key = $1 ORDER BY n, wait LIMIT 1",
  schedule: "SELECT id, version, spec, next::float8 AS next, paused, last FROM @schedules WHERE id = $1",
  allSchedules:
    "SELECT id, version, spec, next::float8 AS next, paused, last FROM @schedules ORDER BY id LIMIT $1::bigint",
  dueSchedules: `SELECT id, version, spec, next::float8 AS next, paused, last FROM @schedules
    WHERE next IS NOT NULL AND next <= $1::bigint ORDER BY next LIMIT $2::bigint`,
  nextSchedule: "SELECT min(next)::float8 AS next FROM @schedules WHERE next IS NOT NULL",
} as const;

export type StatementName = keyof typeof statements;
