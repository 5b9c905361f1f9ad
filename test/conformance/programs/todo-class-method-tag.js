// Async methods of classes inherit from AsyncFunction.prototype.
class A { async m() {} static async s() {} }
assert.list([A.prototype.m, A.s].map((f) => Object.prototype.toString.call(f)), ["[object AsyncFunction]", "[object AsyncFunction]"]);
