/** `coldframe/otel`: traces and metrics through `@opentelemetry/api`. What collects and exports them is the application's. */
import { context, type Meter, metrics, type Tracer, trace } from "@opentelemetry/api";
import type { AroundStep, Engine, Fact } from "../../runtime/index.ts";
import { Metrics } from "./metrics.ts";
import { Traces } from "./traces.ts";

export { runContext } from "./run-context.ts";

export interface TelemetryOptions {
  /** Default: that of the global tracer provider, named `coldframe`. */
  readonly tracer?: Tracer;
  /** Default: that of the global meter provider, named `coldframe`. */
  readonly meter?: Meter;
  /**
   * How the turns of a run find together, which may be months and machines apart. `link`, the default: each is a trace of its
   * own, sampled as such, with links to the run and to the turn before. `trace`: all are in one trace, which is always sampled.
   */
  readonly join?: "link" | "trace";
}

/** Options for `createEngine`, and what needs the engine. */
export interface Telemetry {
  readonly onFact: (fact: Fact) => void;
  /** Makes a step's span the active one while its body runs, so that what the body calls is traced below it. */
  readonly aroundStep: AroundStep;
}

/** To be spread into the options: `createEngine({ store, ...telemetry() })`. */
export function telemetry(options: TelemetryOptions = {}): Telemetry {
  const traces = new Traces(options.tracer ?? trace.getTracer("coldframe"), options.join ?? "link");
  const measured = new Metrics(options.meter ?? metrics.getMeter("coldframe"));
  return {
    onFact(fact) {
      measured.count(fact);
      traces.follow(fact);
    },
    aroundStep(fact, call) {
      const span = traces.stepSpan(fact);
      return span === undefined ? call() : context.with(trace.setSpan(context.active(), span), call);
    },
  };
}

/**
 * A gauge `coldframe.runs` of all runs in the engine's store by status, and `coldframe.runs.blocked` of those that are blocked by
 * the code of the error, read whenever metrics are collected. One process is enough for each store.
 * @returns stops it
 */
export function observeRuns(
  engine: Pick<Engine, "counts" | "reasons">,
  meter: Meter = metrics.getMeter("coldframe"),
): () => void {
  const gauge = meter.createObservableGauge("coldframe.runs", {
    description: "Runs in the store",
    unit: "{run}",
  });
  const observe: Parameters<typeof gauge.addCallback>[0] = async (result) => {
    const counts = await engine.counts();
    for (const [status, runs] of Object.entries(counts)) result.observe(runs, { "coldframe.status": status });
  };
  gauge.addCallback(observe);
  const blocked = meter.createObservableGauge("coldframe.runs.blocked", {
    description: "Runs that cannot go on",
    unit: "{run}",
  });
  const observeBlocked: typeof observe = async (result) => {
    const reasons = await engine.reasons();
    for (const [code, runs] of Object.entries(reasons)) result.observe(runs, { "error.type": code });
  };
  blocked.addCallback(observeBlocked);
  return () => {
    gauge.removeCallback(observe);
    blocked.removeCallback(observeBlocked);
  };
}
