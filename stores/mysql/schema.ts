/**
 * The tables, which begin with a prefix. What a turn writes is one row in `states`; what is claimed and woken is one narrow
 * row in `queue`; what is written once stands in `runs`.
 *
 * | table           | one row per                              | written                          |
 * |-----------------|------------------------------------------|----------------------------------|
 * | `states`        | run: epoch, turn, waits and snapshot     | at each turn                     |
 * | `queue`         | run: owner, due time, status, news       | when claimed, woken, given back, ended |
 * | `runs`          | run: id, call, secret, tags, parent      | once                             |
 * | `numbers`       | none: it hands out the numbers of runs   | when a run is started            |
 * | `names`         | a lock for all names with one hash       | never                            |
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
 * | `signals`       | changes with what others should know, and a number that tells these tables from others | after commits, now and then; once |
 * | `outbox`        | event, or started runs, of a user's transaction | there, removed when carried out |
 * | `version`       | these tables: their version              | by migrations                    |
 *
 * Ids and keys are `VARBINARY`: compared byte by byte, also spaces at their ends, in whatever collation the server likes. There
 * are no indexes of a part of the rows: `open` and `suspect` are null for runs that cannot be claimed, so these stand at one
 * end of the index where no claim ever looks. Times are milliseconds since 1970.
 */
import { SUSPECT } from "../../runtime/engine/poison.ts";

/** The first servers with all that the statements use: `SKIP LOCKED`, and rows of values as a table. */
export const OLDEST = { mysql: [8, 0, 19], mariadb: [10, 6, 0] } as const;

/** Rows of `names`: names of so many hashes can be locked by themselves. */
export const NAMES = 4096;

const CLAIMABLE = "worker IS NULL AND due IS NOT NULL AND status = 'active'";
const NAME = "VARBINARY(1540)";
const TABLE = "ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin";
const DIGITS =
  "(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7)";

function table(name: string, columns: string): string {
  return `CREATE TABLE IF NOT EXISTS @${name} (${columns}) ${TABLE}`;
}

/**
 * `migrations[n]` leads from version n to n + 1. Never changed once released. Each statement may be made twice: the server
 * commits after each, so a migration may break off in between.
 */
