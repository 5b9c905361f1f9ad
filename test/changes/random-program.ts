/** Random programs of the sort that people write: few variables, and awaits in loops, branches, handlers and closures. */

/** In [0, n). */
export type Random = (n: number) => number;

/** A sequence of numbers that follows from its seed (mulberry32, T. Ettinger, public domain). */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

/** What an edit may add to such a program. */
export const additions = [
  `a += 100;`,
  `log("new", b);`,
  `await ext("new", 7);`,
  `b = await ext("new", 70);`,
  `{ let fresh = a; await ext("new", fresh); log(fresh); }`,
  `fns.push(() => { a += 1000; return b; });`,
  `{ let c = 5; fns.push(() => c++); }`,
];

export function randomProgram(random: Random): string {
  return new Writer(random).program();
}

class Writer {
  readonly #random: Random;
  #calls = 0;
  #locals = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  program(): string {
    const helper = this.block(1, 2, ["a", "x"]);
    return `"use workflow";
import { ext, log } from "../world.ts";

async function own(v) {
  "use step";
  const most = 5;
  log("own", v);
  if (v > most) log("much");
  return v + 1;
}
export async function program() {
  let a = 1;
  let b = 2;
  const fns = [];
  async function helper(x) {
${helper}
    return x + a;
  }
${this.block(2, 6, ["a", "b"])}
  for (const f of fns) log(f());
  return [a, b, fns.length];
}
`;
  }

  block(depth: number, most: number, names: readonly string[]): string {
    const own = [...names];
    const lines: string[] = [];
    for (let i = 1 + this.#random(most); i > 0; i--) lines.push(this.statement(depth, own));
    return lines.join("\n");
  }

  pick<T>(list: readonly T[]): T {
    return list[this.#random(list.length)]!;
  }

  call(names: readonly string[]): string {
    // Some calls are alike, so that awaits may be mistaken for each other.
    const op = this.#random(3) === 0 ? "same" : `e${++this.#calls}`;
    return `ext("${op}", ${this.pick([...names, String(this.#random(5))])})`;
  }

  awaited(names: readonly string[]): string {
    const v = this.pick(names);
    return this.pick([
      `await ${this.call(names)}`,
      `${v} + (await ${this.call(names)})`,
      `(await ${this.call(names)}) + ${v}`,
      `await helper(${v})`,
      `await own(${v})`,
      `(await Promise.all([${this.call(names)}, ${this.call(names)}]))[1]`,
    ]).replace(/await helper\(\w+\)/, (text) => (names.includes("x") ? "1" : text));
  }

  /** A step that stands where it is called, some of one name, some with variables of the program. */
  nestedStep(v: string, other: string): string {
    const name = this.pick(["nested", `nested${++this.#calls}`]);
    const what = this.pick(["x + 1", `x + ${other}`, `${other}`]);
    const body = `"use step";\nlog("${name}", x);\nreturn ${what};`;
    const made = this.pick([
      `const ${name} = async (x) => {\n${body}\n};`,
      `async function ${name}(x) {\n${body}\n}`,
    ]);
    return `{\n${made}\n${v} = await ${name}(${other});\n}`;
  }

  statement(depth: number, names: string[]): string {
    const v = this.pick(names);
    const inner = () => this.block(depth - 1, 3, names);
    const simple = [
      () => `${v} = ${this.awaited(names)};`,
      () => `await ${this.call(names)};`,
      () => `log(${this.awaited(names)});`,
      () => `${v} += ${1 + this.#random(9)};`,
      () => `log("${this.pick(["p", "q"])}", ${v});`,
      () => `fns.push(() => ${this.pick([v, `${v}++`, `(${v} *= 2)`])});`,
      () => {
        const name = this.pick([`k${++this.#locals}`, "k"]);
        if (names.includes(name)) return `log(${name});`;
        const text = `let ${name} = ${this.pick([this.awaited(names), `${v} + 1`])};`;
        names.push(name);
        return text;
      },
    ];
    if (this.#random(12) === 0) return this.nestedStep(v, this.pick(names));
    if (depth === 0) return this.pick(simple)();
    const compound = [
      () => `if (${v} % 2 === ${this.#random(2)}) {\n${inner()}\n} else {\n${inner()}\n}`,
      () =>
        `for (let i = 0; i < 2; i++) {\n${this.block(depth - 1, 3, [...names, "i"])}\n}`
          .replaceAll(/\bi = (?!0; i < 2)/g, "a = ")
          .replaceAll(/\bi \+= /g, "a += "),
      () => `for (const one of [3, 4]) {\n${inner()}\nlog(one);\n}`,
      () =>
        `try {\n${inner()}\nif (${v} % 3 === 0) throw new Error("odd");\n{\n${inner()}\n}\n} catch (error) {\n${inner()}\n} finally {\n${inner()}\n}`,
      () => `{\n${inner()}\n}`,
      () => `await (async () => {\n${inner()}\n})();`,
    ];
    return this.#random(3) === 0 ? this.pick(compound)() : this.pick(simple)();
  }
}
