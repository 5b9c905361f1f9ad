/**
 * Functions, records and bindings are found by name, names by object; stamps are invisible.
 */
import { afterEach, expect, test, vi } from "vitest";
import type { Code } from "../../abi/index.ts";
import {
  $closure,
  $module,
  bindingOf,
  codeOf,
  nameOf,
  recordOf,
  registerCode,
  registerRecord,
  registry,
  stampOf,
} from "../../runtime/machine/index.ts";

const code = (id: string, hash: string): Code => ({
  id,
  hash,
  kind: "sync",
  file: "f.ts",
  line: 1,
  step: null,
  points: [],
  make: null,
  captures: [],
});

afterEach(() => {
  registry.hot = false;
});

test("the same function registered twice is one, another under its name an error, unless hot", () => {
  const first = registerCode(code("r/a#f", "1"));
  const second = registerCode(code("r/a#f", "1"));
  expect(codeOf("r/a#f")).toBe(first);
  expect(second).not.toBe(first);
  expect(() => registerCode(code("r/a#f", "2"))).toThrow(/CF2004.*"r\/a#f"/);
  registry.hot = true;
  const newest = registerCode(code("r/a#f", "2"));
  expect(codeOf("r/a#f")).toBe(newest);
});

test("a module with another text under the same name is an error", () => {
  $module("r/twice", "1", {});
  $module("r/twice", "1", {});
  expect(() => $module("r/twice", "2", {})).toThrow("CF2004");
});

test("objects are named by the binding that holds them, looked at only when needed", () => {
  const config = { url: "x" };
  const get = vi.fn(() => config);
  $module("r/lazy", "1", { config: get, n: () => 5 });
  expect(get).not.toHaveBeenCalled();
  expect(nameOf(config)).toBe("r/lazy#config");
  expect(bindingOf("r/lazy#config")).toEqual({ value: config });
  expect(bindingOf("r/lazy#n")).toEqual({ value: 5 });
  expect(bindingOf("r/lazy#toString")).toBeUndefined();
  expect(bindingOf("r/none#x")).toBeUndefined();
  expect(nameOf({ url: "x" })).toBeUndefined();
});

test("a binding in its dead zone is looked at again later", () => {
  let late: object | null = null;
  $module("r/tdz", "1", {
    late: () => {
      if (late === null) throw new ReferenceError("late");
      return late;
    },
  });
  const object = {};
  expect(nameOf(object)).toBeUndefined();
  late = object;
  expect(nameOf(object)).toBe("r/tdz#late");
});

test("the module that defines an object names it, not one that imports it", () => {
  const shared = () => {};
  $module("r/defines", "1", { shared: () => shared });
  $module("r/imports", "1", { shared: () => shared });
  expect(nameOf(shared)).toBe("r/defines#shared");
});

test("scope records are known by their class", () => {
  class scope {
    n = 0;
  }
  registerRecord({ id: "r/a#f.scope", Record: scope, variables: ["n"] });
  expect(recordOf(new scope())).toEqual({ id: "r/a#f.scope", Record: scope, variables: ["n"] });
  expect(recordOf({})).toBeUndefined();
});

test("a stamp is read back, and nothing of it can be seen on the function", () => {
  const c = registerCode(code("r/a#g", "1"));
  const records = [{ n: 1 }, { m: 2 }];
  for (const scopes of [[], records.slice(0, 1), records]) {
    const f = $closure((a: number) => a, c, scopes);
    expect(stampOf(f)).toEqual({ code: c, scopes, run: null });
    expect(Reflect.ownKeys(f)).toEqual(["length", "name"]);
    expect(f(3)).toBe(3);
  }
  expect(stampOf(() => {})).toBeUndefined();
});

test("a frozen function can be stamped, and stamps do not follow bind", () => {
  const c = registerCode(code("r/a#g", "1"));
  const f = $closure(
    Object.freeze(() => 1),
    c,
    [],
  );
  expect(stampOf(f)?.code).toBe(c);
  expect(stampOf(f.bind(null))).toBeUndefined();
});

test("two copies of the runtime share the registry and read each other's stamps", async () => {
  vi.resetModules();
  const copy = await import("../../runtime/machine/index.ts");
  expect(copy.$closure).not.toBe($closure);
  expect(copy.registry).toBe(registry);
  const c = registerCode(code("r/a#h", "1"));
  const f = copy.$closure(() => 1, c, []);
  expect(stampOf(f)?.code).toBe(c);
});
