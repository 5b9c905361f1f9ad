// A worker process of the campaign: `node worker.mjs JSON`. Tells the parent what it claims and writes; ends with it.
const job = JSON.parse(process.argv[2]);

// Its clock is wrong for everything in this process, and before anything else is loaded.
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length > 0) super(...args);
    else super(RealDate.now() + job.skew);
  }
  static now() {
    return RealDate.now() + job.skew;
  }
};

await import("coldframe/register");
const { createEngine, stepContext } = await import("coldframe");
const { request, Agent } = await import("node:http");
const agent = new Agent({ keepAlive: true });

const tell = (message) => process.send(message);
process.on("disconnect", () => process.exit(1));

/** Asks until there is a connection: where there is none, nothing was asked. */
async function outside(call) {
  for (;;) {
    try {
      return await post(call);
    } catch (error) {
      if (error.syscall !== "connect") throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function post(call) {
  return new Promise((resolve, reject) => {
    const to = { port: job.outside, host: job.host, method: "POST", agent };
    const sent = request(to, async (response) => {
      let text = "";
      for await (const chunk of response) text += chunk;
      if (response.statusCode === 200) resolve(JSON.parse(text));
      else reject(new Error(text));
    });
    sent.on("error", reject);
    sent.end(JSON.stringify(call));
  });
}

/**
 * Counts a label, and adds one to each of some tills, of which there are few: in an order that depends on the label, so that locks
 * cross. Half of the labels read first and write what they have read plus one, which only isolation makes right.
 */
async function enter(tx, label) {
  const bits = [...label].reduce((hash, c) => (Math.imul(hash, 31) + c.charCodeAt(0)) >>> 0, 7) >>> 3;
  const tills = TILLS.filter((_, i) => (bits >> i) & 1);
  if (bits & 8) tills.reverse();
  const isStrict = (bits & 16) !== 0;
  const isPostgres = job.database === "postgres";
  const query = async (text) => {
    const answer = await tx.query(text);
    return isPostgres ? answer.rows : answer[0];
  };
  if (isStrict && isPostgres) await query("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE");
  const again = isPostgres
    ? "ON CONFLICT (label) DO UPDATE SET times = counters.times + 1"
    : "ON DUPLICATE KEY UPDATE times = times + 1";
  await query(
    `INSERT INTO counters (label, times, tills) VALUES ('${label}', 1, '${tills.join()}') ${again}`,
  );
  for (const till of tills) {
    const at = `WHERE name = '${till}'`;
    let sum = "times";
    if (isStrict) {
      // What the other servers mean by serializable: what is read is locked.
      const [row] = await query(`SELECT times FROM tills ${at} ${isPostgres ? "" : "LOCK IN SHARE MODE"}`);
      sum = row.times;
    }
    await query(`UPDATE tills SET times = ${sum} + 1 ${at}`);
  }
}

const TILLS = ["a", "b", "c"];

globalThis.world = {
  async act(label, input, fails) {
    const { key, attempt, fence } = stepContext();
    const n = await outside({ key, attempt, fence, label, input });
    if (n === null) throw new Error("the system outside has seen a higher fence");
    if (attempt <= fails) throw new Error("not yet");
    return `${label}#${n}`;
  },
  async count(tx, label) {
    await enter(tx, label);
    return `${label} counted`;
  },
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

await import(job.module);

function watched(store) {
  return new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (name === "claim")
        return async (...args) => {
          const claimed = await target.claim(...args);
          if (claimed.length > 0)
            tell({ kind: "claimed", runs: claimed.map(({ id, epoch }) => [id, epoch]) });
          return claimed;
        };
      if (name === "commit")
        return async (writes) => {
          const outcomes = await target.commit(writes);
          const passed = writes.filter(({ kind }, i) => kind === "turn" && outcomes[i].passed);
          if (passed.length > 0)
            tell({
              kind: "wrote",
              turns: passed.map(({ run, epoch, turn, end }) => [run, epoch, turn, end !== null]),
            });
          for (const [i, { passed, fenced, error }] of outcomes.entries()) {
            if (fenced) tell({ kind: "fenced" });
            else if (!passed) tell({ kind: "refused", what: `${writes[i].run}: ${error?.stack}` });
          }
          return outcomes;
        };
      if (name === "transact")
        return (step, body) => {
          let calls = 0;
          return target.transact(step, (tx) => {
            if (++calls > 1) tell({ kind: "repeated" });
            return body(tx);
          });
        };
      return value.bind(target);
    },
  });
}

async function open() {
  const times = { connectTimeout: 3000, answerTimeout: 2500 };
  if (job.database === "postgres") {
    const { postgres } = await import("coldframe/postgres");
    return postgres(job.url, times);
  }
  const { mysql } = await import("coldframe/mysql");
  return mysql(job.url, { ...times, poll: 500 });
}

async function begin() {
  return createEngine({
    store: watched(await open()),
    ...job.options,
    log: ({ level, message, error }) =>
      tell({
        kind: "log",
        level,
        message,
        error: error instanceof Error ? error.stack : String(error ?? ""),
      }),
  });
}

let engine = null;
while (engine === null)
  try {
    engine = await begin();
  } catch (error) {
    tell({ kind: "log", level: "error", message: "the store could not be opened", error: error.stack });
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
tell({ kind: "working", now: Date.now() });
process.on("SIGTERM", async () => {
  await engine.close();
  process.exit(0);
});
