// await in every position of an expression keeps the order of evaluation.
// flags: async
asyncTest(async () => {
  const log = [];
  const v = (x) => (log.push(x), x);
  const o = { f(...a) { return [this === o, ...a]; }, x: 1 };
  assert.list([v(1), await v(2), v(3)], [1, 2, 3]);
  assert.list(log, [1, 2, 3]);
  let n = 1;
  assert.list([n, await ++n, n], [1, 2, 2]);
  assert.same(n + (await (n = 5)) + n, 12);
  assert.list(o.f(n, await 6, ...(await [7, 8]), (n = 9)), [true, 5, 6, 7, 8, 9]);
  assert.same(o?.[await "x"], 1);
  assert.same((await null)?.x.y.z, undefined);
  assert.same(`${n}${await 1}${(n = 2)}`, "912");
  o[await "y"] = await 4;
  assert.same(o.y, 4);
  o.x += await 10;
  assert.same(o.x, 11);
  o.z ??= await 3;
  o.z ||= await assert(false);
  o.z &&= await 8;
  assert.same(o.z, 8);
  const key = { toString() { log.push("key"); return "k"; } };
  log.length = 0;
  o[key] = await (log.push("value"), 1);
  assert.list(log, ["value", "key"]);
  assert.same(await new (await class { constructor() { this.a = 1; } })().a, 1);
  assert.same((await true) ? await "yes" : await "no", "yes");
  assert.list(((t, ...s) => [t.raw.join(), ...s])`a${await 1}b${2}`, ["a,b,", 1, 2]);
  assert.same(typeof await undefined, "undefined");
  assert.same(await await await 1, 1);
  assert.same(delete o[await "k"], true);
  assert.same("k" in o, false);
});
