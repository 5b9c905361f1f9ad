/** Contract §6: which parked runs go on under changed code. Each case is an old build, a new one, and what happens. */
import { describe, expect, it } from "vitest";
import type { Point } from "../../abi/index.ts";
import {
  $await,
  $closure,
  $park,
  $return,
  type Durable,
  registerCode,
  registerRecord,
  registry,
} from "../../runtime/machine/index.ts";
import { seal } from "../../runtime/snapshot/format.ts";
import {
  type CodePoints,
  codeKey,
  codeRecord,
  encodeRun,
  parsePoints,
} from "../../runtime/snapshot/index.ts";
import { answer, asyncFunction, begin, event, load, result } from "./programs.ts";

interface Build {
  readonly hash: string;
  readonly points: readonly Point[];
}

const at = (name: string, fingerprint: string, live: readonly string[] = []): Point => ({
  name,
  fingerprint,
  line: 1,
  column: 0,
  live,
});

let count = 0;

/** Parks a function of the old build at one of its points, and restores it under the new build. */
function migrate(old: Build, parkedAt: number, now: Build | null, keep = true): unknown {
  const name = `f${count++}`;
  const define = ({ hash, points }: Build) =>
    asyncFunction({
      name,
      hash,
      points,
      step: ($t: Durable, $v: unknown) => {
        if ($t.ip !== 0) return $return($t, { ip: $t.ip, frame: { ...$t.frame }, $v });
        $await($t, event("e"));
        $t.ip = parkedAt;
        $t.frame = { a: 1, b: 2 };
        return $park;
      },
    });
  registry.hot = true;
  try {
    const f0 = define(old);
    const { text, codes } = encodeRun(begin(f0));
    const kept = new Map<string, CodePoints>();
    for (const code of codes) {
      const { key, body } = codeRecord(code);
      kept.set(key, parsePoints(body));
    }
    registry.codes.delete(f0.code.id);
    if (now !== null) define(now);
    const run = load(text, { points: (hash, id) => (keep ? kept.get(codeKey(id, hash)) : undefined) });
    answer(run, "x");
    return result(run);
  } finally {
    registry.hot = false;
  }
}

const charge = at("charge", "c", ["a"]);
const sleepA = at("sleep", "s1");
const sleepB = at("sleep#2", "s2");

describe("goes on", () => {
  it("when the hash is equal", () => {
    expect(migrate({ hash: "1", points: [charge] }, 1, { hash: "1", points: [charge] })).toMatchObject({
      ip: 1,
      frame: { a: 1 },
    });
  });

  it("when other code of the function changed: all points as they were", () => {
    const twice = [at("sleep", "same"), at("sleep#2", "same")];
    expect(migrate({ hash: "1", points: twice }, 2, { hash: "2", points: twice })).toMatchObject({ ip: 2 });
  });

  it("when awaits were added and removed elsewhere", () => {
    expect(
      migrate({ hash: "1", points: [sleepA, charge] }, 2, {
        hash: "2",
        points: [at("audit", "x"), sleepB, charge],
      }),
    ).toMatchObject({ ip: 3 });
  });

  it("when its point only got another ordinal", () => {
    expect(
      migrate({ hash: "1", points: [sleepA, sleepB] }, 2, { hash: "2", points: [at("sleep", "s2")] }),
    ).toMatchObject({ ip: 1 });
  });

  it("without a local that is no longer needed", () => {
    const old = at("charge", "c", ["a", "b"]);
    const { frame } = migrate({ hash: "1", points: [old] }, 1, { hash: "2", points: [charge] }) as {
      frame: object;
    };
    expect(frame).toEqual({ a: 1 });
  });
});

