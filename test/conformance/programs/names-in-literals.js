// flags: async
// NamedEvaluation in object literals whose later parts wait (§13.2.5.5): by computed keys, and not by `__proto__`.
assert.same(Object.getPrototypeOf({ __proto__: function () {} }).name, "");
assert.same(Object.getPrototypeOf({ "__proto__": () => {} }).name, "");
assert.same(Object.getPrototypeOf({ __proto__: class {} }).name, "");
assert.same({ __proto__() {} }.__proto__.name, "__proto__");
assert.same({ ["__proto__"]: () => {} }.__proto__.name, "__proto__");
asyncTest(async () => {
  const o = {
    [await "f"]: function () {},
    [await "c"]: class {},
    [await "own"]: class {
      static name = "its own";
    },
    __proto__: () => {},
    [await 1]: () => {},
    [await Symbol.for("s")]: () => {},
    last: await 1,
  };
  assert.list([o.f.name, o.c.name, o.own.name, o[1].name], ["f", "c", "its own", "1"]);
  assert.same(o[Symbol.for("s")].name, "[s]");
  assert.same(Object.getPrototypeOf(o).name, "");
});
