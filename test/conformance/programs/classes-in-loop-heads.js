// flags: async
// A class in the head of a loop at the top is made anew each time: private names and the inner name are those of its own evaluation.
var made = []; var n = 0; var add = (C) => { C.s = ++n; made.push(C); return true; };
for (var i = 0; add(class C { #x = 1; async m() { await 0; return [this.#x, C.s].join(); } static async st() { await 1; return C.s; } async has(o) { await 0; return #x in o; } }), i < 3; add(class C { #x = 1; async m() { await 0; return [this.#x, C.s].join(); } static async st() { await 1; return C.s; } async has(o) { await 0; return #x in o; } }), i++);
var k = 0; while (add(class C { #x = 1; async m() { await 0; return [this.#x, C.s].join(); } static async st() { await 1; return C.s; } async has(o) { await 0; return #x in o; } }), k++ < 2); do {} while (add(class C { #x = 1; async m() { await 0; return [this.#x, C.s].join(); } static async st() { await 1; return C.s; } async has(o) { await 0; return #x in o; } }), k++ < 5);
for (var { C = class C { #x = 1; async m() { await 0; return [this.#x, C.s].join(); } static async st() { await 1; return C.s; } async has(o) { await 0; return #x in o; } } } of [{}, {}]) add(C);
var t; for ([t = class C { #x = 1; async m() { await 0; return [this.#x, C.s].join(); } static async st() { await 1; return C.s; } async has(o) { await 0; return #x in o; } }] of [[], []]) add(t);
asyncTest(async () => { var r = []; for (var C of made) { var o = new C(); r.push(await o.m(), await C.st()); } for (var i = 0; i + 1 < made.length; i++) r.push(await new made[i]().has(new made[i + 1]())); print(r.join("|")); });
