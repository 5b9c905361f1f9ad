// A variable, a parameter and functions of one name are one binding (ECMA-262 §10.2.11): the function is made first.
// flags: async sloppy
function variable() {
  var x;
  return typeof x;
  function x() {}
}
function assigned() {
  const before = typeof x;
  var x = 1;
  return [before, x];
  function x() {}
}
function captured() {
  const read = () => x;
  const before = typeof read();
  var x = 1;
  return [before, read()];
  function x() {}
}
function parameter(x, read = 1) {
  return [typeof x, typeof arguments[0], read];
  function x() {}
}
function inSwitch(x) {
  switch (x) {
    case 1:
      x();
      function x() {}
      x = 2;
  }
  return x;
}
async function later(x) {
  const before = typeof x;
  await 1;
  const after = typeof x;
  var x = 2;
  return [before, after, x];
  function x() {}
}
async function again() {
  await 1;
  var x = x;
  await 2;
  return typeof x;
  function x() {}
}
function* yielded(x) {
  yield typeof x;
  var x;
  yield typeof x;
  function x() {}
}
async function inBlocks(x) {
  const seen = [typeof x];
  {
    await 1;
    seen.push(typeof x);
    function x() {}
    x = 1;
    await 2;
    seen.push(typeof x);
  }
  seen.push(typeof x);
  return seen;
}
asyncTest(async () => {
  assert.same(variable(), "function");
  assert.list(assigned(), ["function", 1]);
  assert.list(captured(), ["function", 1]);
  print(parameter(1));
  print(typeof inSwitch("none"));
  assert.list(await later(1), ["function", "function", 2]);
  assert.same(await again(), "function");
  assert.list([...yielded(1)], ["function", "function"]);
  print(await inBlocks(1));
});
