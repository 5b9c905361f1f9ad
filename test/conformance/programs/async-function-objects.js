// Async functions as objects (ECMA-262 §15.8, §27.7.3).
async function declared(a, b, c = 1) {}
var expression = async function (a) {};
var arrow = async () => {};
var method = { async named() {}, async 7() {} };
var AsyncFunction = Object.getPrototypeOf(arrow).constructor;
var all = [declared, expression, arrow, method.named, method[7]];

assert.same(AsyncFunction.name, "AsyncFunction");
for (const f of all) {
  assert.same(Object.getPrototypeOf(f), AsyncFunction.prototype);
  assert.same(Object.prototype.toString.call(f), "[object AsyncFunction]");
  assert.same(f.hasOwnProperty("prototype"), false);
  assert.same(f.prototype, undefined);
  assert.throws(TypeError, () => new f());
  assert.throws(TypeError, () => Reflect.construct(Object, [], f));
  assert.list(Object.getOwnPropertyNames(f), ["length", "name"]);
  assert(f instanceof Function);
}
assert.list(all.map((f) => f.name), ["declared", "expression", "arrow", "named", "7"]);
assert.list(all.map((f) => f.length), [2, 1, 0, 0, 0]);
assert.property(declared, "name", { value: "declared", writable: false, enumerable: false, configurable: true });
assert.property(declared, "length", { value: 2, writable: false, enumerable: false, configurable: true });
