// Names of anonymous functions (§8.4).
var a = async () => {}, b = async function () {}, c = function* () {}, d = class {}, e = class { static async m() {} };
let { f = async () => {} } = {};
let [g = async function () {}] = [];
var h; h = async () => {};
var o = { i: async () => {}, async k() {}, get l() { return 1; }, "m n": async () => {}, 5: async function () {} };
assert.list([a, b, c, d, f, g, h].map((x) => x.name), ["a", "b", "c", "d", "f", "g", "h"]);
assert.same(e.m.name, "m");
assert.list([o.i, o.k, o["m n"], o[5]].map((x) => x.name), ["i", "k", "m n", "5"]);
assert.same((async () => {}).name, "");
assert.same((async function () {}).name, "");
assert.same(Object.getOwnPropertyDescriptor(o, "l").get.name, "get l");
var withDefault = (x = async () => {}) => x.name;
assert.same(withDefault(), "x");
