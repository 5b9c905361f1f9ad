/** Facts as traces and metrics of OpenTelemetry, and on a channel of `node:diagnostics_channel`. */
import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type Context, context, ROOT_CONTEXT, type SpanContext, trace } from "@opentelemetry/api";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { CHANNEL, publishFacts } from "../../plugins/diagnostics/index.ts";
import { observeRuns, runContext, telemetry } from "../../plugins/otel/index.ts";
import type { Fact } from "../../runtime/index.ts";
import { program } from "../engine/programs.ts";
import { Stage } from "../engine/stage.ts";

const storage = new AsyncLocalStorage<Context>();
beforeAll(() => {
  const manager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active: Context, f: (...args: never[]) => unknown, self: unknown, ...args: unknown[]) =>
      storage.run(active, () => Reflect.apply(f, self, args)),
    bind: <T>(_: Context, target: T) => target,
    enable: () => manager,
    disable: () => manager,
  };
  context.setGlobalContextManager(manager as never);
});
afterAll(() => context.disable());

let stage: Stage;
let spans: InMemorySpanExporter;
let provider: BasicTracerProvider;
beforeEach(() => {
  stage = new Stage();
  spans = new InMemorySpanExporter();
  provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
});
afterEach(() => stage.close());

const tracer = () => provider.getTracer("test");
const named = (name: string): ReadableSpan[] => spans.getFinishedSpans().filter((span) => span.name === name);
const linksOf = (span: ReadableSpan | undefined) => span!.links.map((link) => link.context.spanId);
const time = ([seconds, nanos]: readonly [number, number]) => seconds * 1000 + nanos / 1e6;

test("each turn is a span that is linked to the run and to the turn before", async () => {
  const main = program(`await call("a"); await sleep("1h"); return "end";`);
  const engine = await stage.engine(telemetry({ tracer: tracer() }));
  await stage.until((await engine.start(main, [], { id: "r" })).result());
  const [first, second, third] = named("run main");
  expect(named("run main")).toHaveLength(3);
  const own = runContext(String(first!.attributes["coldframe.entry"]), "r").spanId;
  expect(linksOf(first)).toEqual([own]);
  expect(linksOf(second)).toEqual([own, first!.spanContext().spanId]);
  expect(linksOf(third)).toEqual([own, second!.spanContext().spanId]);
  expect(new Set([first, second, third].map((span) => span!.spanContext().traceId)).size).toBe(3);
  expect(third!.attributes).toMatchObject({
    "coldframe.run": "r",
    "coldframe.kind": "woken",
    "coldframe.wait.kind": "timer",
    "coldframe.waited": 3600,
    "coldframe.status": "finished",
  });
  expect(first!.attributes["coldframe.at"]).toMatch(/\.ts:\d+$/);
  expect(time(third!.startTime) - time(first!.startTime)).toBeGreaterThanOrEqual(3_600_000);
  const [step] = named("step call");
  expect(step!.parentSpanContext?.spanId).toBe(first!.spanContext().spanId);
});

test("links hold across processes", async () => {
  const main = program(`await event("go"); return 1;`);
  const first = await stage.engine(telemetry({ tracer: tracer() }));
  const run = await first.start(main, [], { id: "r" });
  await stage.when(async () => (await run.status())?.turn === 1);
  await first.close();
  const second = await stage.engine(telemetry({ tracer: tracer() }));
  await second.send("go");
  await stage.until(second.run("r").result());
  const [before, after] = named("run main");
  expect(linksOf(after)).toEqual(linksOf(before));
  expect(after!.attributes["coldframe.restored"]).toBe(true);
});

test("or all turns of a run are one trace", async () => {
  const main = program(`await call("a"); await sleep("1h");`);
  const engine = await stage.engine(telemetry({ tracer: tracer(), join: "trace" }));
  await stage.until((await engine.start(main, [], { id: "r" })).result());
  const own = runContext(String(named("run main")[0]!.attributes["coldframe.entry"]), "r");
  for (const span of spans.getFinishedSpans()) expect(span.spanContext().traceId).toBe(own.traceId);
  expect(named("run main").map((span) => span.parentSpanContext?.spanId)).toEqual([
    own.spanId,
    own.spanId,
    own.spanId,
  ]);
});

