// Where generators inherit from (ECMA-262 §27.3.3, §27.4.3, §10.2.1.3): the intrinsics of the realm.
// flags: async
const intrinsic = (f) => Object.getPrototypeOf(f).prototype;
const sync = [function* () {}, { *m() {} }.m, class { static *m() {} }.m];
const asyncs = [async function* () {}, { async *m() {} }.m, class { async *m() {} }.prototype.m];
for (const f of [...sync, ...asyncs]) {
  assert.same(Object.getPrototypeOf(f.prototype), intrinsic(f));
  assert.same(Object.getPrototypeOf(f()), f.prototype);
  assert.same(f.prototype.constructor, Object.getPrototypeOf(f));
  assert.list(Object.keys(f.prototype), []);
  assert.property(f, "prototype", { writable: true, enumerable: false, configurable: false });
}
const iterator = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
assert.same(Object.getPrototypeOf(intrinsic(sync[0])), iterator);
const asyncIterator = Object.getPrototypeOf(intrinsic(asyncs[0]));
assert.same(typeof Object.getOwnPropertyDescriptor(asyncIterator, Symbol.asyncIterator).value, "function");

function* replaced(x) {
  try {
    print(yield x);
    print(yield x + 1);
  } finally {
    print("closed");
  }
}
for (const value of [null, undefined, 3]) {
  replaced.prototype = value;
  assert.same(Object.getPrototypeOf(replaced(1)), intrinsic(replaced));
}
const one = replaced(1);
assert.same(one.next("lost").value, 1);
assert.same(one.next("sent").value, 2);
const end = one.return("early");
assert.same(end.value, "early");
assert.same(end.done, true);
assert.same(one.next().done, true);
const early = replaced(1);
assert.same(early.return(5).value, 5);
assert.same(early.next().done, true);
assert.throws(RangeError, () => replaced(1).throw(new RangeError()));
assert.list([...replaced(4)], [4, 5]);
for (const x of replaced(7)) if (x === 7) break;

const own = { mine: 1 };
replaced.prototype = own;
assert.same(Object.getPrototypeOf(replaced()), own);
assert.same(replaced().next, undefined);
replaced.prototype = Object.create(intrinsic(replaced));
assert.same(replaced(8).next().value, 8);
assert.same(replaced(8) instanceof replaced, true);

async function* several() {
  const sent = yield 1;
  yield sent;
}
several.prototype = null;
asyncTest(async () => {
  const it = several();
  assert.same(Object.getPrototypeOf(it), intrinsic(several));
  assert.same((await it.next("lost")).value, 1);
  assert.same((await it.next("sent")).value, "sent");
  assert.same((await it.return("early")).value, "early");
  assert.same((await it.next()).done, true);
  for await (const x of several()) print(x);
});
