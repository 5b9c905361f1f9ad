// Promises made in compiled code (§27.2).
// flags: async
asyncTest(async () => {
  assert.list(await Promise.all([1, Promise.resolve(2), { then(f) { f(3); } }]), [1, 2, 3]);
  const settled = await Promise.allSettled([1, Promise.reject(2)]);
  assert.list(settled.map((one) => one.status + (one.value ?? one.reason)), ["fulfilled1", "rejected2"]);
  assert.same(await Promise.race([new Promise(() => {}), 2]), 2);
  assert.same(await Promise.any([Promise.reject(1), 3]), 3);
  await assert.rejects(AggregateError, () => Promise.any([Promise.reject(1)]));
  let resolve;
  const p = new Promise((f) => { resolve = f; });
  assert(p instanceof Promise);
  assert.same(Promise.resolve(p), p);
  setTimeout(resolve, 0, "timer");
  assert.same(await p, "timer");
  const log = [];
  const q = Promise.reject(new RangeError("r")).finally(() => { log.push("finally"); }).catch((e) => e.message).then((m) => log.push(m));
  await q;
  assert.list(log, ["finally", "r"]);
  resolve("again");
  assert.same(await p, "timer");
  await assert.rejects(TypeError, () => { const self = p.then(() => self); return self; });
  assert.throws(TypeError, () => new Promise());
  assert.throws(TypeError, () => Promise());
  assert.same(await Promise.resolve(1).then(2).then((x) => x), 1);
  const calls = [];
  const thenable = { get then() { calls.push("get"); return (f) => { calls.push("call"); f(1); f(2); throw 3; }; } };
  assert.same(await thenable, 1);
  assert.list(calls, ["get", "call"]);
  assert.same(await Promise.all([]).then((list) => list.length), 0);
  class Own extends Promise {}
  const own = Own.resolve(1);
  assert(own instanceof Own);
  assert(own.then(() => {}) instanceof Own);
  assert.same(await own, 1);
});
