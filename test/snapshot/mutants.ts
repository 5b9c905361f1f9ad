/**
 * Mutants of valid snapshots: bits, tokens, indexes, tags, lengths, depth, keys like `__proto__`, names of code, cycles, damaged
 * chunks. The checksum is made anew, so that they get past it. The same seed makes the same mutants.
 */
import { ColdframeError } from "../../runtime/errors.ts";
import { $AsyncDisposableStack, $DisposableStack, $Promise, Run } from "../../runtime/machine/index.ts";
import { seal } from "../../runtime/snapshot/format.ts";
import {
  type ChunkBody,
  decodeRun,
  decodeValue,
  describe,
  encodeRun,
  encodeValue,
  NO_CHUNKS,
} from "../../runtime/snapshot/index.ts";
import { runKinds } from "../../runtime/snapshot/kinds/index.ts";
import { kinds } from "./kinds.ts";
import { answer, begin, captured, counter, deep, event, hold, host, someProcess, walk } from "./programs.ts";

const HEADER = '["coldframe 1.1 00000000",'.length;

export interface Sample {
  readonly text: string;
  readonly chunks: ReadonlyMap<string, ChunkBody>;
}

function heldStack(stack: { defer(f: () => void): void }): object {
  stack.defer(counter(3).inc as never);
  return stack;
}

const made = kinds.filter(({ name }) => !name.startsWith("very sparse"));
const rows = (length: number) => Array.from({ length }, (_, i) => ({ i, name: `n${i}`, list: [i, -0] }));

function everything(): object {
  return {
    all: made.map(({ make }) => make()),
    counter: counter(1),
    promises: [
      $Promise.all([event("a"), event("b")]),
      $Promise.race([event("c")]),
      $Promise.reject(new Error("x")),
    ],
    native: new Promise(() => {}),
    stacks: [heldStack(new $DisposableStack()), heldStack(new $AsyncDisposableStack())],
    after: (event("d") as unknown as Promise<unknown>).then(counter(2).inc as never),
    __proto__: null,
  };
}

function tables(): object {
  const list = rows(20);
  return {
    list,
    first: list[3],
    weak: new WeakSet([list[4]!.list]),
    map: new Map([[list[5], list[5]!.list]]),
  };
}

/** Snapshots of runs: small ones of one program each, ones of each kind, one of all kinds together, large values in chunks. */
export function samples(): readonly Sample[] {
  const parked = begin(someProcess);
  answer(parked, "10.0.0.1");
  const entries: [unknown, object][] = [
    [1, { a: 1 }],
    [2, { a: 2 }],
  ];
  const large = () => ({
    list: rows(4000),
    text: "äöü 😀".repeat(20_000),
    bytes: new Uint8Array(100_000).fill(7),
  });
  const runs = [
    ...[parked, begin(deep, 5), begin(captured, 1), begin(hold, everything), begin(hold, tables)],
    ...[begin(hold, () => [1]), begin(walk, new Map(entries)), begin(hold, large)],
    ...made.map(({ make }) => begin(hold, make)),
  ];
  return runs.map((run) => {
    const { text, chunks } = encodeRun(run, { chunks: NO_CHUNKS });
    return { text, chunks: chunks.bodies };
  });
}

/** What code from storage would have to call. */
const EVIL = "globalThis.pwned=1";
const TAGS = [...runKinds.byTag.keys()].map((tag) => JSON.stringify(tag));
const SCRAPS = [
  ...[
    "0",
    "1",
    "2",
    "7",
    "-1",
    "0.5",
    "4294967295",
    "9007199254740991",
    "1e99",
    "-0",
    "null",
    "true",
    "false",
  ],
  ...[
    "[]",
    "{}",
    "[0]",
    "[1]",
    "[2]",
    "[3]",
    "[[]]",
    "[[0]]",
    "[[1],[1]]",
    '["tdz"]',
    '["NaN"]',
    '["99999999999n"]',
  ],
  ...[
    '""',
    '"__proto__"',
    '"constructor"',
    '"prototype"',
    '"toJSON"',
    '"then"',
    '"length"',
    '"name"',
    '"stack"',
  ],
  ...['{"__proto__":{"polluted":1}}', '{"__proto__":[1]}', '{"constructor":{"prototype":{"polluted":1}}}'],
  ...['["builtin","eval"]', '["builtin","Function"]', '["builtin","Object.prototype"]', '["ref","gone#f"]'],
  ...[
    `"${EVIL}"`,
    `"${EVIL}//"`,
    '"flows.ts#hold 1f8c03ab @event x"',
    '"gone.ts#f 1 @event"',
    '"\\u0000"',
    '"\\ud800"',
  ],
  ...[
    '["sparse",4294967295]',
    '["bytes","",8589934591]',
    '["inside",1,0]',
    '["inside",0,0]',
    '["data",[[]]]',
    '["data",[{"a":0}],1,"a",["-0"]]',
  ],
  ...[
    '["large","text",9,0,"x"]',
    '["large","data",536870000,0,["x"]]',
    '["large","tree",9,0,"x"]',
    '["tree",[["a","b"],[]],[-3],[0],1,[1],[-1]]',
    '["tree",[["__proto__"]],[0],[-4294967296]]',
    '["derived",[1],0]',
    '["bound",[1],1,"f",0]',
  ],
  ...[
    '["regexp","(a+)+$","g"]',
    '["regexp","((((","g"]',
    '["custom","decimal","1"]',
    '["new",[1],0]',
    ",",
    "[",
    "]",
    ":",
  ],
  ...TAGS,
];

