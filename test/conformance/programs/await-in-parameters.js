// Defaults and patterns of parameters are evaluated at the call, in a scope of theirs.
// flags: async
asyncTest(async () => {
  const log = [];
  const f = async (a = log.push("a"), { b = log.push("b"), ...c } = {}, [d, ...e] = "xyz", ...rest) => { await 0; return [a, b, Object.keys(c).length, d, e.join(""), rest.length]; };
  assert.list(await f(undefined, { q: 1 }, undefined, 1, 2), [1, 2, 1, "x", "yz", 2]);
  assert.same(f.length, 0);
  const order = [];
  const g = async function (x, y = arguments.length, z = () => x + y) { order.push("body"); x = 10; await 0; return [x, y, z()]; };
  assert.list(await g(1), [10, 1, 11]);
  const h = async ({ length }, { [length]: nth }) => { await 0; return nth; };
  assert.same(await h("ab", ["x", "y", "z"]), "z");
  await assert.rejects(TypeError, () => (async ({ a }) => a)());
});