describe("is blocked with CF2103", () => {
  const cases: [string, Build, number, Build | null, string][] = [
    [
      "two equal awaits, one removed",
      { hash: "1", points: [at("s", "e"), at("s#2", "e")] },
      2,
      { hash: "2", points: [at("s", "e")] },
      "ambiguous",
    ],
    [
      "an equal await added",
      { hash: "1", points: [at("s", "e")] },
      1,
      { hash: "2", points: [at("s", "e"), at("s#2", "e")] },
      "ambiguous",
    ],
    [
      "the statement of its own await changed",
      { hash: "1", points: [charge] },
      1,
      { hash: "2", points: [at("charge", "other", ["a"])] },
      "was changed or removed",
    ],
    [
      "its await was removed",
      { hash: "1", points: [charge, sleepA] },
      1,
      { hash: "2", points: [sleepA] },
      "was changed or removed",
    ],
    [
      "a local is newly needed after the await",
      { hash: "1", points: [charge] },
      1,
      { hash: "2", points: [at("charge", "c", ["a", "b"])] },
      "migration needed: flows.ts#f",
    ],
    [
      "the function was deleted or renamed",
      { hash: "1", points: [charge] },
      1,
      null,
      "no loaded code is called flows.ts#f",
    ],
  ];
  it.each(cases)("%s", (_, old, parkedAt, now, text) => {
    expect(() => migrate(old, parkedAt, now)).toThrow(text);
    expect(() => migrate(old, parkedAt, now)).toThrow("CF2103");
  });

  it("a renamed local is named", () => {
    const renamed = at("charge", "c", ["total"]);
    expect(() => migrate({ hash: "1", points: [charge] }, 1, { hash: "2", points: [renamed] })).toThrow(
      '"total"',
    );
  });

  it("the old list of points is not known", () => {
    expect(() => migrate({ hash: "1", points: [charge] }, 1, { hash: "2", points: [charge] }, false)).toThrow(
      "is not known",
    );
  });

  it("one of two variables of one name was removed", () => {
    const old = at("charge", "c", ["a", "a$2"]);
    const now = at("charge", "c", ["a"]);
    expect(() => migrate({ hash: "1", points: [old] }, 1, { hash: "2", points: [now] })).toThrow("ambiguous");
  });

  it("lines swapped under two awaits that feed different variables", () => {
    // a = await s(1); b = await s(10)  ↦  b = await s(10); a = await s(1)
    const old = [at("s", "a=s(1)"), at("s#2", "b=s(10)", ["a"])];
    const now = [at("s", "b=s(10)"), at("s#2", "a=s(1)", ["b"])];
    // At the first, b = s(10) would never be called; at the second, a = s(1) would be called twice.
    for (const parkedAt of [1, 2]) {
      expect(() => migrate({ hash: "1", points: old }, parkedAt, { hash: "2", points: now })).toThrow(
        "have changed places",
      );
    }
  });
});

describe("a local that moved", () => {
  it("from the frame into a scope record, because a closure was added", () => {
    const id = `flows.ts#f${count}.scope`;
    class Scope {
      a: unknown = undefined;
    }
    registerRecord({ id, Record: Scope, variables: ["a"] });
    const moved = at("charge", "c", ["$s1", "$s1.a"]);
    const { frame } = migrate({ hash: "1", points: [charge] }, 1, { hash: "2", points: [moved] }) as {
      frame: { $s1: unknown };
    };
    expect(frame.$s1).toBeInstanceOf(Scope);
    expect(frame.$s1).toEqual({ a: 1 });
  });

  it("from a scope record into the frame, because the closure is gone", () => {
    class Scope {
      a: unknown = 5;
    }
    registerRecord({ id: "flows.ts#moved.scope", Record: Scope, variables: ["a"] });
    registry.hot = true;
    const define = (hash: string, live: string[]) =>
      asyncFunction({
        name: "moved",
        hash,
        points: [at("event", "e", live)],
        step: ($t: Durable) => {
          if ($t.ip !== 0) return $return($t, { ...$t.frame });
          $await($t, event("e"));
          $t.ip = 1;
          $t.frame = { $s1: new Scope() };
          return $park;
        },
      });
    const old = define("1", ["$s1", "$s1.a"]);
    const { text } = encodeRun(begin(old));
    const points = parsePoints(codeRecord(old.code).body);
    define("2", ["a"]);
    registry.hot = false;
    const run = load(text, { points: () => points });
    answer(run, null);
    expect(result(run)).toMatchObject({ a: 5 });
  });
});

