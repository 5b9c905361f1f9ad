/**
 * A few lines with each of some packages that many programs use. Every one of their files is compiled; what the lines come to must be
 * what it is with the packages as they are.
 */
import { createHash } from "node:crypto";

const digest = (value) =>
  createHash("sha1")
    .update(typeof value === "string" ? value : JSON.stringify(value))
    .digest("hex")
    .slice(0, 10);

const text = `export class A extends B {
  static #x = 1;
  get y() { return this?.z ?? 2 }
  async *gen() { yield* [1, 2, 3]; for await (const q of w) { if (q) continue; else break } }
}
const { a, b: { c = 5, ...rest }, ...others } = f(...args, \`x\${1}\`);
label: for (let i = 0; i < 10; i++) { switch (i) { case 1: continue label; default: break } }`;

export const programs = {
  acorn: async () => {
    const { parse } = await import("acorn");
    return digest(parse(text, { ecmaVersion: "latest", sourceType: "module" }));
  },
  marked: async () => {
    const { marked } = await import("marked");
    return digest(
      await marked.parse("# a\n\n* b `c`\n\n| x | y |\n|---|---|\n| 1 | 2 |\n\n> q **b** _i_ [l](u)\n"),
    );
  },
  handlebars: async () => {
    const H = (await import("handlebars")).default;
    H.registerHelper("up", (s) => s.toUpperCase());
    return H.compile("{{#each xs}}{{up this}}-{{@index}} {{/each}}{{#if y}}yes{{else}}no{{/if}}")({
      xs: ["a", "b"],
    });
  },
  terser: async () => {
    const { minify } = await import("terser");
    return digest((await minify(text.replace("export ", ""), { toplevel: false, module: true })).code ?? "");
  },
  sucrase: async () => {
    const { transform } = await import("sucrase");
    return digest(
      transform(`${text}\nlet z: number = <any>1;`, { transforms: ["typescript", "imports"] }).code,
    );
  },
  chess: async () => {
    const { Chess } = await import("chess.js");
    const c = new Chess();
    for (let i = 0; i < 20; i++) {
      const m = c.moves();
      c.move(m[(i * 7) % m.length]);
    }
    return c.fen();
  },
  mathjs: async () => {
    const { evaluate, derivative } = await import("mathjs");
    return [
      String(evaluate("sqrt(3^2 + 4^2) * det([1, 2; 3, 4])")),
      derivative("x^3 + sin(x)", "x").toString(),
    ];
  },
  ajv: async () => {
    const Ajv = (await import("ajv")).default;
    const v = new Ajv({ allErrors: true }).compile({
      type: "object",
      required: ["a"],
      properties: { a: { type: "integer" }, b: { enum: [1, 2] } },
    });
    v({ a: "x", b: 3 });
    return v.errors.map((e) => e.message);
  },
  async: async () => {
    const a = (await import("async")).default;
    const out = [];
    await a.eachLimit([1, 2, 3, 4], 2, async (n) => {
      out.push(n);
      await null;
      out.push(-n);
    });
    return [
      out,
      await a.mapSeries([1, 2], async (x) => x * 2),
      await a.auto({ x: async () => 1, y: ["x", async (r) => r.x + 1] }),
    ];
  },
  bluebird: async () => {
    const B = (await import("bluebird")).default;
    return B.map([1, 2, 3], (x) => B.delay(1).then(() => x * 2), { concurrency: 2 }).reduce((a, b) => a + b);
  },
  bottleneck: async () => {
    const B = (await import("bottleneck")).default;
    const l = new B({ maxConcurrent: 1 });
    return Promise.all([1, 2, 3].map((n) => l.schedule(async () => n * 2)));
  },
  xstate: async () => {
    const { createMachine, createActor, assign } = await import("xstate");
    const m = createMachine({
      id: "t",
      initial: "a",
      context: { n: 0 },
      states: {
        a: { on: { GO: { target: "b", actions: assign({ n: ({ context }) => context.n + 1 }) } } },
        b: { on: { GO: "a" } },
      },
    });
    const act = createActor(m).start();
    act.send({ type: "GO" });
    return [act.getSnapshot().value, act.getSnapshot().context];
  },
  pqueue: async () => {
    const Q = (await import("p-queue")).default;
    const q = new Q({ concurrency: 2 });
    const out = [];
    await Promise.all(
      [1, 2, 3, 4].map((n) =>
        q.add(
          async () => {
            out.push(n);
            await null;
            out.push(-n);
          },
          { priority: n },
        ),
      ),
    );
    return out;
  },
  ramda: async () => {
    const R = await import("ramda");
    return R.pipe(
      R.groupBy((x) => (x % 2 ? "o" : "e")),
      R.map(R.sum),
      R.toPairs,
    )([1, 2, 3, 4]);
  },
  xml: async () => {
    const { XMLParser, XMLBuilder } = await import("fast-xml-parser");
    const o = new XMLParser({ ignoreAttributes: false }).parse("<a x='1'><b>2</b><b>3</b></a>");
    return [o, new XMLBuilder({ ignoreAttributes: false }).build(o)];
  },
  yaml: async () => {
    const Y = await import("yaml");
    return [
      Y.parse("a: &x [1, 2]\nb: *x\nc: |\n  hi\n  there\n"),
      Y.stringify({ a: { b: [1, { c: null }] } }),
    ];
  },
  html: async () => {
    const { parseDocument, DomUtils } = await import("htmlparser2");
    return DomUtils.getOuterHTML(parseDocument("<p class=x>hi <b>you</b><br></p>"));
  },
  moment: async () => {
    const m = (await import("moment")).default;
    return m.utc("2026-01-31T10:00:00Z").add(1, "month").format("YYYY-MM-DD dddd");
  },
  esprima: async () => {
    const e = (await import("esprima")).default;
    const g = (await import("escodegen")).default;
    return g.generate(e.parseScript("for(var i=0;i<3;i++){if(i)continue;x[i]=function(a,b){return a+b*2}}"));
  },
  csv: async () => {
    const { parse } = await import("csv-parse/sync");
    return parse('a,"b ""q""",c\n1,2,3\n');
  },
  ini: async () => (await import("ini")).default.parse("a=1\n[b.c]\nd[]=1\nd[]=2\n"),
  commander: async () => {
    const { Command } = await import("commander");
    const p = new Command();
    let got;
    p.exitOverride()
      .command("go <x>")
      .option("-v, --verbose")
      .action((x, o) => {
        got = [x, o];
      });
    await p.parseAsync(["node", "t", "go", "1", "-v"]);
    return got;
  },
  yargs: async () => (await import("yargs-parser")).default("--a 1 -b --no-c x --d=2"),
  joi: async () => {
    const J = (await import("joi")).default;
    const { error, value } = J.object({ a: J.number().min(2).required(), b: J.string().email() }).validate(
      { a: "1", b: "x" },
      { abortEarly: false },
    );
    return [error?.message, value];
  },
  dayjs: async () => {
    const d = (await import("dayjs")).default;
    return d("2026-01-31").add(1, "month").format("YYYY-MM-DD");
  },
  jsonata: async () => {
    const j = (await import("jsonata")).default;
    return j("$sum(items.(price * n))").evaluate({
      items: [
        { price: 2, n: 3 },
        { price: 1, n: 1 },
      ],
    });
  },
  pegjs: async () => {
    const p = (await import("pegjs")).default;
    return p.generate("s = a:[0-9]+ '+' b:[0-9]+ { return +a.join('') + +b.join('') }").parse("12+30");
  },
  lodash: async () => {
    const _ = (await import("lodash")).default;
    const byParity = _.groupBy(_.range(9), (n) => (n % 2 ? "odd" : "even"));
    return [
      _.orderBy(_.toPairs(byParity), [1], ["desc"]),
      _.chunk([1, 2, 3], 2),
      _.template("<%= a %>!")({ a: 1 }),
      _.cloneDeep({ a: [1] }),
    ];
  },
  luxon: async () => {
    const { DateTime, Interval } = await import("luxon");
    const from = DateTime.fromISO("2026-01-31T10:00:00Z", { zone: "utc" });
    return [from.plus({ months: 1 }).toISO(), Interval.after(from, { days: 3 }).splitBy({ days: 1 }).length];
  },
  rxjs: async () => {
    const { from, lastValueFrom, map, mergeMap, toArray } = await import("rxjs");
    return lastValueFrom(
      from([1, 2, 3]).pipe(
        mergeMap(async (n) => n * 2),
        map((n) => n + 1),
        toArray(),
      ),
    );
  },
  immer: async () => {
    const { produce } = await import("immer");
    const state = produce({ items: ["a"], at: { n: 0 } }, (draft) => {
      draft.items.push("b");
      draft.at.n++;
    });
    return [state, Object.isFrozen(state.items)];
  },
  zod: async () => {
    const { z } = await import("zod");
    const Order = z.object({ id: z.string(), lines: z.array(z.object({ n: z.number().int() })).min(1) });
    return [
      Order.parse({ id: "a", lines: [{ n: 1 }] }),
      Order.safeParse({ id: 1, lines: [] }).error?.issues.map(({ path }) => path),
    ];
  },
  decimal: async () => {
    const { default: Decimal } = await import("decimal.js");
    return [
      new Decimal("0.1").plus("0.2").toString(),
      new Decimal(2).sqrt().toFixed(20),
      Decimal.max(1, 3).toString(),
    ];
  },
  limit: async () => {
    const limit = (await import("p-limit")).default(2);
    const log = [];
    await Promise.all(
      [1, 2, 3].map((n) =>
        limit(async () => {
          log.push(n);
          await null;
          log.push(-n);
        }),
      ),
    );
    return log;
  },
  map: async () => {
    const pMap = (await import("p-map")).default;
    const log = [];
    const all = await pMap(
      [1, 2, 3, 4],
      async (n) => {
        log.push(n);
        await null;
        return n * 2;
      },
      { concurrency: 2 },
    );
    return [all, log];
  },
};
