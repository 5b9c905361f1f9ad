// Every function but an arrow has `arguments` of its own, whatever is called so around it.
// flags: async sloppy
function shadowed() {
  var arguments = "outer";
  return [(function () { return arguments.length; })(1, 2), (() => arguments)()];
}
function parameter(arguments) {
  return [arguments, (function () { return arguments[0]; })("inner"), { m() { return arguments[0]; } }.m("method")];
}
async function parked() {
  var arguments = "outer";
  const inner = async function () {
    await 1;
    return [...arguments];
  };
  const arrow = async () => {
    await 1;
    return arguments;
  };
  return [arguments, ...(await inner("inner")), await arrow()];
}
function* generator() {
  let arguments = 1;
  yield (function* () { yield arguments.length; })("a", "b").next().value;
  yield arguments;
}
asyncTest(async () => {
  assert.list(shadowed(), [2, "outer"]);
  assert.list(parameter("own"), ["own", "inner", "method"]);
  assert.list(await parked(), ["outer", "inner", "outer"]);
  assert.list([...generator()], [2, 1]);
});
