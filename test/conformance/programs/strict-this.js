// this of strict functions is what was given.
// flags: async strict
async function f() { await 0; return this; }
var top1 = async () => { await 0; return this; };
asyncTest(async () => {
  assert.same(await f(), undefined);
  assert.same(await f.call(null), null);
  assert.same(await f.call(1), 1);
  assert.same(await top1(), globalThis);
  await assert.rejects(ReferenceError, async () => { await 0; undeclared = 1; });
  await assert.rejects(TypeError, async () => { const o = Object.freeze({ a: 1 }); o.a = await 2; });
});
