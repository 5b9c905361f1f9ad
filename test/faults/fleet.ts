/** Worker processes that come, freeze, die and are replaced; and what they tell. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Random } from "../simulation/random.ts";
import type { Build } from "./builds.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const script = fileURLToPath(new URL("./worker.mjs", import.meta.url));

/** What workers tell. */
type Told =
  | { readonly kind: "working"; readonly now: number }
  | { readonly kind: "claimed"; readonly runs: readonly (readonly [run: string, epoch: number])[] }
  | {
      readonly kind: "wrote";
      readonly turns: readonly (readonly [run: string, epoch: number, turn: number, ended: boolean])[];
    }
  | { readonly kind: "fenced" }
  /** A transactional step was undone because of others, and is called again. */
  | { readonly kind: "repeated" }
  | { readonly kind: "refused"; readonly what: string }
  | { readonly kind: "log"; readonly level: string; readonly message: string; readonly error: string };

export interface FleetFaults {
  "worker killed (SIGKILL) that had runs": number;
  "worker stopped past its lease (SIGSTOP, SIGCONT)": number;
  "network of workers partitioned": number;
  "write of a former owner refused": number;
  "transactional step undone because of others, called again": number;
  "clock of a worker wrong by minutes": number;
  "worker whose sessions are repeatable reads": number;
  "run handed over between builds": number;
}

interface Member {
  readonly child: ChildProcess;
  readonly build: Build;
  readonly skew: number;
  readonly isolated: boolean;
  readonly remote: boolean;
  claimed: boolean;
  frozen: boolean;
  /** It has stood still for longer than its lease, and has not noticed yet. */
  late: boolean;
}

export interface FleetOptions {
  readonly workers: number;
  /** Of one worker: its job without options and skew, and whether it goes through the bad network. */
  job(build: Build): Job;
  violated(what: string): void;
}

export interface Job {
  readonly database: string;
  readonly url: string;
  /** Path of the program. */
  readonly module: string;
  /** Port of the system outside. */
  readonly outside: number;
  /** Where that and the database are. */
  readonly host: string;
  /** Words before its program: how it is started on another host. */
  readonly enter: readonly string[];
  /** Its sessions are set to stricter transactions. */
  readonly isolated: boolean;
}

/** Short, so that much happens; a loaded machine loses some leases by itself. */
const LEASE = 4000;

export class Fleet {
  readonly counts: FleetFaults = {
    "worker killed (SIGKILL) that had runs": 0,
    "worker stopped past its lease (SIGSTOP, SIGCONT)": 0,
    "network of workers partitioned": 0,
    "write of a former owner refused": 0,
    "transactional step undone because of others, called again": 0,
    "clock of a worker wrong by minutes": 0,
    "worker whose sessions are repeatable reads": 0,
    "run handed over between builds": 0,
  };
  /** Logged errors and warnings by their texts. */
  readonly said = new Map<string, number>();
  started = 0;
  claims = 0;
  turns = 0;
  readonly #random: Random;
  readonly #options: FleetOptions;
  readonly #members = new Set<Member>();
  /** Who claimed each epoch of a run. */
  readonly #owners = new Map<string, string>();
  /** The epoch that wrote the turns of a run, and the last build. */
  readonly #written = new Map<
    string,
    { readonly epoch: number; readonly turn: number; readonly build: Build }
  >();
  #over = false;
  #begin!: () => void;
  /** One of them has begun to work. */
  readonly begun = new Promise<void>((resolve) => {
    this.#begin = resolve;
  });

  constructor(random: Random, options: FleetOptions) {
    this.#random = random;
    this.#options = options;
    for (let i = 0; i < options.workers; i++) this.#launch(i % 2 === 0 ? "old" : "new");
  }

  /** Kills one of them; another takes its place. */
  kill(): void {
    const member = this.#one();
    if (member === null) return;
    this.counts["worker killed (SIGKILL) that had runs"]++;
    member.child.kill("SIGKILL");
  }

