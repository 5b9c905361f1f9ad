// flags: async
// PutValue of a binding that is not initialised, or constant, fails when the value is there, and not before (§9.1.1.1.5).
const it = {
  stepped: 0,
  closed: 0,
  [Symbol.iterator]() {
    return {
      next: () => ({ value: it.stepped++, done: false }),
      return: () => (it.closed++, {}),
    };
  },
};
const dead = [
  async () => {
    x = await 1;
    let x;
  },
  async () => {
    [x] = [await 1];
    let x;
  },
  async () => {
    ({ x } = { x: await 1 });
    let x;
    return () => x;
  },
  async () => {
    for (x of [1]) await x;
    let x;
  },
  async () => {
    [x = await 1] = [];
    let x;
  },
  async () => {
    for (x in { a: 1 }) await x;
    let x;
  },
  async () => {
    await 1;
    x++;
    let x;
  },
  async () => {
    await 1;
    [...x] = [1];
    let x;
  },
  async () => {
    await 1;
    [x] = it;
    let x;
  },
  async () => {
    const f = () => {
      [x] = it;
    };
    f();
    await 1;
    let x;
  },
];
const constant = [
  async () => {
    const x = 1;
    [x] = [await 1];
  },
  async () => {
    const x = 1;
    ({ x } = { x: await 1 });
    return () => x;
  },
  async () => {
    const x = 0;
    for (x of [1]) await x;
  },
  async () => {
    const x = 0;
    [x = await 1] = it;
  },
  async () => {
    const x = await 1;
    [x] = it;
  },
];
asyncTest(async () => {
  for (const f of dead) await assert.rejects(ReferenceError, f);
  assert.list([it.stepped, it.closed], [2, 2]);
  for (const f of constant) await assert.rejects(TypeError, f);
  assert.list([it.stepped, it.closed], [4, 4]);
});
