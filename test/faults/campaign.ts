/**
 * A campaign: random programs on real workers and a real server, with faults for so many seconds; then all of them have to end as
 * the uncompiled programs do. The seed decides the programs and when faults strike; what meets what then, the machine decides.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEngine, type Engine } from "../../runtime/index.ts";
import { judge, judgePlaces, prefixOf } from "../simulation/judge.ts";
import { operations, type Plan, randomPlan, withoutTransactions } from "../simulation/plan.ts";
import { compiled, eventsOf, type Model, modelOf } from "../simulation/program.ts";
import { Random } from "../simulation/random.ts";
import { makeBuilds } from "./builds.ts";
import { Fleet, type Job } from "./fleet.ts";
import type { Laboratory } from "./laboratory.ts";
import { Outside } from "./outside.ts";
import { Proxy } from "./proxy.ts";

export interface CampaignOptions {
  readonly seed: number;
  /** How long faults strike, in seconds. */
  readonly seconds: number;
  /** Runs that are under way at one time. */
  readonly runs: number;
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

interface Started {
  readonly id: string;
  readonly plan: Plan;
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
  readonly #violations: string[] = [];
  readonly #work = {
    "events sent": 0,
    "cancels asked for": 0,
    "suspended and resumed": 0,
    "blocked by poison": 0,
  };
  #active = true;
  #over = false;
  #outside!: Outside;
  #proxy!: Proxy;
  #fleet!: Fleet;
  #client!: Engine;
  #transacts = false;

  constructor(laboratory: Laboratory, options: CampaignOptions) {
    this.#laboratory = laboratory;
    this.#options = options;
    this.#random = new Random(options.seed);
  }

  async go(): Promise<Report> {
    const { server, open, ask, disk } = this.#laboratory;
    await server.start();
    await ask("CREATE TABLE counters (label varchar(200) PRIMARY KEY, times integer NOT NULL)");
    this.#outside = await Outside.open(this.#random);
    this.#proxy = await Proxy.open(server.port, this.#random);
    const store = open(server.url);
    this.#transacts = store.transact !== undefined;
    this.#client = await createEngine({ store, worker: false, poll: 2000, log: () => {} });
    const builds = makeBuilds(this.#folder);
    this.#fleet = new Fleet(this.#random, {
      workers: this.#options.workers,
      job: (build) => this.#job(builds[build]),
      violated: (what) => this.#violated(what),
    });
    await this.#fleet.begun;
    const end = Date.now() + this.#options.seconds * 1000;
    const troubles = this.#troubles();
    while (Date.now() < end) {
      if (this.#open.size < this.#options.runs) await this.#start();
      else await this.#time(20);
    }
    this.#active = false;
    this.#proxy.active = false;
    await Promise.all(troubles);
    this.#fleet.thaw();
    await server.start();
    await this.#allEnd();
    await this.#judge();
    const left = typeof disk === "string" ? { "disk full": disk } : {};
    return { ...this.#report(), left };
  }

  async close(): Promise<void> {
    this.#over = true;
    await this.#fleet?.end();
    await this.#client?.close().catch(() => {});
    await this.#proxy?.close();
    await this.#outside?.close();
    await this.#laboratory.remove();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #job(module: string): Job {
    const { name, server, urlOf } = this.#laboratory;
    const port = this.#random.chance(0.75) ? this.#proxy.port : server.port;
    const isolated = name === "postgres" && this.#random.chance(0.3);
    return { database: name, url: urlOf(port, isolated), module, outside: this.#outside.port, isolated };
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
    ];
    if (typeof disk === "string") return kinds;
    return [
      ...kinds,
      this.#again(pace * 10, async () => {
        disk.fill();
        await this.#time(this.#random.between(500, 2500));
        disk.free();
      }),
    ];
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

  async #start(): Promise<void> {
    const id = `run${this.#runs.size}`;
    const random = this.#random;
    const made = randomPlan(random, `r${this.#runs.size}`, random.between(1, 5));
    const plan = this.#transacts ? made : withoutTransactions(made);
    const run: Started = { id, plan, model: await modelOf(plan), cancelled: false };
    this.#runs.set(id, run);
    this.#open.add(id);
    void this.#use(run);
  }

  async #use(run: Started): Promise<void> {
    const random = this.#random;
    const { id, plan } = run;
    for (const op of operations(plan)) void this.#answer(op);
    await this.#ask(() => this.#client.start(compiled, [plan, "begin"], { id }));
    const cancels = random.chance(0.1);
    if (cancels) {
      void this.#time(random.between(0, 8000)).then(async () => {
        run.cancelled = true;
        this.#work["cancels asked for"]++;
        await this.#ask(() => this.#client.cancel(id));
      });
    } else if (random.chance(0.1)) {
      void this.#time(random.between(0, 3000)).then(async () => {
        await this.#ask(() => this.#client.suspend(id));
        await this.#time(random.between(0, 3000));
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

  async #answer(op: Plan[number]): Promise<void> {
    for (const { key, payload } of eventsOf(op)) {
      await this.#time(this.#random.pick([0, 100, 1000, 4000]));
      const times = this.#random.chance(0.3) ? 2 : 1;
      const send = () => this.#ask(() => this.#client.send(key, payload, { id: payload }));
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
    const counters = await this.#laboratory.ask("SELECT label, times FROM counters");
    for (const { label, times } of counters)
      if (times !== 1) this.#violated(`${label} was counted ${times} times`);
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
      const counted = counters
        .map(({ label }) => String(label))
        .filter((label) => label.startsWith(prefixOf(id)));
      const ended = { ...run, status: row.status, result };
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
    const proved = Object.entries(proofs).map(([fault, says]) => [fault, log.match(says)?.length ?? 0]);
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
  ["transactional effects not exactly once", /was counted|counted/],
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
