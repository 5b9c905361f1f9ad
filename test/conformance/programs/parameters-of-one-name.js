// flags: sloppy async
// Of parameters that share a name the last counts (ECMA-262 §10.2.11).
async function twice(a, b, a) {
  await 0;
  return [a, b].join();
}
function* generated(a, a) {
  yield a;
  yield arguments[0];
}
async function* both(a, a) {
  yield await a;
}
async function captured(a, a) {
  await 0;
  return () => a;
}
asyncTest(async () => {
  assert.list([await twice(1, 2, 3), await twice(1, 2), (await captured(1, 2))()], ["3,2", ",2", 2]);
  assert.list([...generated(1, 2)], [2, 1]);
  assert.same((await both(1, 2).next()).value, 2);
  assert.list([twice.length, generated.length, both.length], [3, 2, 2]);
  const expression = async function (a, a) {
    await 0;
    return a;
  };
  assert.list([await expression(1, 2), expression.length], [2, 2]);
});
