// Declarations of a script (§16.1.7).
// flags: sloppy
assert.same(typeof globalThis.hoisted, "function");
assert.same(typeof later, "function");
assert.same(variable, undefined);
var variable = 1;
assert.same(globalThis.variable, 1);
assert.throws(ReferenceError, () => lexical);
let lexical = async () => 2;
assert.same(globalThis.lexical, undefined);
assert.same(lexical.name, "lexical");
class Global { async m() {} }
assert.same("Global" in globalThis, false);
async function hoisted() {}
function later() { return async () => lexical; }
assert.same(this, globalThis);
for (const name of Object.getOwnPropertyNames(globalThis)) assert.same(name.includes("$"), false, name);
assert.same((0, eval)("var evaluated = 1; evaluated"), 1);
