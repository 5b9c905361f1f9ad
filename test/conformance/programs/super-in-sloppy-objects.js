// flags: async
// Assignments to `super` that fail (§10.1.9.2): silent in sloppy code, errors in strict code.
const isStrict = (function () {
  return this === undefined;
})();
const outcome = (f) => {
  try {
    f();
    return "silent";
  } catch (error) {
    return error.constructor.name;
  }
};
const expected = isStrict ? "TypeError" : "silent";
const object = {
  __proto__: { get fixed() { return 1; } },
  set own(value) {
    super.own = value;
  },
  toReadOnly() {
    super.fixed = 2;
  },
  update() {
    return super.fixed++;
  },
  async later() {
    super.fixed = await 3;
    super.fixed += await 4;
    return "later";
  },
};
assert.same(outcome(() => { object.own = 1; }), expected);
assert.same(outcome(() => object.toReadOnly()), expected);
assert.same(outcome(() => object.update()), expected);
assert.same(object.fixed, 1);
asyncTest(async () => {
  let end;
  try {
    end = await object.later();
  } catch (error) {
    end = error.constructor.name;
  }
  assert.same(end, isStrict ? "TypeError" : "later");
});
