// Functions under computed keys are named after them (§13.2.5.5).
var s = Symbol("sym");
var o = { ["j" + 1]: async () => {}, [s]: async function () {}, ["k" + 1]: () => {}, async ["m" + 1]() {} };
assert.list([o.j1, o[s], o.k1, o.m1].map((x) => x.name), ["j1", "[sym]", "k1", "m1"]);
