// Functions declared in blocks of strict code stay there.
// flags: async strict
{ function blk() {} }
assert.same(typeof blk, "undefined");
asyncTest(async () => { { await 0; function f() {} } assert.same(typeof f, "undefined"); });