describe("a closure whose code changed", () => {
  class Scope {
    n: unknown = 1;
    m: unknown = 2;
  }
  registerRecord({ id: "flows.ts#undoer.scope", Record: Scope, variables: ["n", "m"] });
  const parked = asyncFunction({
    name: "undoer",
    points: [at("event", "e", ["undo"])],
    step: ($t: Durable, _v: unknown, _e: boolean, undo?: unknown) => {
      if ($t.ip !== 0) return $return($t, ($t.frame!.undo as () => unknown)());
      $await($t, event("e"));
      $t.ip = 1;
      $t.frame = { undo };
      return $park;
    },
  });
  const closure = (id: string, hash: string, answer: string, captures: readonly string[] = ["n"]) => {
    const code = registerCode({
      id: `flows.ts#undoer.${id}`,
      hash,
      kind: "sync",
      file: "flows.ts",
      line: 9,
      step: null,
      points: [],
      make: ((scope: object) => $closure(() => answer, code, [scope])) as never,
      captures: [captures],
    });
    return () => (code.make as unknown as (scope: object) => unknown)(new Scope());
  };
  const clear = () => {
    for (const id of [...registry.codes.keys()])
      if (id.startsWith("flows.ts#undoer.")) registry.codes.delete(id);
  };
  const save = (make: () => unknown) => encodeRun(begin(parked, make())).text;
  const carryOn = (text: string) => {
    const run = load(text);
    answer(run, null);
    return result(run);
  };

  it("goes on with the new body when its name is its own", () => {
    clear();
    const text = save(closure("undo", "1", "old"));
    clear();
    closure("undo", "2", "new");
    expect(carryOn(text)).toBe("new");
  });

  it("finds its code again when only its ordinal changed", () => {
    clear();
    closure("undo", "1", "first");
    const text = save(closure("undo$2", "2", "second"));
    clear();
    closure("undo", "2", "second");
    expect(carryOn(text)).toBe("second");
  });

  it("is blocked when its name may now mean another closure", () => {
    clear();
    const second = closure("undo$2", "2", "second");
    const first = closure("undo", "1", "first");
    void second;
    const text = save(first);
    clear();
    closure("undo", "3", "edited");
    expect(() => carryOn(text)).toThrow("ambiguous");
  });

  describe("of an early snapshot, which does not say which of its namesakes it was", () => {
    const early = (make: () => unknown) => {
      const text = save(make);
      expect(text).toMatch(/ ~\d\/\d"/);
      return seal(text.slice(text.indexOf(",") + 1).replace(/ ~\d\/\d"/, ' ~"'));
    };

    it("goes on under the same code", () => {
      clear();
      const first = closure("undo", "1", "equal");
      closure("undo$2", "1", "equal");
      expect(carryOn(early(first))).toBe("equal");
    });

    it("is blocked where only its text stands elsewhere, for there may have been two of it", () => {
      clear();
      const first = closure("undo", "1", "first");
      closure("undo$2", "1", "second");
      const text = early(first);
      clear();
      closure("undo", "3", "edited");
      closure("undo$2", "1", "second");
      expect(() => carryOn(text)).toThrow("ambiguous");
    });
  });

  it("is blocked when it needs a variable that was not saved", () => {
    clear();
    const text = save(closure("undo", "1", "old"));
    clear();
    closure("undo", "2", "new", ["n", "m"]);
    expect(() => carryOn(text)).toThrow('now needs "m"');
  });

  it("is blocked when its code is gone", () => {
    clear();
    const text = save(closure("undo", "1", "old"));
    clear();
    expect(() => carryOn(text)).toThrow("CF2103");
  });
});
