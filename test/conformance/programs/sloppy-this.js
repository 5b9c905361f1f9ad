// this of sloppy functions is an object.
// flags: async sloppy
async function f() { await 0; return this; }
var top1 = async () => { await 0; return this; };
asyncTest(async () => {
  assert.same(await f(), globalThis);
  assert.same(await f.call(null), globalThis);
  assert.same(typeof (await f.call(1)), "object");
  assert.same(await top1(), globalThis);
  assert.same(await (async function () { "use strict"; await 0; return this; })(), undefined);
});
