// this, arguments and new.target in async functions.
// flags: async
var object = {
  async method() { await 0; return this; },
  arrowIn() { return async () => { await 0; return [this, arguments.length]; }; },
  get getter() { return (async () => { await 0; return this; })(); },
};
async function args() { await 0; return [arguments.length, arguments[1], [...arguments].length]; }
async function target() { await 0; return new.target; }
asyncTest(async () => {
  assert.same(await object.method(), object);
  const other = {};
  assert.same(await object.method.call(other), other);
  const [self, count] = await object.arrowIn(1, 2)();
  assert.same(self, object);
  assert.same(count, 2);
  assert.same(await object.getter, object);
  assert.list(await args("a", "b", "c"), [3, "b", 3]);
  assert.same(await target(), undefined);
});
