/**
 * A campaign: random programs on real workers and a real server, with faults for so many seconds; then all of them have to end as
 * the uncompiled programs do. The seed decides the programs and when faults strike; what meets what then, the machine decides.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEngine, type Engine } from "../../runtime/index.ts";
import { judge, judgePlaces, prefixOf } from "../simulation/judge.ts";
import { compiled, type Model, modelOf } from "../simulation/program.ts";
import { Random } from "../simulation/random.ts";
import { Book } from "./book.ts";
import { makeBuilds } from "./builds.ts";
import { Fleet, type Job } from "./fleet.ts";
import { Island } from "./island.ts";
import type { Laboratory } from "./laboratory.ts";
import { Outside } from "./outside.ts";
import { Proxy } from "./proxy.ts";
import { countersOf, type Script, type Sending, scriptOf } from "./script.ts";

export interface CampaignOptions {
  readonly seed: number;
  /** How long faults strike, in seconds. */
  readonly seconds: number;
  /** All runs, which begin in the time of the faults. */
  readonly runs: number;
  /** Runs that are under way at one time. */
  readonly atOnce: number;
  readonly workers: number;
  /** Milliseconds between two strikes of each kind, about. */
  readonly pace: number;
}

export interface Report {
  readonly database: string;
  readonly version: string;
  readonly faults: Readonly<Record<string, number>>;
  /** Faults that could not be tried, and why. */
  readonly left: Readonly<Record<string, string>>;
  readonly work: Readonly<Record<string, number>>;
  readonly violations: readonly string[];
  /** How many of each kind. */
  readonly broken: Readonly<Record<string, number>>;
  /** What workers logged, and how often. */
  readonly said: ReadonlyMap<string, number>;
}

interface Started extends Script {
  readonly model: Model;
  cancelled: boolean;
}

/** Without faults, so many ms may pass in which nothing is written. */
const PEACE = 180_000;

export async function campaign(laboratory: Laboratory, options: CampaignOptions): Promise<Report> {
  const one = new Campaign(laboratory, options);
  try {
    return await one.go();
  } finally {
    await one.close();
  }
}

