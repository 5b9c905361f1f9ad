/**
 * What the compiler really emits: `await` of a marked function against native async functions, and against the same compiled by
 * Babel's regenerator; many different functions in the process. And what compiling costs.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { transformSync } from "@babel/core";
import { generate } from "@babel/generator";
import { parse } from "@babel/parser";
import { compile } from "coldframe/compiler";
import { inRun, Run, start } from "coldframe/machine";
import { load } from "./engine/load.mjs";
import { compare, result } from "./machine/measure.mjs";

/** One set of functions; each set has texts of its own, so that nothing is shared between sets. */
const source = (n) => `
export async function leaf${n}(a) { const v = await a; return v + ${n}; }
export async function middle${n}(a) { const v = await leaf${n}(a); return v + 1; }
export async function single${n}(times) { let sum = 0; for (let i = 0; i < times; i++) sum += await leaf${n}(i); return sum; }
export async function chain${n}(times) { let sum = 0; for (let i = 0; i < times; i++) sum += await middle${n}(i); return sum; }
export async function rare${n}(times) {
  let sum = 0;
  for (let i = 0; i < times; i++) { sum = (sum * 31 + i) | 0; if ((i & 0xfffff) === 0) sum += await i; }
  return sum;
}
export async function plain${n}(times) { let sum = 0; for (let i = 0; i < times; i++) sum = (sum * 31 + i) | 0; return sum; }
export async function calls${n}(times) {
  let sum = 0;
  const step = (x) => (sum * 31 + x) | 0;
  for (let i = 0; i < times; i++) sum = step(i);
  return sum;
}
export async function all${n}(times) {
  const tasks = [];
  for (let i = 0; i < times; i++) tasks.push(leaf${n}(i));
  return (await Promise.all(tasks)).length;
}
export function make${n}(times) {
  let last;
  for (let i = 0; i < times; i++) { let count = i; last = (by) => (count += by); }
  return last;
}
`;

const host = {
  callStep() {
    throw new Error("no steps here");
  },
  onQuiescent() {},
  onUnhandledRejection(_run, promise) {
    throw promise.value;
  },
  now: () => 0,
};

/** Runs `f` to its end in a run of its own. */
export function finish(f, times) {
  const root = start(new Run("bench", host), f, [times]);
  if (root.state !== 1) throw new Error(`${f.name} has not finished`);
  return root.value;
}

function evaluate(code) {
  const names = [...code.matchAll(/export (?:async )?function (\w+)/g)].map(([, name]) => name);
  return new Function(`${code.replaceAll("export ", "")}\nreturn { ${names.join(", ")} };`)();
}

/** The same, for engines without async functions: generators as state machines, and native promises. */
function regenerate(code) {
  const { code: output } = transformSync(code.replaceAll("export ", ""), {
    configFile: false,
    babelrc: false,
    sourceType: "script",
    presets: [["@babel/preset-env", { targets: "ie 11", modules: false }]],
  });
  const names = [...code.matchAll(/export async function (\w+)/g)].map(([, name]) => name);
  return new Function(`${output}\nreturn { ${names.join(", ")} };`)();
}

