// What a call of an async function does at once, and what its promise becomes (§27.7.5.1).
// flags: async
var log = [];
async function returns(x) { log.push("body"); return x; }
async function throws(x) { throw x; }
async function parameters(a = log.push("default"), { b } = { b: log.push("pattern") }) { log.push("body"); return a; }
async function badParameter({ a }) { log.push("never"); }

assert(returns(1) instanceof Promise);
assert.same(Object.getPrototypeOf(returns(1)), Promise.prototype);
assert.same(returns(1).constructor, Promise);
assert.list(log, ["body", "body", "body"]);
log.length = 0;
var p = parameters();
log.push("after");
assert.list(log, ["default", "pattern", "body", "after"]);
var rejected = badParameter(null);
assert.same(log.includes("never"), false);
asyncTest(async () => {
  assert.same(await returns(Promise.resolve(2)), 2);
  assert.same(await returns({ then(f) { f(3); } }), 3);
  await assert.rejects(TypeError, () => rejected);
  await assert.rejects(RangeError, () => throws(new RangeError()));
  await assert.rejects(TypeError, () => { const q = (async () => { await null; return q; })(); return q; });
  let caught;
  try { await throws(undefined); caught = "nothing"; } catch (e) { caught = e; }
  assert.same(caught, undefined);
});
