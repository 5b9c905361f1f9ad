// flags: async
// A promise that says it is of another class is resolved by its `then`, which makes one of that class (§27.2.2.2, §27.2.5.4).
asyncTest(async () => {
  const outcome = async (constructor) => {
    const promise = Promise.resolve(2);
    promise.constructor = constructor;
    const seen = [];
    for (const wait of [async () => await promise, async () => promise, () => new Promise((r) => r(promise))])
      try {
        seen.push(await wait());
      } catch (error) {
        seen.push(error.constructor.name);
      }
    return seen.join();
  };
  assert.same(await outcome(undefined), "2,2,2");
  assert.same(await outcome({}), "2,2,2");
  assert.same(await outcome(null), "TypeError,TypeError,TypeError");
  assert.same(await outcome(5), "TypeError,TypeError,TypeError");
  assert.same(await outcome({ [Symbol.species]: 5 }), "TypeError,TypeError,TypeError");

  class Counted extends Promise {
    constructor(executor) {
      super(executor);
      print("made");
    }
  }
  assert.same(await Counted.resolve(1), 1);
  assert.same(await (async () => new Counted((r) => r(3)))(), 3);

  const odd = Promise.resolve(4);
  let reads = 0;
  Object.defineProperty(odd, "constructor", {
    get() {
      reads++;
      throw new RangeError();
    },
  });
  await assert.rejects(RangeError, async () => await odd);
  assert.same(reads, 1);
  await assert.rejects(RangeError, async () => odd);
  assert.same(reads, 2);
  assert.same(JSON.stringify({ promise: Promise.resolve(5) }), '{"promise":{}}');
});
