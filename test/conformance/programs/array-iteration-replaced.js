// The program may take away or replace how arrays iterate (ECMA-262 §23.1.3.40): what saves and restores it does not mind.
// flags: async
const original = Array.prototype[Symbol.iterator];
async function* generate() {
  const [a, ...rest] = [1, 2, 3];
  yield a;
  await null;
  yield rest[0];
}
asyncTest(async () => {
  const seen = [];
  Array.prototype[Symbol.iterator] = function* () {
    for (let i = this.length - 1; i >= 0; i--) yield this[i];
  };
  const made = async ([a, b]) => {
    await null;
    const [c] = [a, b];
    return c;
  };
  const first = await made(["a", "b"]);
  const iterator = generate();
  const second = (await iterator.next()).value;
  const third = (await iterator.next()).value;
  delete Array.prototype[Symbol.iterator];
  const late = async function* () {
    yield 1;
    const [x] = [1];
  };
  let error;
  try {
    const one = late();
    await one.next();
    await one.next();
  } catch (caught) {
    error = caught;
  }
  const isGone = !(Symbol.iterator in Array.prototype);
  const thrower = async () => {
    await null;
    throw new RangeError("thrown");
  };
  let thrown;
  try {
    await thrower();
  } catch (caught) {
    thrown = caught;
  }
  Array.prototype[Symbol.iterator] = original;
  assert.list([first, second, third, isGone, error.constructor], ["a", 3, 2, true, TypeError]);
  assert.list([thrown.constructor, thrown.message], [RangeError, "thrown"]);
});