class Campaign {
  readonly #laboratory: Laboratory;
  readonly #options: CampaignOptions;
  readonly #random: Random;
  readonly #folder = mkdtempSync(join(tmpdir(), "coldframe-faults-"));
  readonly #runs = new Map<string, Started>();
  readonly #open = new Set<string>();
  /** Runs that transactions began which were rolled back. */
  readonly #ghosts: string[] = [];
  readonly #violations: string[] = [];
  readonly #work = {
    "transactional steps": 0,
    "events sent": 0,
    "cancels asked for": 0,
    "suspended and resumed": 0,
    "blocked by poison": 0,
  };
  readonly #island = Island.open();
  #active = true;
  #over = false;
  #outside!: Outside;
  #proxy!: Proxy;
  #book!: Book;
  #fleet!: Fleet;
  #client!: Engine;

  constructor(laboratory: Laboratory, options: CampaignOptions) {
    this.#laboratory = laboratory;
    this.#options = options;
    this.#random = new Random(options.seed);
  }

  async go(): Promise<Report> {
    const { server, open, disk } = this.#laboratory;
    await server.start();
    this.#book = await Book.open(this.#laboratory, this.#random);
    const addresses = ["127.0.0.1", ...(typeof this.#island === "string" ? [] : [this.#island.address])];
    this.#outside = await Outside.open(this.#random, addresses);
    this.#proxy = await Proxy.open(server.port, this.#random, addresses);
    this.#client = await createEngine({ store: open(server.url), worker: false, poll: 2000, log: () => {} });
    const builds = makeBuilds(this.#folder);
    this.#fleet = new Fleet(this.#random, {
      workers: this.#options.workers,
      job: (build) => this.#job(builds[build]),
      violated: (what) => this.#violated(what),
    });
    await this.#fleet.begun;
    const { seconds, runs, atOnce } = this.#options;
    const begin = Date.now();
    const troubles = this.#troubles();
    const starts = this.#startAll(runs, atOnce, seconds * 1000);
    await this.#time(begin + seconds * 1000 - Date.now());
    this.#active = false;
    this.#proxy.active = false;
    await Promise.all(troubles);
    this.#fleet.thaw();
    await server.start();
    await starts;
    await this.#allEnd();
    await this.#judge();
    const left = { "disk full": disk, "network of workers partitioned": this.#island };
    const untried = Object.entries(left).filter(([, why]) => typeof why === "string");
    return { ...this.#report(), left: Object.fromEntries(untried) as Report["left"] };
  }

  async close(): Promise<void> {
    this.#over = true;
    await this.#fleet?.end();
    await this.#client?.close().catch(() => {});
    await this.#proxy?.close();
    await this.#outside?.close();
    if (typeof this.#island !== "string") this.#island.close();
    await this.#laboratory.remove();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #job(module: string): Job {
    const { name, server, urlOf } = this.#laboratory;
    const island = typeof this.#island !== "string" && this.#random.chance(0.4) ? this.#island : null;
    const port = island !== null || this.#random.chance(0.6) ? this.#proxy.port : server.port;
    const isolated = name === "postgres" && this.#random.chance(0.3);
    const host = island?.address ?? "127.0.0.1";
    const url = urlOf(port, isolated).replace("127.0.0.1", host);
    const outside = this.#outside.port;
    return { database: name, url, module, outside, host, enter: island?.enter ?? [], isolated };
  }

  // Faults.

  #troubles(): readonly Promise<void>[] {
    const { pace } = this.#options;
    const { server, crashes, disk, collide } = this.#laboratory;
    const kinds = [
      this.#again(pace * 1.5, async () => this.#fleet.kill()),
      this.#again(pace * 2, async () => this.#fleet.freeze()),
      this.#again(pace * 4, async () => {
        await server.crash(this.#random.pick(crashes));
        await this.#time(this.#random.between(0, 1500));
        await server.start();
      }),
      this.#again(pace / 10, () => collide(this.#random)),
      this.#again(pace / 10, () => this.#book.rival()),
    ];
    if (typeof disk !== "string")
      kinds.push(
        this.#again(pace * 10, async () => {
          disk.fill();
          await this.#time(this.#random.between(500, 2500));
          disk.free();
        }),
      );
    const island = this.#island;
    if (typeof island !== "string")
      kinds.push(
        this.#again(pace * 3, async () => {
          if (!this.#fleet.cutOff()) return;
          island.pull();
          await this.#time(this.#random.between(500, 8000));
          island.plug();
        }),
      );
    return kinds;
  }

  async #again(pace: number, strike: () => Promise<void>): Promise<void> {
    await this.#time(this.#random.between(pace / 2, pace));
    while (this.#active) {
      await strike();
      const wait = Date.now() + this.#random.between(pace / 2, pace * 1.5);
      while (this.#active && Date.now() < wait) await this.#time(50);
    }
  }

  // Work.

  /** All of them, evenly over so many milliseconds, and later when they take longer. */
  async #startAll(runs: number, atOnce: number, ms: number): Promise<void> {
    const begin = Date.now();
    for (let n = 0; n < runs; n++) {
      const script = scriptOf(this.#options.seed, n);
      const run: Started = { ...script, model: await modelOf(script.plan), cancelled: false };
      while (!this.#over && (this.#open.size >= atOnce || Date.now() < begin + (ms * n) / runs))
        await this.#time(20);
      this.#runs.set(run.id, run);
      this.#open.add(run.id);
      void this.#use(run);
    }
  }

  async #use(run: Started): Promise<void> {
    const { id, sendings, cancel, suspend } = run;
    for (const each of sendings) void this.#send(each);
    await this.#begin(run);
    if (cancel !== null) {
      void this.#time(cancel).then(async () => {
        run.cancelled = true;
        this.#work["cancels asked for"]++;
        await this.#ask(() => this.#client.cancel(id));
      });
    } else if (suspend !== null) {
      void this.#time(suspend.wait).then(async () => {
        await this.#ask(() => this.#client.suspend(id));
        await this.#time(suspend.length);
        await this.#ask(() => this.#client.resume(id));
        this.#work["suspended and resumed"]++;
      });
    }
    for (;;) {
      await this.#client
        .run(id)
        .result()
        .catch(() => {});
      const row = await this.#ask(() => this.#client.store.read.run(id));
      if (this.#over || (row !== null && row!.end !== null)) break;
      await this.#time(200);
    }
    this.#open.delete(id);
  }

  async #begin({ id, plan, start }: Started): Promise<void> {
    const { port } = this.#proxy;
    const within = (tx: object, name: string) =>
      this.#client.with(tx).start(compiled, [plan, "begin"], { id: name });
    if (start.undone) {
      const ghost = `${id} undone`;
      this.#ghosts.push(ghost);
      await this.#book.undo(port, ghost, async (tx) => void (await within(tx, ghost))).catch(() => {});
    }
    if (!start.own) {
      await this.#ask(() => this.#client.start(compiled, [plan, "begin"], { id }));
      return;
    }
    await this.#ask(() =>
      this.#book.post(port, id, async (tx) => {
        const { created } = await within(tx, id);
        if (!created) this.#violated(`${id} was there before its transaction was committed`);
        if ((await this.#client.store.read.run(id)) !== null)
          this.#violated(`${id} was seen before its transaction was committed`);
      }),
    );
  }

  async #send(sendings: readonly Sending[]): Promise<void> {
    const { port } = this.#proxy;
    for (const { key, payload, wait, times, own, undone } of sendings) {
      await this.#time(wait);
      const within = async (tx: object, text: string) =>
        void (await this.#client.with(tx).send(key, text, { id: text }));
      // Whoever gets it returns something else than the uncompiled program.
      const ghost = `${payload} undone`;
      if (undone) await this.#book.undo(port, ghost, (tx) => within(tx, ghost)).catch(() => {});
      const send = async () => {
        if (own) await this.#ask(() => this.#book.post(port, payload, (tx) => within(tx, payload)));
        else await this.#ask(() => this.#client.send(key, payload, { id: payload }));
      };
      await Promise.all(Array.from({ length: times }, send));
      this.#work["events sent"]++;
    }
  }

  /** Until it is answered. */
  async #ask<T>(what: () => Promise<T>): Promise<T | null> {
    while (!this.#over) {
      try {
        return await what();
      } catch {
        await this.#time(this.#random.between(50, 300));
      }
    }
    return null;
  }

  #time(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  // What has to hold.

  async #allEnd(): Promise<void> {
    const { read, unblock } = this.#client.store;
    let left: readonly string[] = [];
    let written = "";
    for (let since = Date.now(); Date.now() < since + PEACE; ) {
      const now = `${this.#fleet.turns} ${this.#open.size}`;
      if (now !== written) since = Date.now();
      written = now;
      for (const { id, blocked } of (await this.#ask(() => read.runs({ status: "blocked", limit: 1000 })))!) {
        if (!blocked!.reason.startsWith("CF2308")) continue;
        this.#work["blocked by poison"]++;
        await this.#ask(() => unblock.call(this.#client.store, id, null));
      }
      const counts = (await this.#ask(() => read.counts()))!;
      if (counts.active + counts.blocked + counts.suspended === 0 && this.#open.size === 0) return;
      left = [...this.#open];
      await this.#time(500);
    }
    const rows = [];
    for (const status of ["active", "blocked", "suspended"] as const)
      rows.push(...(await this.#ask(() => read.runs({ status, limit: 1000 })))!);
    if (rows.length > 0) {
      const workers = await this.#ask(() => read.workers());
      const { ask, transactions } = this.#laboratory;
      const open = await this.#ask(() => ask(transactions));
      // For whoever looks for the cause.
      console.error(`live workers: ${JSON.stringify(workers)}\nopen transactions: ${JSON.stringify(open)}`);
    }
    for (const { id } of rows) {
      const run = await this.#ask(() => read.run(id));
      this.#violated(`${id} has not ended: ${JSON.stringify({ ...run, snapshot: null, call: null })}`);
    }
    for (const id of left)
      if (!rows.some((row) => row.id === id)) this.#violated(`nobody was told of the end of ${id}`);
  }

  async #judge(): Promise<void> {
    const { watch } = this.#outside;
    for (const violation of watch.violations) this.#violated(violation);
    const labels = await this.#book.judge((what) => this.#violated(what));
    for (const ghost of this.#ghosts)
      if ((await this.#ask(() => this.#client.store.read.run(ghost))) !== null)
        this.#violated(`${ghost} was started by a transaction that was rolled back`);
    for (const run of this.#runs.values()) {
      const { id } = run;
      const row = (await this.#ask(() => this.#client.store.read.run(id)))!;
      if (row === null) this.#violated(`${id} is not there`);
      if (row === null || row.end === null) continue;
      const failed = row.status !== "done";
      const result = failed
        ? row.end.value
        : JSON.parse(JSON.stringify(await this.#ask(() => this.#client.run(id).result())));
      const own = this.#outside.executionsOf(prefixOf(id));
      const counters = countersOf(id);
      const counted = labels.filter((label) => counters.test(label));
      this.#work["transactional steps"] += counted.length;
      const ended = { ...run, status: row.status, result, repeated: false };
      for (const violation of judge(ended, own, counted, watch.executions)) this.#violated(violation);
    }
    const cancelled = new Set([...this.#runs.values()].filter((run) => run.cancelled).map(({ id }) => id));
    for (const violation of judgePlaces(watch.executions, cancelled)) this.#violated(violation);
  }

  #violated(what: string): void {
    this.#violations.push(what);
  }

  #report(): Omit<Report, "left"> {
    const { name, server, proofs } = this.#laboratory;
    const log = server.log();
    const proved = Object.entries(proofs).map(([fault, says]) => [
      fault,
      says === null ? this.#book.failures : (log.match(says)?.length ?? 0),
    ]);
    return {
      database: name,
      version: server.version,
      faults: { ...this.#fleet.counts, ...Object.fromEntries(proved), ...this.#proxy.counts },
      work: {
        "runs started": this.#runs.size,
        "worker processes": this.#fleet.started,
        claims: this.#fleet.claims,
        turns: this.#fleet.turns,
        "executions of steps": this.#outside.watch.executions.length,
        "steps refused by the system outside": this.#outside.refused,
        ...this.#work,
        ...this.#book.counts,
      },
      violations: this.#violations,
      broken: kindsOf(this.#violations),
      said: this.#fleet.said,
    };
  }
}

/** What has to hold, and what a violation of it says. */
const INVARIANTS: readonly (readonly [name: string, says: RegExp])[] = [
  ["runs that did not end", /has not ended|is not there|nobody was told/],
  ["owners of one epoch, or turns behind later ones", /two owners|behind turn|wrote after/],
  ["keys of steps used twice", /^key |executed twice/],
  ["results that no step gave, or two of one step", /never was|answered #/],
  ["transactional effects not exactly once", /^(till )?\S+ (was )?counted /],
  ["runs and events of transactions that were not committed", /its transaction|rolled back/],
  ["results or effects that differ from the uncompiled program", / returned | did | is (failed|cancelled)/],
  ["places with too many runs inside", /^more than/],
  ["undoing that is missing", /never undone/],
];

function kindsOf(violations: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = Object.fromEntries(INVARIANTS.map(([name]) => [name, 0]));
  for (const violation of violations) {
    const name = INVARIANTS.find(([, says]) => says.test(violation))?.[0] ?? "others";
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
