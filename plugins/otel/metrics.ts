/** Facts to metrics. Durations in seconds, sizes in bytes, as OpenTelemetry's conventions have it; no run ids among the attributes. */
import type { Counter, Histogram, Meter } from "@opentelemetry/api";
import type { Fact } from "../../runtime/index.ts";

export class Metrics {
  readonly #started: Counter;
  readonly #ended: Counter;
  readonly #blocked: Counter;
  readonly #lost: Counter;
  readonly #leases: Counter;
  readonly #attempts: Counter;
  readonly #attemptTime: Histogram;
  readonly #commitTime: Histogram;
  readonly #snapshotSize: Histogram;
  readonly #waited: Histogram;

  constructor(meter: Meter) {
    const counter = (name: string, description: string, unit: string) =>
      meter.createCounter(name, { description, unit });
    const histogram = (name: string, description: string, unit: string) =>
      meter.createHistogram(name, { description, unit });
    this.#started = counter("coldframe.run.started", "Runs that began", "{run}");
    this.#ended = counter("coldframe.run.ended", "Runs that ended, by status", "{run}");
    this.#blocked = counter("coldframe.run.blocked", "Times that a run could not go on", "{run}");
    this.#lost = counter("coldframe.run.lost", "Runs that another worker took over", "{run}");
    this.#leases = counter("coldframe.lease.lost", "Leases that ended before they were renewed", "{lease}");
    this.#attempts = counter(
      "coldframe.step.attempts",
      "Attempts of steps, by what came of them",
      "{attempt}",
    );
    this.#attemptTime = histogram("coldframe.step.duration", "Time of one attempt of a step", "s");
    this.#commitTime = histogram("coldframe.commit.duration", "Time until a turn is durable", "s");
    this.#snapshotSize = histogram("coldframe.snapshot.size", "Characters of a snapshot", "By");
    this.#waited = histogram("coldframe.run.waited", "Time between an await and its outcome", "s");
  }

  count(fact: Fact): void {
    switch (fact.kind) {
      case "started":
        this.#started.add(1, { "coldframe.entry": fact.entry });
        return;
      case "parked":
        this.#commitTime.record(fact.took / 1000);
        this.#snapshotSize.record(fact.bytes, { "coldframe.entry": fact.entry });
        return;
      case "woken":
        this.#waited.record(fact.waited / 1000, {
          "coldframe.entry": fact.entry,
          "coldframe.wait.kind": fact.wait.kind,
        });
        return;
      case "step.ended": {
        const attributes = {
          "coldframe.step": fact.step,
          "coldframe.outcome": fact.threw ? "failed" : "done",
        };
        this.#attempts.add(1, attributes);
        this.#attemptTime.record(fact.took / 1000, attributes);
        return;
      }
      case "finished":
      case "failed":
      case "cancelled":
        this.#ended.add(1, { "coldframe.entry": fact.entry, "coldframe.status": fact.kind });
        return;
      case "blocked":
        this.#blocked.add(1, { "coldframe.entry": fact.entry, "error.type": fact.code });
        return;
      case "lost":
        this.#lost.add(1, { "coldframe.entry": fact.entry });
        return;
      case "lease lost":
        this.#leases.add(1);
        return;
      case "step.started":
      case "step.retried":
      case "step.held":
        return;
    }
  }
}