/** Awaits of marked functions, many tasks at once, closures; with 20 and with 200 sets in the process. */
export async function compiledAwaits({ quick = false } = {}) {
  const rows = [];
  for (const [suffix, count, times] of [
    ["", 20, 3000],
    [".200", 200, 1000],
  ]) {
    const sets = Array.from({ length: count }, (_, n) => ({
      n,
      ours: load(`"use workflow";\n${source(n)}`, `bench/compiled${suffix}-${n}.ts`),
      native: evaluate(source(n)),
    }));
    for (const [id, name] of [
      ["await.memory", "single"],
      ["await.memory.chain", "chain"],
    ]) {
      const times2 = await compare(
        quick ? 8 : 24,
        () => {
          for (const { n, ours } of sets) finish(ours[`${name}${n}`], times);
        },
        async () => {
          for (const { n, native } of sets) await native[`${name}${n}`](times);
        },
      );
      rows.push(result(`${id}${suffix}`, "ns", times2, 1e6 / (times * count), 0.5));
    }
    const all = await compare(
      quick ? 8 : 24,
      () => {
        for (const { n, ours } of sets) finish(ours[`all${n}`], 1000);
      },
      async () => {
        for (const { n, native } of sets) await native[`all${n}`](1000);
      },
    );
    rows.push(result(`promise.all${suffix}`, "us", all, 1e3 / count, 0.8));
    const run = new Run("bench", host);
    const made = await compare(
      quick ? 8 : 24,
      () =>
        inRun(run, () => {
          for (const { n, ours } of sets) ours[`make${n}`](times * 5);
        }),
      () => {
        for (const { n, native } of sets) native[`make${n}`](times * 5);
      },
    );
    rows.push(result(`closure.create${suffix}`, "ns", made, 1e6 / (times * 5 * count), 1.6));
    if (suffix !== "") continue;
    const old = sets.slice(0, 20).map(({ n }) => ({ n, f: regenerate(source(n))[`single${n}`] }));
    const versus = await compare(
      quick ? 3 : 6,
      () => {
        for (const { n, ours } of sets) finish(ours[`single${n}`], times);
      },
      async () => {
        for (const { f } of old) await f(times);
      },
    );
    rows.push(result("await.memory.regenerator", "ns", versus, 1e6 / (times * count), 0.1));
    const loops = sets.slice(0, 3);
    for (const [id, name, target] of [
      ["cpu.loop", "plain", 1.05],
      ["cpu.loop.await", "rare", 1.05],
      ["cpu.closure", "calls", 1.1],
    ]) {
      const loop = await compare(
        quick ? 6 : 15,
        (round) => finish(loops[Math.abs(round) % 3].ours[`${name}${Math.abs(round) % 3}`], 5e6),
        (round) => loops[Math.abs(round) % 3].native[`${name}${Math.abs(round) % 3}`](5e6),
      );
      rows.push(result(id, "ms", loop, 1, target));
    }
  }
  return rows;
}

const workflow = (n) => `
export async function order${n}(cart: { id: string; items: string[] }, card: string): Promise<string> {
  const undo: (() => Promise<void>)[] = [];
  try {
    for (const item of cart.items) {
      const held = await reserve(item, { order: cart.id });
      undo.push(() => release(held));
    }
    const paid = await charge(card, cart.items.length * 10);
    if (!paid.ok) throw new Error("declined: " + paid.reason);
    await Promise.all([ship(cart.id), sleep("1h").then(() => mail(cart.id, "on its way"))]);
    return paid.receipt;
  } catch (error) {
    for (const f of undo.reverse()) await f();
    throw error;
  }
}
`;

const file = (count) => {
  const head = `"use workflow";\nimport { charge, mail, release, reserve, ship, sleep } from "./systems.ts";\n`;
  return head + Array.from({ length: count }, (_, n) => workflow(n)).join("");
};

/**
 * Time of compiling, against parsing and printing the same: a dense file of 31 KB, and whether a file of 1 MB takes ten times as
 * long as one of 100 KB. Size of what is typical, the workflows and steps of the examples and fixtures, against the source as written.
 */
export async function compiling({ quick = false } = {}) {
  const text = file(50);
  const time = await compare(
    quick ? 8 : 24,
    () => compile(text, { filename: "bench.ts" }),
    () => generate(parse(text, babel), { sourceMaps: true, sourceFileName: "bench.ts" }, text),
  );
  const large = file(1600);
  const small = file(160);
  const growth = await compare(
    quick ? 1 : 5,
    () => compile(large, { filename: "bench.ts" }),
    () => compile(small, { filename: "bench.ts" }),
  );
  return [
    result("compile.time", "ms", time, 1, 3),
    result("compile.linear", "ms", { ours: growth.ours, reference: growth.reference * 10 }, 1, 1.25),
    result("compile.size", "bytes", sizes(), 1, 3),
  ];
}

const babel = { sourceType: "module", plugins: ["typescript"] };

function sizes() {
  let ours = 0;
  let reference = 0;
  for (const folder of ["fixtures/flows", "examples"]) {
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      if (!name.endsWith(".ts") || name.includes("node_modules")) continue;
      const source = readFileSync(join(folder, name), "utf8");
      const { code } = compile(source, { filename: name });
      if (code === null) continue;
      ours += code.length;
      reference += source.length;
    }
  }
  return { ours, reference };
}
