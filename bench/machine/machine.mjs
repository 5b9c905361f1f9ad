/**
 * The machine in memory against native async functions: hand-compiled programs, many different ones in the process,
 * because with one alone every call site of the runtime would be monomorphic.
 *
 * `node bench/machine/machine.mjs` measures `dist/`; COLDFRAME_MACHINE names another build of `coldframe/machine`.
 */
import { argv, env } from "node:process";
import { fileURLToPath } from "node:url";
import { compare, result } from "./measure.mjs";
import { makePrograms } from "./programs.mjs";

const machine = await import(env.COLDFRAME_MACHINE ?? "coldframe/machine");
const { $Promise, Run, inRun, start } = machine;

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

function finish(f, ...args) {
  const root = start(new Run("bench", host), f, args);
  if (root.state !== 1) throw new Error(`${f.name} has not finished`);
  return root.value;
}

/** `await` of a marked function in a loop, with 20 and with 200 sets of different functions in the process. */
export async function awaits() {
  const results = [];
  for (const [suffix, count, n] of [
    ["", 20, 3000],
    [".200", 200, 1000],
  ]) {
    const programs = makePrograms(machine, count);
    const total = 1e6 / (n * count);
    const one = await compare(
      30,
      () => {
        for (const p of programs) finish(p.loop, n, p.leaf);
      },
      async () => {
        for (const p of programs) await p.nativeLoop(n, p.nativeLeaf);
      },
    );
    results.push(result(`await.memory${suffix}`, "ns", one, total, 0.5));
    const two = await compare(
      30,
      () => {
        for (const p of programs) finish(p.loop, n, p.middle);
      },
      async () => {
        for (const p of programs) await p.nativeLoop(n, p.nativeMiddle);
      },
    );
    results.push(result(`await.memory.chain${suffix}`, "ns", two, total, 0.5));
  }
  return results;
}

/** The same outside any run, where each job is a native microtask. */
export async function freeAwaits() {
  const programs = makePrograms(machine, 20);
  const n = 1000;
  const one = await compare(
    30,
    async () => {
      for (const p of programs) await p.loop(n, p.leaf);
    },
    async () => {
      for (const p of programs) await p.nativeLoop(n, p.nativeLeaf);
    },
  );
  return [result("await.free", "ns", one, 1e6 / (n * programs.length), 2)];
}

export async function promiseAll() {
  const programs = makePrograms(machine, 20);
  const times = await compare(
    30,
    () => {
      for (const p of programs) finish(p.all, 1000, p.leaf, $Promise);
    },
    async () => {
      for (const p of programs) await p.nativeAll(1000, p.nativeLeaf);
    },
  );
  return [result("promise.all", "us", times, 1e3 / programs.length, 0.8)];
}

/** A loop of arithmetic with an `await` in every millionth round. */
export async function cpuLoop() {
  const programs = makePrograms(machine, 3);
  const n = 5e6;
  const times = await compare(
    15,
    (round) => finish(programs[(round + 30) % 3].spin, n),
    (round) => programs[(round + 30) % 3].nativeSpin(n),
  );
  return [result("loop.rare-await", "ms", times, 1, 1.05)];
}

export async function closureCalls() {
  const programs = makePrograms(machine, 20);
  const run = new Run("bench", host);
  const n = 200_000;
  const ours = programs.map((p) => inRun(run, () => p.makeClosures(1)));
  const natives = programs.map((p) => p.makeNative(1));
  const called = await compare(
    30,
    () => {
      for (const [i, p] of programs.entries()) p.call(ours[i], n);
    },
    () => {
      for (const [i, p] of programs.entries()) p.callNative(natives[i], n);
    },
  );
  return [result("closure.call", "ns", called, 1e6 / (n * programs.length), 1.05)];
}

/** Everything here, one after another. */
export async function measureMachine() {
  return [
    ...(await awaits()),
    ...(await freeAwaits()),
    ...(await promiseAll()),
    ...(await cpuLoop()),
    ...(await closureCalls()),
  ];
}

if (argv[1] === fileURLToPath(import.meta.url)) console.table(await measureMachine());