  /** One of them stands still until its lease has ended. */
  freeze(): void {
    const member = this.#one();
    if (member === null) return;
    member.frozen = true;
    member.child.kill("SIGSTOP");
    setTimeout(() => this.#thaw(member), LEASE + this.#random.between(500, 3000));
  }

  /** Whether one on another host has runs; then that host is being cut off. */
  cutOff(): boolean {
    const hits = [...this.#members].some(({ claimed, remote, frozen }) => claimed && remote && !frozen);
    if (hits) this.counts["network of workers partitioned"]++;
    return hits;
  }

  thaw(): void {
    for (const member of this.#members) this.#thaw(member);
  }

  async end(): Promise<void> {
    this.#over = true;
    for (const { child } of this.#members) {
      child.kill("SIGCONT");
      child.kill("SIGKILL");
    }
    while (this.#members.size > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  #thaw(member: Member): void {
    if (!member.frozen) return;
    member.frozen = false;
    member.late = true;
    member.child.kill("SIGCONT");
  }

  /** One that has runs, if there is any. */
  #one(): Member | null {
    const able = [...this.#members].filter(({ claimed, frozen }) => claimed && !frozen);
    return able.length === 0 ? null : this.#random.pick(able);
  }

  #launch(build: Build): void {
    const random = this.#random;
    const skew = random.chance(0.5) ? random.between(-600, 600) * 1000 : 0;
    const options = {
      lease: LEASE,
      poll: random.pick([300, 2000]),
      cache: random.pick([0, 1, 1000]),
      concurrency: random.pick([2, 1000]),
      hold: random.pick([100, 1000]),
      grace: 500,
    };
    const told = this.#options.job(build);
    const { isolated, enter } = told;
    const remote = enter.length > 0;
    const job = { ...told, skew, options };
    const [program, ...args] = [...enter, process.execPath, script, JSON.stringify(job)];
    const child = spawn(program!, args, {
      cwd: root,
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    const state = { claimed: false, frozen: false, late: false };
    const member: Member = { child, build, skew, isolated, remote, ...state };
    this.#members.add(member);
    let errors = "";
    child.stderr!.on("data", (chunk) => {
      errors = (errors + chunk).slice(-4000);
    });
    child.on("message", (told) => this.#hear(member, told as Told));
    child.on("close", (code, signal) => {
      this.#members.delete(member);
      if (this.#over) return;
      if (signal !== "SIGKILL")
        this.#options.violated(`a worker ended by itself (${code ?? signal}): ${errors}`);
      this.#launch(build);
    });
    this.started++;
  }

  #hear(member: Member, told: Told): void {
    switch (told.kind) {
      case "working":
        this.#begin();
        return;
      case "claimed":
        if (!member.claimed && Math.abs(member.skew) >= 60_000)
          this.counts["clock of a worker wrong by minutes"]++;
        if (!member.claimed && member.isolated) this.counts["worker whose sessions are repeatable reads"]++;
        member.claimed = true;
        this.claims += told.runs.length;
        for (const [run, epoch] of told.runs) {
          const owner = `${run} epoch ${epoch}`;
          const who = String(member.child.pid);
          if (this.#owners.has(owner)) this.#options.violated(`${owner} has two owners`);
          this.#owners.set(owner, who);
        }
        return;
      case "wrote":
        for (const [run, epoch, turn] of told.turns) this.#wrote(run, epoch, turn, member.build);
        return;
      case "fenced":
        this.counts["write of a former owner refused"]++;
        return;
      case "repeated":
        this.counts["transactional step undone because of others, called again"]++;
        return;
      case "refused":
        this.#options.violated(`a write was refused: ${told.what}`);
        return;
      case "log": {
        if (told.message.startsWith("the lease of this worker ended") && member.late) {
          member.late = false;
          this.counts["worker stopped past its lease (SIGSTOP, SIGCONT)"]++;
        }
        if (told.level !== "info") this.#note(`${told.level}: ${told.message}`, told.error);
      }
    }
  }

  /** Later turns have epochs that are not lower, in whatever order it is told. */
  #wrote(run: string, epoch: number, turn: number, build: Build): void {
    this.turns++;
    const last = this.#written.get(run);
    if (last !== undefined) {
      const [first, second] = last.turn <= turn ? [last, { epoch, turn }] : [{ epoch, turn }, last];
      if (first.epoch > second.epoch)
        this.#options.violated(
          `${run}: turn ${second.turn} by epoch ${second.epoch} behind turn ${first.turn} by epoch ${first.epoch}`,
        );
      if (last.build !== build) this.counts["run handed over between builds"]++;
      if (last.turn > turn) return;
    }
    this.#written.set(run, { epoch, turn, build });
  }

  #note(message: string, error: string): void {
    const code = /CF\d{4}/.exec(error)?.[0] ?? error.split("\n")[0]!.slice(0, 100);
    const text = `${message.replace(/run\d+\S*/g, "run…")} ${code}`.slice(0, 240);
    this.said.set(text, (this.said.get(text) ?? 0) + 1);
  }
}