/** Mulberry32: a small generator of pseudo-random numbers. */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed | 0;
  }
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  }
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}

export class Mutator {
  readonly #samples: readonly (Sample & { readonly tokens: readonly string[] })[];
  readonly #random: Random;

  constructor(seed: number, from: readonly Sample[]) {
    this.#random = new Random(seed);
    this.#samples = from.map((sample) => ({
      ...sample,
      tokens: sample.text.slice(HEADER).match(/"(?:[^"\\]|\\.)*"|-?[0-9.e+]+|[[\]{},:]|true|false|null/g)!,
    }));
  }

  next(): Sample {
    const random = this.#random;
    const { tokens, chunks } = random.of(this.#samples);
    if (chunks.size > 0 && random.below(2) === 0)
      return { text: seal(tokens.join("")), chunks: this.#chunks(chunks) };
    if (random.below(8) === 0) return { text: seal(this.#bits(tokens.join(""))), chunks };
    if (random.below(3) > 0) return { text: seal(this.#tree(tokens.join(""))), chunks };
    const mutant = [...tokens];
    for (let edits = 1 + random.below(4); edits > 0; edits--) this.#edit(mutant);
    return { text: seal(mutant.join("")), chunks };
  }

  /** Whole values are exchanged: the text stays JSON, so that it gets further. */
  #tree(body: string): string {
    const random = this.#random;
    const parts = JSON.parse(`[0,${body}`) as unknown[];
    for (let edits = 1 + random.below(3); edits > 0; edits--) {
      const [holder, key] = this.#place(parts);
      const old = holder[key];
      const [other, from] = this.#place(parts);
      switch (random.below(5)) {
        case 0:
          holder[key] = structuredClone(other[from]);
          break;
        case 1:
          holder[key] = typeof old === "number" ? old + random.below(5) - 2 : random.below(40);
          break;
        case 2:
          if (Array.isArray(holder))
            holder.splice(Number(key), random.below(2), structuredClone(other[from]));
          break;
        default:
          holder[key] = this.#scrap();
      }
    }
    return JSON.stringify(parts.slice(1)).slice(1);
  }

  /** Somewhere in a tree: the deeper, the rarer. */
  #place(root: unknown[]): [Record<string, unknown>, string] {
    let holder = root as unknown as Record<string, unknown>;
    for (;;) {
      const keys = Object.keys(holder);
      const key = this.#random.of(keys.length > 1 && holder === (root as unknown) ? keys.slice(1) : keys);
      const below = holder[key];
      const isLeaf = typeof below !== "object" || below === null || Object.keys(below).length === 0;
      if (isLeaf || this.#random.below(5) === 0) return [holder, key];
      holder = below as Record<string, unknown>;
    }
  }

  #scrap(): unknown {
    const text = this.#random.of(SCRAPS);
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }

  #edit(mutant: string[]): void {
    const random = this.#random;
    const at = random.below(mutant.length);
    switch (random.below(9)) {
      case 0:
        mutant.splice(at, 1 + random.below(3));
        return;
      case 1:
        mutant[at] = random.of(mutant) ?? "";
        return;
      case 2:
        mutant.splice(at, 0, random.of(mutant) ?? "");
        return;
      case 3: {
        // An index of another node: shared, cyclic, of a wrong kind, out of bounds.
        const numbers = mutant.flatMap((token, i) => (/^\d+$/.test(token) ? [i] : []));
        if (numbers.length > 0) mutant[random.of(numbers)] = String(random.below(60));
        return;
      }
      case 4: {
        const strings = mutant.flatMap((token, i) => (token.startsWith('"') ? [i] : []));
        if (strings.length > 0) mutant[random.of(strings)] = random.of(random.below(2) === 0 ? TAGS : SCRAPS);
        return;
      }
      case 5: {
        // A part of the document, again, in another place.
        const from = random.below(mutant.length);
        mutant.splice(at, 0, ...mutant.slice(from, from + random.below(12)));
        return;
      }
      case 6:
        if (random.below(50) === 0) mutant[at] = this.#deep();
        else mutant[at] = random.of(SCRAPS);
        return;
      default:
        mutant[at] = random.of(SCRAPS);
    }
  }

  #deep(): string {
    const depth = 10 ** (1 + this.#random.below(4));
    const [open, close] = this.#random.of([
      ["[", "]"],
      ['{"a":', "}"],
      ["[[", "]]"],
    ] as const);
    return `${open.repeat(depth)}1${close.repeat(depth)}`;
  }

  #bits(text: string): string {
    let changed = text;
    for (let n = 1 + this.#random.below(3); n > 0; n--) {
      const at = this.#random.below(changed.length);
      const unit = changed.charCodeAt(at) ^ (1 << this.#random.below(7));
      changed = changed.slice(0, at) + String.fromCharCode(unit) + changed.slice(at + 1);
    }
    return changed;
  }

  #chunks(chunks: Sample["chunks"]): Sample["chunks"] {
    const random = this.#random;
    const mutant = new Map(chunks);
    const hash = random.of([...mutant.keys()]);
    const body = mutant.get(hash)!;
    switch (random.below(4)) {
      case 0:
        mutant.delete(hash);
        break;
      case 1:
        mutant.set(hash, mutant.get(random.of([...mutant.keys()]))!);
        break;
      default:
        mutant.set(
          hash,
          typeof body === "string" ? this.#bits(body) : body.map((byte) => byte ^ random.below(2)),
        );
    }
    return mutant;
  }
}

