// flags: async
// SpeciesConstructor (§7.3.22), `finally` through `then` (§27.2.5.3), one look at `constructor` (§27.2.4.7.1), cycles (§27.2.1.3.2).
asyncTest(async () => {
  const looks = [];
  const native = Promise.resolve(1);
  Object.defineProperty(native, "constructor", { get: () => (looks.push("constructor"), Promise) });
  await native;
  assert.list(looks, ["constructor"]);
  for await (const x of [native]) assert.same(x, 1);
  assert.list(looks, ["constructor", "constructor"]);
  const broken = Promise.resolve(1);
  Object.defineProperty(broken, "constructor", {
    get() {
      throw new RangeError();
    },
  });
  await assert.rejects(RangeError, async () => void (await broken));
  assert.throws(RangeError, () => broken.then());

  const odd = new Promise((resolve) => resolve(3));
  odd.constructor = undefined;
  assert.same(await odd.then((x) => x + 1), 4);
  odd.constructor = 1;
  assert.throws(TypeError, () => odd.then());
  assert.throws(TypeError, () => odd.finally(() => {}));
  const made = [];
  odd.constructor = {
    [Symbol.species]: function (executor) {
      executor(
        (value) => made.push(value),
        () => {},
      );
    },
  };
  odd.then((x) => x * 2);
  await null;
  assert.list(made, [6]);

  const own = Promise.resolve(5);
  own.then = (f, g) => [f.length, g.length, own];
  const [first, second] = own.finally(() => {});
  assert.list([first, second], [1, 1]);

  const later = (async () => {
    await 1;
    return self;
  })();
  const self = later;
  await assert.rejects(TypeError, () => later);
});
const outside = (async () => {
  await 1;
  return outside;
})();
outside.then(
  () => print("fulfilled"),
  (error) => print(error.constructor === TypeError),
);
