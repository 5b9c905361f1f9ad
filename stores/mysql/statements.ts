/**
 * SQL of the MySQL store, but the tables (`schema.ts`) and what batches write (`write-changes.ts`). `sql.ts` says what marks
 * mean. There is no `RETURNING` for updates and no `FOR UPDATE OF`: rows are locked by a statement of their own.
 *
 * Locks are taken in one order everywhere: rows of `names`, sorted; rows of `queue`, sorted by number; rows that only their
 * owner writes. Where the server finds a deadlock all the same, the transaction is made again.
 */
import { BOUND_FOR, SYSTEM_GROUP } from "../../runtime/engine/store.ts";

/** Milliseconds since 1970 on the server's clock, whatever the time zone of the session; or what a test says. */
export const NOW =
  "COALESCE(?, TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(3)) DIV 1000)";

const RUN = `q.n, r.id, r.entry, q.status, q.cancel, q.priority, q.grp, q.due, q.reason, q.needs, q.build, q.bound, q.epoch, s.turn, s.updated, r.tags,
  r.parent, r.created, w.id AS worker,
  (SELECT COUNT(*) FROM @attempts a WHERE a.n = q.n AND a.due IS NULL) AS held`;
const FROM =
  "FROM @queue q JOIN @runs r ON r.n = q.n JOIN @states s ON s.n = q.n LEFT JOIN @workers w ON w.n = q.worker";
const SCHEDULE = "SELECT id, version, spec, `next`, paused, `last` FROM @schedules";

/** What a run has beside its snapshot. */
const HOLDINGS = `q.cancel, q.grp,
  (SELECT JSON_ARRAYAGG(JSON_ARRAY(p.wait, CONVERT(p.\`key\` USING utf8mb4), p.\`max\`)) FROM @places p
    WHERE p.n = q.n AND p.wait >= 0 AND NOT (p.loose = 1 AND p.held = 1)) AS places,
  (SELECT JSON_ARRAYAGG(JSON_ARRAY(CONVERT(f.\`key\` USING utf8mb4), CONVERT(f.target USING utf8mb4), f.once))
    FROM @feeds f WHERE f.n = q.n) AS feeds`;
const PARK = "SELECT turn, saved, cancel, grp, places, feeds, body FROM @parks";
/** Whether users' transactions have left something in the outbox. */
const POSTED = "EXISTS (SELECT 1 FROM @outbox) AS posted";

