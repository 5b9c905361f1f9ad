// flags: async
// What a program puts in the place of the functions of Promise is called, with the constructor that the program knows (§27.2.4).
const original = Promise.resolve;
asyncTest(async () => {
  let calls = 0;
  Promise.resolve = function (...args) {
    calls++;
    assert.same(this, Promise);
    assert.same(args.length, 1);
    return original.apply(Promise, args);
  };
  try {
    assert.list(await Promise.all([1, Promise.reject(2).catch((x) => x)]), [1, 2]);
    assert.same(calls, 2);
    await Promise.race([await 1]);
    assert.same(calls, 3);
  } finally {
    Promise.resolve = original;
  }
  for (const name of ["all", "race", "any", "allSettled"]) {
    let closed = 0;
    const endless = { next: () => ({ value: 1, done: false }), return: () => void closed++ };
    Promise.resolve = () => {
      throw new EvalError();
    };
    const failed = Promise[name]({ [Symbol.iterator]: () => endless });
    Promise.resolve = 1;
    const refused = Promise[name]([]);
    Promise.resolve = original;
    await assert.rejects(EvalError, () => failed);
    await assert.rejects(TypeError, () => refused);
    assert.same(closed, 1);
  }
  class Sub extends Promise {}
  assert.same(Sub.resolve(1).then().constructor, Sub);
  assert.same(Promise.resolve(1).constructor, Promise);
  assert.same(Promise, globalThis.Promise);
});
