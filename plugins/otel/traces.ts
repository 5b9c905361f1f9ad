/**
 * Facts to spans.
 *
 * | span           | from                 | to                                        | below                        |
 * |----------------|----------------------|-------------------------------------------|------------------------------|
 * | `run <name>`   | `started` or `woken` | parked, ended, blocked or lost            | nothing, or the run (`join`) |
 * | `step <name>`  | `step.started`       | `step.ended`, or when its run is lost     | the turn that asked for it   |
 */
import {
  type Attributes,
  context,
  isSpanContextValid,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import type { Fact, RunFact, StepFact } from "../../runtime/index.ts";
import { runContext } from "./run-context.ts";

/** Runs whose last turn is remembered while nothing of them is under way, so that memory does not grow with parked runs. */
const REMEMBERED = 10_000;

interface Known {
  /** The turn that runs now. */
  turn: Span | null;
  /** The turn before. */
  last: SpanContext | null;
  /** Attempts under way, by wait and attempt. */
  readonly steps: Map<string, Span>;
}

export class Traces {
  readonly #tracer: Tracer;
  readonly #join: "link" | "trace";
  /** The one used last stands last. */
  readonly #runs = new Map<string, Known>();

  constructor(tracer: Tracer, join: "link" | "trace") {
    this.#tracer = tracer;
    this.#join = join;
  }

  /** The span of an attempt that was told to have started. */
  stepSpan(fact: StepFact): Span | undefined {
    return this.#runs.get(fact.run)?.steps.get(stepKey(fact));
  }

  follow(fact: Fact): void {
    switch (fact.kind) {
      case "started":
      case "woken":
        this.#begin(fact);
        return;
      case "step.started":
        this.#beginStep(fact);
        return;
      case "step.ended":
        this.#endStep(fact);
        return;
      case "parked":
        this.#end(fact, { "coldframe.snapshot.size": fact.bytes, "coldframe.at": fact.at });
        this.#forgetOldest();
        return;
      case "finished":
      case "cancelled":
        this.#end(fact, { "coldframe.status": fact.kind });
        this.#drop(fact);
        return;
      case "failed":
        this.#end(fact, { "coldframe.status": fact.kind }, fact.error);
        this.#drop(fact);
        return;
      case "blocked":
        this.#end(fact, { "coldframe.status": fact.kind }, new Error(fact.reason));
        this.#drop(fact);
        return;
      case "lost":
        this.#end(fact, { "coldframe.status": fact.kind });
        this.#drop(fact);
        return;
      case "step.retried":
      case "step.held":
      case "lease lost":
        return;
    }
  }

  #begin(fact: Extract<Fact, { kind: "started" | "woken" }>): void {
    const known = this.#known(fact.run);
    known.turn?.end(fact.time);
    const own = runContext(fact.entry, fact.run);
    const links: Link[] = this.#join === "link" ? [{ context: own }] : [];
    if (known.last !== null) links.push({ context: known.last });
    // Who called `engine.start`, when the run begins right there.
    const starter = fact.kind === "started" ? trace.getSpanContext(context.active()) : undefined;
    if (starter !== undefined && isSpanContextValid(starter)) links.push({ context: starter });
    const attributes: Attributes = { ...about(fact), "coldframe.kind": fact.kind };
    if (fact.kind === "woken") {
      attributes["coldframe.wait.kind"] = fact.wait.kind;
      attributes["coldframe.wait.name"] = fact.wait.name;
      attributes["coldframe.waited"] = fact.waited / 1000;
      attributes["coldframe.restored"] = fact.restored;
    }
    const parent = this.#join === "link" ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, own);
    known.turn = this.#tracer.startSpan(
      `run ${shortName(fact.entry)}`,
      { kind: SpanKind.INTERNAL, startTime: fact.time, links, attributes, root: this.#join === "link" },
      parent,
    );
  }

  #end(fact: RunFact, attributes: Attributes, error?: unknown): void {
    const known = this.#runs.get(fact.run);
    if (known === undefined || known.turn === null) return;
    known.turn.setAttributes(attributes);
    if (error !== undefined) fail(known.turn, error, fact.time);
    known.turn.end(fact.time);
    known.last = known.turn.spanContext();
    known.turn = null;
  }

  #beginStep(fact: Extract<Fact, { kind: "step.started" }>): void {
    const known = this.#known(fact.run);
    const parent = known.turn?.spanContext() ?? known.last ?? null;
    const span = this.#tracer.startSpan(
      `step ${shortName(fact.step)}`,
      {
        kind: SpanKind.INTERNAL,
        startTime: fact.time,
        attributes: { ...about(fact), "coldframe.step": fact.step, "coldframe.attempt": fact.attempt },
        links: parent === null ? [{ context: runContext(fact.entry, fact.run) }] : [],
      },
      parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent),
    );
    known.steps.set(stepKey(fact), span);
  }

  #endStep(fact: Extract<Fact, { kind: "step.ended" }>): void {
    const steps = this.#runs.get(fact.run)?.steps;
    const span = steps?.get(stepKey(fact));
    if (span === undefined) return;
    steps!.delete(stepKey(fact));
    if (fact.threw) fail(span, fact.error, fact.time);
    span.end(fact.time);
  }

  /** Moves it to the young end. */
  #known(run: string): Known {
    const known = this.#runs.get(run) ?? { turn: null, last: null, steps: new Map() };
    this.#runs.delete(run);
    this.#runs.set(run, known);
    return known;
  }

  /** Nothing more will be told of this run by this worker. */
  #drop({ run, time }: RunFact): void {
    for (const span of this.#runs.get(run)?.steps.values() ?? []) {
      span.addEvent("abandoned", time);
      span.end(time);
    }
    this.#runs.delete(run);
  }

  #forgetOldest(): void {
    if (this.#runs.size <= REMEMBERED) return;
    for (const [run, { turn, steps }] of this.#runs) {
      if (turn === null && steps.size === 0) this.#runs.delete(run);
      // Those under way are the young ones; one old one must not make this a search.
      return;
    }
  }
}

function about({ run, entry, worker, at }: RunFact): Attributes {
  return {
    "coldframe.run": run,
    "coldframe.entry": entry,
    "coldframe.worker": worker,
    ...(at === "" ? {} : { "coldframe.at": at }),
  };
}

function stepKey({ wait, attempt }: StepFact): string {
  return `${wait}/${attempt}`;
}

/** `name` of `module#name`. */
function shortName(id: string): string {
  return id.slice(id.lastIndexOf("#") + 1);
}

function fail(span: Span, error: unknown, time: number): void {
  const { message } = (error ?? {}) as { message?: unknown };
  const text = typeof message === "string" ? message : String(error);
  span.recordException(error instanceof Error ? error : text, time);
  span.setStatus({ code: SpanStatusCode.ERROR, message: text });
}