export const statements = {
  now: `SELECT ${NOW} AS now`,

  // Runs that are started.

  allocate: "INSERT INTO @numbers (n) VALUES ?",
  forget: "DELETE FROM @numbers WHERE n >= ? AND n <= ?",
  numbers: "SELECT id, n FROM @runs WHERE id IN ?",
  insertRuns: `INSERT INTO @runs (n, id, entry, priority, \`call\`, secret, tags, parent, created) VALUES ?`,
  /** Those whose id is taken are left out. */
  startRuns: `INSERT INTO @runs (n, id, entry, priority, \`call\`, secret, tags, parent, created) VALUES ?
    ON DUPLICATE KEY UPDATE n = @runs.n`,
  insertQueue:
    "INSERT INTO @queue (n, entry, priority, grp, status, due, worker, epoch, news, told, cancel, build) VALUES ?",
  insertStates: "INSERT INTO @states (n, epoch, turn, updated, body) VALUES ?",

  // Turns that change one row only. `queue` is read and not locked.

  turns: `UPDATE {n, turn, body, epoch, news, worker} STRAIGHT_JOIN @states s ON s.n = v.n STRAIGHT_JOIN @queue q ON q.n = v.n
    SET s.turn = v.turn, s.body = v.body, s.updated = ${NOW}
    WHERE s.epoch = v.epoch AND s.turn = v.turn - 1 AND q.worker = v.worker AND q.news = v.news`,
  turn: `UPDATE @states s STRAIGHT_JOIN @queue q ON q.n = s.n SET s.turn = ?, s.body = ?, s.updated = ${NOW}
    WHERE s.n = ? AND s.epoch = ? AND s.turn = ? AND q.worker = ? AND q.news = ?`,
  /** Those that are as a turn has left them, perhaps when it was written before. */
  written: `SELECT s.n FROM {n, turn, epoch, news, worker} STRAIGHT_JOIN @states s ON s.n = v.n STRAIGHT_JOIN @queue q ON q.n = v.n
    WHERE s.epoch = v.epoch AND s.turn = v.turn AND q.worker = v.worker AND q.news = v.news`,

  // What a batch locks and loads (stores/batch).

  lockNames: "SELECT n FROM @names WHERE n IN ? ORDER BY n FOR UPDATE",
  tryNames: "SELECT n FROM @names WHERE n IN ? ORDER BY n FOR UPDATE SKIP LOCKED",
  lockRuns: "SELECT n FROM @queue WHERE n IN ? ORDER BY n FOR UPDATE",
  tryRuns: "SELECT n FROM @queue WHERE n IN ? ORDER BY n FOR UPDATE SKIP LOCKED",
  /** After they were locked: what a statement sees is from when it began. */
  runRecords: `SELECT q.n, r.id, q.grp AS \`group\`, q.status, q.due, q.worker, q.epoch, q.news, q.told, q.cancel, q.reason, q.needs, q.deaths, q.build, q.bound, s.turn
    FROM @queue q JOIN @runs r ON r.n = q.n JOIN @states s ON s.n = q.n WHERE q.n IN ? ORDER BY q.n`,
  /** Of one key. */
  waiting: `SELECT 'wait' AS kind, \`key\`, n, wait, \`schema\` AS a, NULL AS b, NULL AS c FROM @subscriptions
    WHERE \`key\` = ? ORDER BY n, wait LIMIT ?`,
  kept: `SELECT 'kept' AS kind, \`key\`, seq AS n, 0 AS wait, id AS a, payload AS b, run AS c FROM @events
    WHERE \`key\` = ? AND kept = 1 ORDER BY seq LIMIT ?`,
  feeds: "SELECT 'feed' AS kind, `key`, n, target AS a, once FROM @feeds WHERE `key` IN ?",
  /** And whether users' transactions have left one for any of the keys. */
  sent: `SELECT 'sent' AS kind, e.\`key\`, e.id AS a FROM {name, id} STRAIGHT_JOIN @events e ON e.\`key\` = v.name AND e.id = v.id
    UNION ALL (SELECT 'post', name, NULL FROM @outbox WHERE kind = 'event' AND name IN ? LIMIT 1)`,
  taken: "SELECT `key`, COUNT(*) AS taken FROM @places WHERE `key` IN ? AND held = 1 GROUP BY `key`",
  /** Of one line. */
  line: `SELECT \`key\`, seq, n, wait, \`max\`, loose, value FROM @places WHERE \`key\` = ? AND held = 0 ORDER BY seq LIMIT ?`,
  places: `SELECT p.seq, p.\`key\`, p.n, p.wait, p.\`max\`, p.loose, p.value, p.held
    FROM {n, wait} STRAIGHT_JOIN @places p ON p.n = v.n AND p.wait = v.wait`,
  followersOf: "SELECT 'follower' AS kind, run AS n, n AS other, wait FROM @followers WHERE run IN ?",
  attachedTo: "SELECT 'attached' AS kind, n, run AS other FROM @followers WHERE n IN ? AND attached = 1",
  placesOf: `SELECT 'place' AS kind, n, wait, \`key\` AS name, held FROM @places
    WHERE n IN ? AND NOT (loose = 1 AND held = 1)`,
  hashesOf: `SELECT 'chunk' AS kind, c.n, k.hash AS name FROM @run_chunks c JOIN @chunks k ON k.c = c.c WHERE c.n IN ?`,
  keepOf: "SELECT 'keep' AS kind, n, keep AS other FROM @histories WHERE n IN ?",
  arrivals: `SELECT a.n, a.wait, a.threw, a.value, a.event, e.\`key\`, e.id, e.run
    FROM @arrivals a LEFT JOIN @events e ON e.seq = a.event WHERE a.n IN ? ORDER BY a.seq`,
  attempts: `SELECT n, wait, made, due, error, since, begun, progress FROM @attempts WHERE n IN ? ORDER BY n, wait`,
  outcomes: `SELECT e.n, q.status, e.value FROM @ends e JOIN @queue q ON q.n = e.n WHERE e.n IN ?`,
  bodies: "SELECT n, body FROM @states WHERE n IN ?",

  // Workers and claims.

  addWorker: `INSERT INTO @workers (id, lease, \`until\`, about, builds, grps, entries) VALUES (?, ?, ${NOW} + ?, ?, ?, ?, ?)`,
  renewWorker: `UPDATE @workers SET \`until\` = ${NOW} + ?, builds = ?, beats = beats + 1 WHERE id = ? AND \`until\` > ${NOW}`,
  workers: "SELECT id, n FROM @workers WHERE id IN ?",
  /** The lease of who claims, which nobody can end before the claim has; and one that has ended. */
  claimer: `SELECT n, ${POSTED} FROM @workers WHERE id = ? AND \`until\` > ? LOCK IN SHARE MODE`,
  dead: "SELECT n FROM @workers WHERE `until` <= ? ORDER BY `until` LIMIT 1 FOR UPDATE SKIP LOCKED",
  lockWorker: "SELECT n FROM @workers WHERE id = ? FOR UPDATE",
  ownedBy: "SELECT q.n, r.id FROM @queue q JOIN @runs r ON r.n = q.n WHERE q.worker = ?",
  release: "UPDATE @queue SET worker = NULL, due = ?, deaths = deaths + ? WHERE n IN ?",
  block: "UPDATE @queue SET status = 'blocked', reason = ?, needs = ? WHERE n = ?",
  dropWorker: "DELETE FROM @workers WHERE n = ?",
  ownsAny: "SELECT 1 AS one FROM @queue WHERE worker = ? LIMIT 1",
  /** Those that have taken workers down: found by an index of their own. Conditions and the order follow. */
  suspect: "SELECT n FROM @queue WHERE suspect = 1 AND due <= ?",
  /** Groups and priorities of runs that can be claimed, and when the first one is due: a look into the index for each. */
  queues:
    "SELECT open, priority, MIN(due) AS due FROM @queue FORCE INDEX (queue_open) WHERE open IS NOT NULL GROUP BY open, priority",
  /** Of one group and priority. Parameters: group, priority, time. Conditions and the order follow. */
  dueRuns: `SELECT n, due FROM @queue FORCE INDEX (queue_open) WHERE open = ? AND priority = ? AND due <= ? AND suspect IS NULL`,
  nextDue: "SELECT due FROM @queue FORCE INDEX (queue_open) WHERE open = ? AND priority = ?",
  dueRun: "SELECT n FROM @queue WHERE n = ? AND open IS NOT NULL AND due <= ? FOR UPDATE SKIP LOCKED",
  take: "UPDATE @queue SET worker = ?, epoch = epoch + 1, told = 0 WHERE n IN ?",
  fence: "UPDATE @states SET epoch = epoch + 1 WHERE n IN ?",
  claimed: `SELECT q.n, r.id, q.entry, q.epoch, s.turn, q.news, q.priority, q.grp, q.due, q.cancel, q.deaths, q.build, q.bound, s.body, r.\`call\`, r.secret,
      h.keep
    FROM @queue q JOIN @runs r ON r.n = q.n JOIN @states s ON s.n = q.n LEFT JOIN @histories h ON h.n = q.n WHERE q.n IN ?`,
  chunksOf: `SELECT c.n, k.hash, k.bytes, k.is_text FROM @run_chunks c JOIN @chunks k ON k.c = c.c
    WHERE c.n IN ? ORDER BY c.n, c.c`,
  nextLeaseEnd: `SELECT MIN(\`until\`) AS due, ${POSTED} FROM @workers WHERE id <> ?`,
  /** And one without a run, when there is nothing but posts. */
  news: `SELECT x.*, o.posted FROM (SELECT ${POSTED}) o
    LEFT JOIN (SELECT q.n, r.id, q.cancel, q.status, q.news FROM @queue q JOIN @runs r ON r.n = q.n
      WHERE q.told = 1 AND q.worker = (SELECT n FROM @workers WHERE id = ?)) x ON TRUE`,
  liveWorkers: `SELECT id, lease, \`until\`, about, builds, grps, entries FROM @workers WHERE \`until\` > ${NOW} ORDER BY id`,

  // Builds.

  addBuilds: "INSERT IGNORE INTO @builds (id, body) VALUES ?",
  /** Due runs that are bound to what no live worker that serves them is or holds, or to one that does not come for them. Parameters: time three times, how many. */
  stranded: `SELECT q.n FROM @queue q WHERE q.bound IS NOT NULL AND q.open IS NOT NULL AND q.due <= ?
    AND NOT EXISTS (SELECT 1 FROM @workers w WHERE w.\`until\` > ? AND ((w.id = q.bound AND q.due > ? - ${BOUND_FOR})
      OR JSON_CONTAINS(COALESCE(w.builds, '[]'), JSON_QUOTE(CONVERT(q.bound USING utf8mb4))))
      AND (w.grps IS NULL OR JSON_CONTAINS(w.grps, JSON_QUOTE(CONVERT(q.grp USING utf8mb4))))
      AND (w.entries IS NULL OR JSON_CONTAINS(w.entries, JSON_QUOTE(CONVERT(q.entry USING utf8mb4)))))
    ORDER BY q.n LIMIT ? FOR UPDATE SKIP LOCKED`,
  strandedRuns: `SELECT r.id, q.entry, s.turn, q.build FROM @queue q JOIN @runs r ON r.n = q.n JOIN @states s ON s.n = q.n
    WHERE q.n IN ? AND q.bound = q.build`,
  /** Assignments are made one after the other. */
  strand: `UPDATE @queue SET
      reason = IF(bound = build, REPLACE(?, CONCAT('{build', '}'), CONVERT(bound USING utf8mb4)), NULL),
      needs = IF(bound = build, CONVERT(entry USING utf8mb4), NULL),
      status = IF(bound = build, 'blocked', status),
      bound = IF(bound = build, bound, NULL)
    WHERE n IN ?`,

  // Transactions of users.

  mark: "SELECT version AS mark FROM @signals WHERE n = 2",
  /** Parameters: wait; number of the run, its worker, epoch. */
  outcome: `SELECT q.n, a.wait, a.threw, a.value FROM @queue q LEFT JOIN @arrivals a ON a.n = q.n AND a.wait = ?
    WHERE q.n = ? AND q.worker = ? AND q.epoch = ?`,
  lockRun: "SELECT n FROM @queue WHERE n = ? FOR UPDATE",
  lockOwned: "SELECT n FROM @queue WHERE n = ? AND worker = ? AND epoch = ? FOR UPDATE",
  record: "INSERT INTO @arrivals (n, wait, threw, value) VALUES (?, ?, ?, ?)",
  /** Parameters: kind, name, id, body, run, max. */
  post: "INSERT INTO @outbox (kind, name, id, body, run, `max`) VALUES ?",
  statusOf: "SELECT q.status FROM @runs r JOIN @queue q ON q.n = r.n WHERE r.id = ?",
  posts: "SELECT seq, kind, name, id, body, run, `max` FROM @outbox ORDER BY seq LIMIT ?",
  lockPosts: "SELECT seq FROM @outbox WHERE seq IN ? ORDER BY seq FOR UPDATE",
  tryPosts: "SELECT seq FROM @outbox WHERE seq IN ? ORDER BY seq FOR UPDATE SKIP LOCKED",
  dropPosts: "DELETE FROM @outbox WHERE seq IN ?",
  forgetSome: "DELETE FROM @numbers WHERE n IN ?",

  // Upkeep.

  lockRate: "INSERT IGNORE INTO @rates (`key`, `next`) VALUES (?, 0)",
  rate: "SELECT `next` FROM @rates WHERE `key` = ? FOR UPDATE",
  setRate: "UPDATE @rates SET `next` = ? WHERE `key` = ?",
  dropRates: "DELETE FROM @rates WHERE `next` < ?",
  collectable: "SELECT n FROM @ends WHERE ended < ? ORDER BY ended LIMIT ? FOR UPDATE SKIP LOCKED",
  idsOf: "SELECT id FROM @runs WHERE n IN ?",
  takenEvents:
    "SELECT seq FROM @events WHERE kept IS NULL AND sent < ? ORDER BY sent LIMIT ? FOR UPDATE SKIP LOCKED",
  dropEvents: "DELETE FROM @events WHERE seq IN ?",
  addSchedule: "INSERT INTO @schedules (id, version, spec, `next`, paused, `last`) VALUES (?, ?, ?, ?, ?, ?)",
  setSchedule:
    "UPDATE @schedules SET version = ?, spec = ?, `next` = ?, paused = ?, `last` = ? WHERE id = ? AND version = ?",
  dropSchedule: "DELETE FROM @schedules WHERE id = ?",

  // Parks that are over, and turns that people write.

  /** The newest park of one run that has to go for one more to be kept. */
  lastToGo: "SELECT n, turn FROM @parks WHERE n = ? ORDER BY turn DESC LIMIT 1 OFFSET ?",
  pastChunks: `SELECT p.n, k.hash AS name FROM {n, turn} STRAIGHT_JOIN @past_chunks p ON p.n = v.n AND p.until <= v.turn
    STRAIGHT_JOIN @chunks k ON k.c = p.c`,
  /** Not a run that has no snapshot. */
  keepParks: `INSERT INTO @parks (n, turn, saved, cancel, grp, places, feeds, body)
    SELECT s.n, s.turn, s.updated, ${HOLDINGS}, s.body FROM @states s JOIN @queue q ON q.n = s.n
    WHERE s.n IN ? AND RIGHT(s.body, 1) <> CHAR(10)`,
  parks: `${PARK} WHERE n = ? ORDER BY turn DESC LIMIT ?`,
  park: `${PARK} WHERE n = ? AND turn = ?`,
  holdings: `SELECT ${HOLDINGS} FROM @queue q WHERE q.n = ?`,
  chunksOfPark: `SELECT k.hash, k.bytes, k.is_text FROM @chunks k WHERE k.c IN (SELECT c FROM @run_chunks WHERE n = ?
    UNION SELECT c FROM @past_chunks WHERE n = ? AND until >= ?) ORDER BY k.c`,
  journal: "SELECT time, turn, what, who, detail FROM @journal WHERE n = ? ORDER BY seq",
  pastChunksOf:
    "SELECT DISTINCT k.hash AS name FROM @past_chunks p JOIN @chunks k ON k.c = p.c WHERE p.n IN ?",

  // What other processes should know.

  signal: "UPDATE @signals SET version = LAST_INSERT_ID(version + 1) WHERE n = 1",
  signals: `SELECT version, ${POSTED} FROM @signals WHERE n = 1`,

  // What is looked at.

  run: `SELECT ${RUN}, r.\`call\`, r.secret, s.body, e.value, h.keep, l.\`key\` AS line, l.\`max\` AS most
    ${FROM} LEFT JOIN @ends e ON e.n = q.n LEFT JOIN @histories h ON h.n = q.n LEFT JOIN @limits l ON l.n = q.n WHERE r.id = ?`,
  /** Newest first. Parameters: last id of the page before. Conditions follow. */
  runs: `SELECT ${RUN} ${FROM} WHERE q.n < COALESCE((SELECT n FROM @runs WHERE id = ?), 9223372036854775807)`,
  counts: `SELECT status, COUNT(*) AS runs FROM @queue WHERE grp <> '${SYSTEM_GROUP}' GROUP BY status`,
  reasons: `SELECT SUBSTRING_INDEX(reason, ' ', 1) AS code, COUNT(*) AS runs FROM @queue WHERE status = 'blocked'
    AND grp <> '${SYSTEM_GROUP}' GROUP BY code`,
  builds: "SELECT id, body FROM @builds ORDER BY id",
  codes: "SELECT `key`, body FROM @codes ORDER BY `key`",
  schemaOf: "SELECT `schema` FROM @subscriptions WHERE `key` = ? ORDER BY n, wait LIMIT 1",
  schedule: `${SCHEDULE} WHERE id = ?`,
  allSchedules: `${SCHEDULE} ORDER BY id LIMIT ?`,
  dueSchedules: `${SCHEDULE} WHERE \`next\` IS NOT NULL AND \`next\` <= ? ORDER BY \`next\` LIMIT ?`,
  nextSchedule: "SELECT MIN(`next`) AS `next` FROM @schedules WHERE `next` IS NOT NULL",
} as const;

export type StatementName = keyof typeof statements;
