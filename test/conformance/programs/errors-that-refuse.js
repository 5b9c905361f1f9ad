// What is thrown reaches its handler, whatever happens to somebody who looks at it (ECMA-262 §14.14, §15.8.4).
// flags: async
asyncTest(async () => {
  const refuse = () => {
    throw new EvalError("looked at");
  };
  const withStack = Object.defineProperty(new RangeError("1"), "stack", { get: refuse, set: refuse });
  const thrown = [
    withStack,
    new Proxy(new Error("2"), { get: refuse }),
    Object.freeze(new Error("3")),
  ];
  const seen = [];
  for (const one of thrown) {
    const thrower = async () => {
      await null;
      throw one;
    };
    const through = async () => {
      await thrower();
    };
    const generate = async function* () {
      yield 1;
      await through();
    };
    const iterator = generate();
    await iterator.next();
    try {
      await iterator.next();
    } catch (error) {
      seen.push(error);
    }
    await Promise.allSettled([through(), thrower()]).then((all) => {
      for (const { reason } of all) seen.push(reason);
    });
  }
  const expected = [];
  for (const one of thrown) expected.push(one, one, one);
  assert.same(seen.length, expected.length);
  for (let i = 0; i < seen.length; i++) assert.same(seen[i] === expected[i], true, `${i}`);
});
