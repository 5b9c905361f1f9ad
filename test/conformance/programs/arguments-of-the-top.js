// `arguments` outside of any function that has its own is a name like any other (ECMA-262 §10.2.11).
// flags: async
const read = async () => {
  await 0;
  return arguments;
};
const look = async () => typeof (await 0, arguments) + typeof arguments;
const lookOnly = async () => {
  await 0;
  return typeof arguments;
};
const inner = async () => {
  await 0;
  return (() => arguments)();
};
asyncTest(async () => {
  await assert.rejects(ReferenceError, read);
  await assert.rejects(ReferenceError, look);
  await assert.rejects(ReferenceError, inner);
  assert.same(await lookOnly(), "undefined");
  Object.defineProperty(globalThis, "arguments", { value: 5, configurable: true });
  assert.list([await read(), await look(), await inner(), await lookOnly()], [5, "numbernumber", 5, "number"]);
  delete globalThis.arguments;
});
