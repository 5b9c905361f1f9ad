/** The program that travels: one await in each engine, with some of everything in its locals, which it looks at after each. */
export async function here(stop: number): Promise<string> {
  "use step";
  return (globalThis as unknown as { stops: string[] }).stops[stop]!;
}

class Counter {
  #count = 0;
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
  tick(): number {
    return ++this.#count;
  }
  get count(): number {
    return this.#count;
  }
  static isOne(x: object): boolean {
    return #count in x;
  }
}

class Stack extends Array<unknown> {
  get top(): unknown {
    return this.at(-1);
  }
}

function* fibonacci(): Generator<bigint> {
  let [a, b] = [0n, 1n];
  for (;;) {
    yield a;
    [a, b] = [b, a + b];
  }
}

export async function tour(stops: number): Promise<unknown> {
  "use workflow";
  const visited: string[] = [];
  const digests: string[] = [];
  const undo: (() => string)[] = [];

  const bytes = new ArrayBuffer(16);
  const shared = [new Uint8Array(bytes, 2, 8), new DataView(bytes), new Float64Array(bytes, 8, 1)] as const;
  const cause = new RangeError("inner", { cause: "the first" });
  const error = Object.assign(new Error("outer", { cause }), { code: "E_TOUR" });
  const local = Symbol("local");
  const cycle: Record<PropertyKey, unknown> = { name: "cycle", [local]: 1, [Symbol.for("shared")]: 2 };
  cycle["self"] = cycle;
  const sparse: unknown[] = [0, 1, -0, Number.NaN, undefined];
  delete sparse[1];
  const frozen = Object.freeze({ deep: Object.freeze([1n, null]) });
  const bare = Object.assign(Object.create(null) as object, { "10": "a", "2": "b", z: 1 });
  const sticky = /[a-z]+/gy;
  sticky.exec("abc def");
  const when = new Date(1e12);
  const link = new URL("https://example.com/a?b=1#c");
  const stack = Stack.from([1, 2]) as Stack;
  const counter = new Counter("c");
  const weak = new WeakMap<object, unknown>([[cycle, frozen]]);
  const numbers = fibonacci();
  const tick = counter.tick.bind(counter);
  const later = new Promise<string>((resolve) => {
    undo.push(() => {
      resolve("settled");
      return "resolved";
    });
  });
  const places = new Map<unknown, unknown>([[counter, 0]]);
  for (let i = 0; i < stops; i++) places.set(i, { i });
  const getter = {
    calls: 0,
    get next() {
      return ++this.calls;
    },
  };

  function digest(): string {
    sparse.push(sparse.length);
    shared[0]![1] = shared[0]![1]! + 3;
    shared[1].setInt16(4, -visited.length);
    stack.push(visited.length);
    return JSON.stringify([
      [...shared[0]!, shared[1].getUint8(3), String(shared[2][0])],
      [
        error.message,
        error.code,
        error.cause === cause,
        cause instanceof RangeError,
        cause.cause,
        typeof error.stack,
      ],
      [cycle["self"] === cycle, cycle[local], cycle[Symbol.for("shared")], Object.keys(cycle)],
      [1 in sparse, Object.is(sparse[2], -0), Number.isNaN(sparse[3]), 4 in sparse, sparse.length],
      [Object.isFrozen(frozen), Object.isFrozen(frozen.deep), String(frozen.deep[0])],
      [Object.getPrototypeOf(bare), Object.keys(bare)],
      [sticky.lastIndex, sticky.flags, when.getTime(), link.hash, link.searchParams.get("b")],
      [stack instanceof Stack, Array.isArray(stack), stack.length, stack.top],
      [tick(), counter.count, Counter.isOne(counter), Counter.isOne({})],
      [weak.get(cycle) === frozen, String(numbers.next().value), getter.next, getter.calls, tick.name],
    ]);
  }

  let stop = 0;
  try {
    for (const [key, value] of places) {
      if (stop === stops) break;
      visited.push(await here(stop++));
      undo.push(() => `undo ${stop} ${key === counter ? "counter" : String(key)} ${JSON.stringify(value)}`);
      digests.push(digest());
      places.delete(key);
      if (stop === 2) places.set("late", [stop]);
    }
    throw error;
  } catch (caught) {
    digests.push(String(caught === error));
  } finally {
    for (const back of undo.reverse()) digests.push(back());
    digests.push(await later);
  }
  return { visited, digests };
}
