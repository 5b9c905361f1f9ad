// flags: async
// `delete` of an optional chain: true when the chain ends early, and nothing behind that is evaluated (§13.5.1.2).
const fail = () => {
  throw new Error("evaluated");
};
asyncTest(async () => {
  const none = null;
  const o = { z: { a: 1, b: 2 } };
  assert.same(delete none?.[await fail()], true);
  assert.same(delete o.q?.a.b[await fail()].c, true);
  assert.same(delete (await none)?.a.b, true);
  assert.same(delete o[await "z"]?.a, true);
  assert.same(delete (await o)?.z[await "b"], true);
  assert.same(Object.keys(o.z).length, 0);
});
