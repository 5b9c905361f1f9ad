// In the computed keys of a class its private names are there, but no object has them yet (ECMA-262 §15.7.14).
// flags: async
const attempts = (o) => {
  class Other {
    #m = 1;
    static of(object) {
      return object.#m;
    }
  }
  return [
    () => class { #m; [o.#m] = 1; },
    () => class { #m() {} [o.#m()] = 1; },
    () => class { get #m() { return 1; } [o.#m]() {} },
    () => class { static #m = 1; static [o.#m] = 1; },
    () => class { #m; [(o.#m = "x")] = 1; },
    () => class { #m; [(() => o.#m)()] = 1; },
    () => class { #m; [o?.#m] = 1; },
    () => Other.of(new (class { #m; [o.#m] = 1; })()),
  ];
};
const inPlace = [];
try {
  class Placed {
    #m = 1;
    static [#m in {}] = "no";
    [(() => (inPlace.push("key"), {}.#m))()] = 1;
  }
} catch (error) {
  inPlace.push(error.constructor);
}
const absent = (o) => class { #m; static [`has ${#m in o}`] = true; static [`closure ${(() => #m in o)()}`] = true; };
const nested = () => {
  class Outer {
    #x = "outer";
    make() {
      return class {
        #y;
        static [this.#x] = "found";
      };
    }
  }
  return new Outer().make();
};
const parked = async (o) => class { #m; [(await 1, o.#m)] = 1; };
asyncTest(async () => {
  for (const attempt of attempts({})) assert.throws(TypeError, attempt);
  assert.list(inPlace, ["key", TypeError]);
  const found = absent({});
  assert.same(found["has false"], true);
  assert.same(found["closure false"], true);
  assert.same(nested().outer, "found");
  await assert.rejects(TypeError, () => parked({}));
});