export const migrations: readonly (readonly string[])[] = [
  [
    table("numbers", "n BIGINT AUTO_INCREMENT PRIMARY KEY"),
    table("names", "n INT PRIMARY KEY"),
    `INSERT IGNORE INTO @names (n) SELECT a.d * 512 + b.d * 64 + c.d * 8 + d.d
      FROM ${DIGITS} a CROSS JOIN ${DIGITS} b CROSS JOIN ${DIGITS} c CROSS JOIN ${DIGITS} d ORDER BY 1`,
    table(
      "runs",
      `n BIGINT PRIMARY KEY, id ${NAME} NOT NULL UNIQUE, entry VARBINARY(2048) NOT NULL, priority BIGINT NOT NULL,
      \`call\` LONGTEXT NOT NULL, secret TEXT NOT NULL, tags LONGTEXT NOT NULL, parent ${NAME}, created BIGINT NOT NULL`,
    ),
    table(
      "queue",
      `n BIGINT PRIMARY KEY, status VARBINARY(16) NOT NULL DEFAULT 'active', entry VARBINARY(2048) NOT NULL,
      priority BIGINT NOT NULL, grp ${NAME} NOT NULL DEFAULT 'default', due BIGINT, worker BIGINT, epoch INT NOT NULL,
      news INT NOT NULL DEFAULT 0, told TINYINT(1) NOT NULL DEFAULT 0, cancel VARBINARY(16) NOT NULL DEFAULT 'no',
      reason LONGTEXT, needs TEXT, deaths INT NOT NULL DEFAULT 0,
      open ${NAME} AS (IF(${CLAIMABLE}, grp, NULL)) STORED,
      suspect TINYINT(1) AS (IF(${CLAIMABLE} AND deaths >= ${SUSPECT}, 1, NULL)) STORED,
      KEY queue_open (open, priority, due, n), KEY queue_worker (worker, told), KEY queue_status (status, n),
      KEY queue_suspect (suspect, due)`,
    ),
    table(
      "states",
      "n BIGINT PRIMARY KEY, epoch INT NOT NULL, turn INT NOT NULL, updated BIGINT NOT NULL, body LONGTEXT NOT NULL",
    ),
    table(
      "ends",
      "n BIGINT PRIMARY KEY, value LONGTEXT NOT NULL, ended BIGINT NOT NULL, KEY ends_ended (ended)",
    ),
    table(
      "followers",
      `run BIGINT NOT NULL, n BIGINT NOT NULL, wait INT NOT NULL, attached TINYINT(1) NOT NULL,
      PRIMARY KEY (run, n, wait), KEY followers_n (n)`,
    ),
    table(
      "places",
      `seq BIGINT AUTO_INCREMENT PRIMARY KEY, \`key\` ${NAME} NOT NULL, n BIGINT NOT NULL, wait INT NOT NULL,
      \`max\` DOUBLE NOT NULL, loose TINYINT(1) NOT NULL, value LONGTEXT NOT NULL, held TINYINT(1) NOT NULL,
      KEY places_key (\`key\`, held, seq), UNIQUE KEY places_n (n, wait)`,
    ),
    table("rates", `\`key\` ${NAME} PRIMARY KEY, \`next\` DOUBLE NOT NULL`),
    table(
      "arrivals",
      `seq BIGINT AUTO_INCREMENT PRIMARY KEY, n BIGINT NOT NULL, wait INT NOT NULL, threw TINYINT(1) NOT NULL,
      value LONGTEXT NOT NULL, event BIGINT, UNIQUE KEY arrivals_n (n, wait)`,
    ),
    table(
      "attempts",
      `n BIGINT NOT NULL, wait INT NOT NULL, made INT NOT NULL, due BIGINT, error LONGTEXT NOT NULL, since BIGINT,
      begun INT, progress LONGTEXT, PRIMARY KEY (n, wait)`,
    ),
    table(
      "subscriptions",
      `\`key\` ${NAME} NOT NULL, n BIGINT NOT NULL, wait INT NOT NULL, \`schema\` TEXT, PRIMARY KEY (\`key\`, n, wait)`,
    ),
    table(
      "feeds",
      `\`key\` VARBINARY(1540) NOT NULL, n BIGINT NOT NULL, target VARBINARY(1500) NOT NULL, once TINYINT(1) NOT NULL,
      PRIMARY KEY (\`key\`, n, target), KEY feeds_n (n)`,
    ),
    table(
      "events",
      `seq BIGINT AUTO_INCREMENT PRIMARY KEY, \`key\` VARBINARY(1536) NOT NULL, id VARBINARY(1536) NOT NULL,
      payload LONGTEXT, run ${NAME}, sent BIGINT NOT NULL, taken BIGINT,
      kept TINYINT(1) AS (IF(taken IS NULL, 1, NULL)) STORED,
      UNIQUE KEY events_id (\`key\`, id), KEY events_kept (\`key\`, kept, seq), KEY events_run (run, kept), KEY events_sent (kept, sent)`,
    ),
    table(
      "schedules",
      `id ${NAME} PRIMARY KEY, version VARBINARY(1000) NOT NULL, spec LONGTEXT NOT NULL, \`next\` BIGINT,
      paused TINYINT(1) NOT NULL, \`last\` ${NAME}, KEY schedules_next (\`next\`)`,
    ),
    table(
      "workers",
      `n BIGINT AUTO_INCREMENT PRIMARY KEY, id ${NAME} NOT NULL UNIQUE, lease BIGINT NOT NULL, \`until\` BIGINT NOT NULL,
      beats BIGINT NOT NULL DEFAULT 0, about TEXT NOT NULL, KEY workers_until (\`until\`)`,
    ),
    table("codes", "`key` VARBINARY(2048) PRIMARY KEY, body LONGTEXT NOT NULL"),
    table(
      "chunks",
      `c BIGINT AUTO_INCREMENT PRIMARY KEY, hash VARBINARY(200) NOT NULL UNIQUE, bytes LONGBLOB NOT NULL,
      is_text TINYINT(1) NOT NULL`,
    ),
    table("run_chunks", "n BIGINT NOT NULL, c BIGINT NOT NULL, PRIMARY KEY (n, c), KEY run_chunks_of (c)"),
    table("signals", "n INT PRIMARY KEY, version BIGINT NOT NULL"),
    "INSERT IGNORE INTO @signals (n, version) VALUES (1, 1)",
  ],
  [
    "INSERT IGNORE INTO @signals (n, version) VALUES (2, FLOOR(RAND() * 9007199254740991))",
    table(
      "outbox",
      `seq BIGINT AUTO_INCREMENT PRIMARY KEY, kind VARBINARY(16) NOT NULL, name VARBINARY(1536), id VARBINARY(1536), body LONGTEXT,
      run ${NAME}, \`max\` DOUBLE`,
    ),
  ],
  [
    `ALTER TABLE @queue ADD COLUMN build ${NAME}`,
    `ALTER TABLE @queue ADD COLUMN bound ${NAME}`,
    "ALTER TABLE @queue ADD KEY queue_bound (bound, due)",
    "ALTER TABLE @workers ADD COLUMN builds TEXT",
    table("builds", `id ${NAME} PRIMARY KEY, body LONGTEXT NOT NULL`),
  ],
  [
    table("histories", "n BIGINT PRIMARY KEY, keep INT NOT NULL"),
    table(
      "parks",
      `n BIGINT NOT NULL, turn INT NOT NULL, saved BIGINT NOT NULL, cancel VARBINARY(16) NOT NULL, places LONGTEXT,
      feeds LONGTEXT, body LONGTEXT NOT NULL, PRIMARY KEY (n, turn)`,
    ),
    table(
      "past_chunks",
      "n BIGINT NOT NULL, c BIGINT NOT NULL, until INT NOT NULL, PRIMARY KEY (n, c), KEY past_chunks_of (c)",
    ),
    table(
      "journal",
      `seq BIGINT AUTO_INCREMENT PRIMARY KEY, n BIGINT NOT NULL, time BIGINT NOT NULL, turn INT NOT NULL,
      what VARBINARY(16) NOT NULL, who TEXT NOT NULL, detail LONGTEXT NOT NULL, KEY journal_n (n)`,
    ),
  ],
  ["ALTER TABLE @workers ADD COLUMN grps LONGTEXT", "ALTER TABLE @workers ADD COLUMN entries LONGTEXT"],
  [`ALTER TABLE @parks ADD COLUMN grp ${NAME}`],
  [
    table("limits", `n BIGINT PRIMARY KEY, \`key\` ${NAME} NOT NULL, \`max\` DOUBLE NOT NULL`),
    "INSERT IGNORE INTO @limits SELECT n, SUBSTRING(`key`, 5), `max` FROM @places WHERE wait = -1",
  ],
];

/** The version that this code writes. */
export const SCHEMA_VERSION = migrations.length;
