// Short circuits with awaits evaluate what they have to, and nothing else.
// flags: async
asyncTest(async () => {
  const log = [];
  const v = (x) => (log.push(x), x);
  let o = null;
  assert.same(o?.[await v("never")], undefined);
  assert.same(o?.a.b(await v("never")).c, undefined);
  o = { a: { f(x) { return [this === o.a, x]; } } };
  assert.list(o.a?.f(await v(1)), [true, 1]);
  assert.list((o?.a).f?.(await v(2)), [true, 2]);
  assert.same(o.missing?.(await v("never")), undefined);
  assert.same(v(0) || (await v(3)) && (await v(0)), 0);
  assert.same((await v(null)) ?? (await v(4)), 4);
  assert.list(log, [1, 2, 0, 3, 0, null, 4]);
  let x = 1;
  x &&= await v(0);
  x ||= await v(5);
  x ??= await v("never");
  assert.same(x, 5);
  assert.same((await v(1), await v(2)), 2);
  assert.same(!(await v(true)), false);

});
