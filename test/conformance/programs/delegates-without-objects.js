// `yield*`: what an iterator gives has to be an object (ECMA-262 §15.5.5 step 7), also when it is null.
const giving = (x, how) => ({ [Symbol.iterator]: () => ({ next: () => ({ done: false }), [how]: () => x }) });
function* delegating(x, how) {
  yield* giving(x, how);
}
for (const x of [null, undefined, 1, "s", Symbol.iterator]) {
  assert.throws(TypeError, () => delegating(x, "next").next());
  for (const how of ["return", "throw"]) {
    const it = delegating(x, how);
    it.next();
    assert.throws(TypeError, () => it[how](1));
    assert.same(it.next().done, true);
  }
}