const WATCHED = [
  ...[
    Object,
    Array,
    Function,
    Map,
    Set,
    WeakMap,
    WeakSet,
    Date,
    RegExp,
    Promise,
    Error,
    TypeError,
    String,
    Number,
  ],
  ...[Boolean, Symbol, BigInt, ArrayBuffer, DataView, Uint8Array, URL, AbortController],
].map((C) => C.prototype as object);

/** What the objects of the language look like, which everybody shares. */
export function sharedState(): string {
  const state = [globalThis, Math, JSON, Reflect, ...WATCHED].map((object) => {
    const keys = Reflect.ownKeys(object).filter(
      (key) => typeof key === "symbol" || !key.startsWith("__vite"),
    );
    return keys.map(String).join() + Object.isExtensible(object);
  });
  return `${state.join("|")}|${String(Reflect.get(globalThis, "pwned"))}|${"polluted" in {}}`;
}

export interface Outcome {
  /** A code, or `ok`. */
  readonly end: string;
  /** Milliseconds of the processor: a machine that does other things at the same time takes longer. */
  readonly ms: number;
  /** Bytes that reading took, beside those of the mutant; NaN unless asked for. */
  readonly memory: number;
}

/**
 * Reads a mutant as a run, as a description for people, and its nodes as a value.
 * @throws whatever is no error of ours, and an Error when something of a run is left that could not be read
 */
export function examine({ text, chunks }: Sample, memory = false): Outcome {
  const before = memory ? used() : Number.NaN;
  const start = process.cpuUsage();
  const run = new Run("run-1", host);
  const end = codeOf(() => decodeRun(text, run, { chunks }));
  const after = memory ? used() : Number.NaN;
  if (end !== "ok" && (run.root !== null || run.waits.size + run.rejections.size + run.jobs.length > 0))
    throw new Error("something of the run is left");
  codeOf(() => describe(text, { chunks }));
  const { user, system } = process.cpuUsage(start);
  return { end, ms: (user + system) / 1000, memory: Math.max(0, after - before) };
}

/** A mutant of a value outside of runs. */
export function examineValue(text: string): string {
  return codeOf(() => decodeValue(text));
}

export function valueSample(): string {
  return encodeValue(made.map(({ make }) => make()));
}

function codeOf(work: () => unknown): string {
  try {
    work();
    return "ok";
  } catch (error) {
    if (error instanceof ColdframeError) return error.code;
    throw error;
  }
}

function used(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
