/** Sees what the stores are asked for and answer, and what steps are called with: and says what must never be. */
import type { Claimed, Turn, WaitInfo, Write, WriteOutcome } from "../../runtime/engine/store.ts";

/** One attempt of a step, as the system outside sees it. */
export interface Execution {
  readonly label: string;
  readonly input: string;
  readonly run: string;
  readonly at: number;
}

export class Watch {
  readonly violations: string[] = [];
  readonly executions: Execution[] = [];
  /** By the number that the step returned. */
  readonly #inputs = new Map<string, string>();
  readonly #attempts = new Set<string>();
  /** The highest fence that each run's steps have come with: lower ones are refused. */
  readonly #fences = new Map<string, number>();
  /** Who wrote each turn, and what. */
  readonly #turns = new Map<string, string>();
  /** Turns of each run that have saved it, in their order. */
  readonly parks = new Map<string, number[]>();
  /** When the wait for an event is over by time, as the last turn with it says. */
  readonly deadlines = new Map<string, number>();
  /** Turns that ended a run. */
  ends = 0;
  readonly #epochs = new Map<string, number>();
  /** Who wants to know when a run is being written next. */
  readonly #writings = new Map<string, (() => void)[]>();

  violated(what: string): void {
    if (this.violations.length < 20) this.violations.push(what);
  }

  /** A step calls the system outside. @returns the number of the execution, null when it is refused */
  called(
    { key, attempt, fence }: { key: string; attempt: number; fence: number },
    label: string,
    input: string,
    at: number,
  ): number | null {
    const run = key.slice(0, key.lastIndexOf("/"));
    if (fence < (this.#fences.get(run) ?? 0)) return null;
    this.#fences.set(run, fence);
    const call = JSON.stringify([label, input]);
    const known = this.#inputs.get(key);
    if (known !== undefined && known !== call)
      this.violated(`key ${key} stands for ${known} and for ${call}`);
    this.#inputs.set(key, call);
    const one = `${key} attempt ${attempt} fence ${fence}`;
    if (this.#attempts.has(one)) this.violated(`${one} was executed twice (${label})`);
    this.#attempts.add(one);
    return this.executions.push({ label, input, run, at });
  }

  /** Resolves when the run's worker is asking for a write. */
  writing(run: string): Promise<void> {
    return new Promise((resolve) => {
      this.#writings.set(run, [...(this.#writings.get(run) ?? []), resolve]);
    });
  }

  asked(name: string, args: readonly unknown[]): void {
    if (name !== "commit") return;
    for (const { run } of args[0] as readonly Write[]) {
      const waiting = this.#writings.get(run);
      this.#writings.delete(run);
      for (const tell of waiting ?? []) tell();
    }
  }

  answered(name: string, args: readonly unknown[], result: unknown): void {
    if (name === "claim") {
      for (const { id, epoch } of result as readonly Claimed[]) {
        if (isErrand(id)) continue;
        if (epoch <= (this.#epochs.get(id) ?? 0))
          this.violated(`${id} was claimed twice with epoch ${epoch}`);
        this.#epochs.set(id, epoch);
      }
    } else if (name === "commit") {
      const [writes] = args as [readonly Write[]];
      for (const [i, outcome] of (result as readonly WriteOutcome[]).entries()) {
        if (outcome.passed) this.#passed(writes[i]!);
        else if (!outcome.fenced)
          this.violated(`a write of ${writes[i]!.run} failed: ${outcome.error.stack}`);
      }
    }
  }

  #noteWaits({ subscribe, waits, end }: Turn): void {
    if (end !== null) this.ends++;
    if (subscribe.length === 0) return;
    for (const { kind, name, due } of JSON.parse(waits) as WaitInfo[])
      if (kind === "event" && due !== null) this.deadlines.set(name, due);
  }

  #passed(write: Write): void {
    const { run, epoch } = write;
    if (isErrand(run)) return;
    if (write.kind === "turn") this.#noteWaits(write);
    const again = write.kind === "turn" ? `${run} turn ${write.turn}` : null;
    // In one of several databases a worker goes by another name once its lease there has ended.
    const content = JSON.stringify({ ...write, worker: write.worker.replace(/~\d+$/, "") });
    if (again !== null && this.#turns.has(again)) {
      if (this.#turns.get(again) !== content)
        this.violated(`${again} was written twice: ${this.#turns.get(again)} and ${content}`);
      return;
    }
    if (again !== null) this.#turns.set(again, content);
    if (write.kind === "turn" && write.end === null) {
      const parks = this.parks.get(run);
      if (parks === undefined) this.parks.set(run, [write.turn]);
      else parks.push(write.turn);
    }
    if (epoch < (this.#epochs.get(run) ?? 1))
      this.violated(`${run}: epoch ${epoch} wrote after a later claim`);
  }
}

/** One that is over leaves nothing, and may come again under its name. */
const isErrand = (run: string): boolean => run.startsWith("~");
