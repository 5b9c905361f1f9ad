/** Generators as the compiler emits them, against native ones: a loop over a long one, many short ones, and `for await`. */
import { finish } from "./compiled.mjs";
import { load } from "./engine/load.mjs";
import { compare, result } from "./machine/measure.mjs";

/** One set of functions; each set has texts of its own, so that nothing is shared between sets. */
const source = (n) => `
export function* count${n}(to) { for (let i = 0; i < to; i++) yield i + ${n}; }
export function* pair${n}(a, b) { yield a; yield b; }
export async function* pages${n}(to) { for (let i = 0; i < to; i++) yield i * ${n}; }
export function long${n}(times) { let sum = 0; for (const x of count${n}(times)) sum += x; return sum; }
export function short${n}(times) { let sum = 0; for (let i = 0; i < times; i++) for (const x of pair${n}(i, 1)) sum += x; return sum; }
export async function over${n}(times) { let sum = 0; for await (const x of pages${n}(times)) sum += x; return sum; }
`;

function evaluate(code) {
  const names = [...code.matchAll(/export (?:async )?function\*? (\w+)/g)].map(([, name]) => name);
  return new Function(`${code.replaceAll("export ", "")}\nreturn { ${names.join(", ")} };`)();
}

export async function generators({ quick = false } = {}) {
  const rows = [];
  for (const [suffix, count, times] of [
    ["", 20, 3000],
    [".200", 200, 1000],
  ]) {
    const sets = Array.from({ length: count }, (_, n) => ({
      n,
      ours: load(`"use workflow";\n${source(n)}`, `bench/generators${suffix}-${n}.ts`),
      native: evaluate(source(n)),
    }));
    const rounds = quick ? 8 : 24;
    for (const [id, name] of [
      ["generator.sync", "long"],
      ["generator.short", "short"],
    ]) {
      const sync = await compare(
        rounds,
        () => {
          for (const { n, ours } of sets) ours[`${name}${n}`](times);
        },
        () => {
          for (const { n, native } of sets) native[`${name}${n}`](times);
        },
      );
      rows.push(result(`${id}${suffix}`, "ns", sync, 1e6 / (times * count), 0.8));
    }
    const over = await compare(
      rounds,
      () => {
        for (const { n, ours } of sets) finish(ours[`over${n}`], times);
      },
      async () => {
        for (const { n, native } of sets) await native[`over${n}`](times);
      },
    );
    rows.push(result(`await.generator${suffix}`, "ns", over, 1e6 / (times * count), 0.8));
  }
  return rows;
}