test("the starter's span is linked, a step's span is active in its body", async () => {
  let active: SpanContext | undefined;
  const look = async () => {
    await null;
    active = trace.getSpanContext(context.active());
  };
  const main = program(`await call("look");`, { look });
  const engine = await stage.engine(telemetry({ tracer: tracer() }));
  const request = tracer().startSpan("request");
  const run = await context.with(trace.setSpan(ROOT_CONTEXT, request), () => engine.start(main, []));
  await stage.until(run.result());
  expect(linksOf(named("run main")[0])).toContain(request.spanContext().spanId);
  expect(active?.spanId).toBe(named("step call")[0]!.spanContext().spanId);
});

test("failures are marked, and no span is left open", async () => {
  const fail = () => Promise.reject(new RangeError("too many"));
  const main = program(`void call("hang"); await call("fail");`, {
    fail,
    hang: () => new Promise(() => {}),
  });
  const engine = await stage.engine(telemetry({ tracer: tracer() }));
  await expect(stage.until((await engine.start(main, [])).result())).rejects.toThrow("too many");
  const failed = [...named("step call"), ...named("run main")].filter(({ status }) => status.code === 2);
  expect(failed.map(({ name, status }) => [name, status.message])).toEqual([
    ["step call", "too many"],
    ["run main", "too many"],
  ]);
  const abandoned = named("step call").find(({ events }) => events.some(({ name }) => name === "abandoned"));
  expect(abandoned).toBeDefined();
});

test("metrics: counters, histograms, and a gauge of statuses", async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const meters = new MeterProvider({ readers: [reader] });
  const meter = meters.getMeter("test");
  const main = program(`await call("a"); await call("b");`);
  const waiting = program(`await event("never");`);
  const engine = await stage.engine(telemetry({ tracer: tracer(), meter }));
  observeRuns(engine, meter);
  await stage.until((await engine.start(main, [])).result());
  const parked = await engine.start(waiting, []);
  await stage.when(async () => (await parked.status())?.turn === 1);
  await reader.forceFlush();
  const found = new Map(
    exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
      .map(({ descriptor, dataPoints }) => [
        descriptor.name,
        dataPoints as readonly { value: unknown; attributes: object }[],
      ]),
  );
  const sum = (name: string) =>
    found
      .get(name)!
      .reduce(
        (total, { value }) =>
          total + (typeof value === "number" ? value : (value as { count: number }).count),
        0,
      );
  expect(sum("coldframe.run.started")).toBe(2);
  expect(sum("coldframe.run.ended")).toBe(1);
  expect(sum("coldframe.step.attempts")).toBe(2);
  expect(sum("coldframe.step.duration")).toBe(2);
  expect(sum("coldframe.snapshot.size")).toBe(3);
  expect(sum("coldframe.run.waited")).toBe(2);
  const statuses = found
    .get("coldframe.runs")!
    .map(({ attributes, value }) => [(attributes as Record<string, string>)["coldframe.status"], value]);
  expect(Object.fromEntries(statuses)).toMatchObject({ active: 1, done: 1, blocked: 0 });
  await meters.shutdown();
});

test("facts on a diagnostics channel, while somebody subscribes", async () => {
  const main = program(`await call("a");`);
  const engine = await stage.engine();
  const stop = publishFacts(engine);
  expect(engine.facts.wanted).toBe(false);
  const heard: string[] = [];
  const listener = (fact: unknown) => void heard.push((fact as Fact).kind);
  subscribe(CHANNEL, listener);
  expect(engine.facts.wanted).toBe(true);
  await stage.until((await engine.start(main, [])).result());
  expect(heard).toEqual(["started", "parked", "step.started", "step.ended", "woken", "finished"]);
  unsubscribe(CHANNEL, listener);
  expect(engine.facts.wanted).toBe(false);
  stop();
});
