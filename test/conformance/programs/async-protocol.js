// Async functions as objects, the order of their jobs, promises and combinators by their protocol (§27.2, §27.7).
// flags: async
const log = (...a) => print(...a.map(String));
const AsyncFunction = (async () => {}).constructor;
asyncTest(async () => {
  const fs = { async a(x, y = 1) {}, b: async function (x) {}, c: async (...r) => {}, async *d(q) {}, *e() {}, get f() { return async () => {}; }, async ["comp" + 1]() {}, async 5() {}, async [Symbol("desc")]() {}, async get() {}, async async() {}, async await() {} };
  for (const k of Reflect.ownKeys(fs)) { const d = Object.getOwnPropertyDescriptor(fs, k); const f = d.value ?? d.get; log(String(k), f.name, f.length, Object.getOwnPropertyNames(f).sort(), Object.prototype.toString.call(f), f instanceof AsyncFunction, "prototype" in f, Object.getPrototypeOf(f) === AsyncFunction.prototype); for (const n of ["name", "length"]) { const p = Object.getOwnPropertyDescriptor(f, n); log(n, p.writable, p.enumerable, p.configurable); } }
  async function decl(a, b) { return [this === undefined || this === globalThis, arguments.length, new.target]; }
  log(await decl(1, 2, 3), await decl.call(7), await Reflect.apply(decl, { x: 1 }, []));
  for (const C of [decl, fs.a, fs.b, fs.c]) { try { new C(); log("constructed"); } catch (e) { log(e.constructor.name); } try { Reflect.construct(Object, [], C); log("newTarget ok"); } catch (e) { log(e.constructor.name); } }
  log(AsyncFunction.prototype[Symbol.toStringTag], AsyncFunction.name, AsyncFunction.length, Object.getPrototypeOf(AsyncFunction) === Function);
  const order = []; const o = (x) => order.push(x);
  const th = (n) => ({ then(f) { o("then " + n); f(n); } });
  const a1 = (async () => { o("a1"); await null; o("a1.1"); return th("r"); })(); a1.then(() => o("a1 done"));
  const a2 = (async () => { o("a2"); await th("t"); o("a2.1"); return a1; })(); a2.then(() => o("a2 done"));
  const a3 = (async () => { try { await Promise.reject(1); } catch { o("a3 c"); } finally { await 0; o("a3 f"); } return 3; })(); a3.then((v) => o("a3 " + v));
  const a4 = (async () => { for (let i = 0; i < 3; i++) await (i % 2 ? Promise.resolve(i).then((x) => x) : i), o("a4 " + i); })(); a4.then(() => o("a4 done"));
  Promise.resolve().then(() => o("p1")).then(() => o("p2")).then(() => o("p3")).then(() => o("p4")).then(() => o("p5")).then(() => o("p6"));
  await Promise.allSettled([a1, a2, a3, a4]); await new Promise((r) => setTimeout(r, 0)); log(order.join());
  // then patched, constructor changed
  const p = Promise.resolve(5); p.then = function (...a) { log("own then"); return Promise.prototype.then.apply(this, a); }; log(await p, await (async () => p)());
  class Sub extends Promise { constructor(f) { super(f); log("Sub"); } static get [Symbol.species]() { log("species"); return Promise; } }
  log(await Sub.resolve(6), (await Sub.resolve(1).then((x) => x + 1)), Sub.resolve(1).then(() => {}) instanceof Sub, (await Sub.all([1, Sub.resolve(2)])).join(), await Sub.race([Sub.resolve(9)]));
  const q = Promise.resolve(1); q.constructor = { [Symbol.species]: function (f) { log("made"); f((v) => log("res", v), () => {}); } }; q.then((v) => v + 1); await null; await null; await null;
  const w = Promise.withResolvers ? Promise.withResolvers() : { promise: Promise.resolve(2), resolve() {} }; w.resolve(2); log(await w.promise);
  // combinator protocol
  const saved = Promise.resolve; let n = 0; Promise.resolve = function (...a) { n++; return saved.apply(this, a); }; await Promise.all([1, 2]); await Promise.any([1]); Promise.resolve = saved; log("resolve called", n);
  for (const m of ["all", "allSettled", "any", "race"]) { for (const x of [undefined, 5, { [Symbol.iterator]() { return { next() { throw new Error("next"); }, return() { log("closed"); } }; } }, { [Symbol.iterator]() { return { i: 0, next() { return { value: { get then() { throw new Error("then"); } }, done: this.i++ > 0 }; }, return() { log("closed"); return {}; } }; } }]) await Promise[m](x).then((v) => log(m, JSON.stringify(v)), (e) => log(m, e instanceof TypeError ? "TypeError" : e.constructor.name + e.message)); try { Promise[m].call(undefined, []); } catch (e) { log(m, e.constructor.name); } log(Promise[m].length, Promise[m].name); }
  for (const f of [() => Promise(), () => new Promise(), () => new Promise(5), () => Promise.resolve.call(5), () => Promise.prototype.then.call({}), () => Promise.reject.call(undefined)]) try { f(); log("none"); } catch (e) { log(e.constructor.name); }
  await new Promise((res, rej) => { res(1); rej(2); throw 3; }).then((v) => log("first", v));
  await new Promise(() => { throw new RangeError("ex"); }).catch((e) => log(e.name)); const self = new Promise((r) => setTimeout(() => r(self), 0)); await self.catch((e) => log(e.constructor.name));
  log(await Promise.resolve(1).finally(() => 2), await Promise.reject(1).finally(() => { throw 2; }).catch((e) => e), await Promise.resolve(1).finally(() => Promise.reject(3)).catch((e) => e), Promise.prototype.finally.length);
  const thenable = { get then() { log("get then"); return (f) => { log("call then"); f(1); f(2); throw 3; }; } }; log(await thenable);
  const nested = { then(f) { f({ then(g) { g("deep"); } }); } }; log(await nested, await Promise.resolve(nested));
});
async function f1() { "use strict"; return this; }
async function dup(a) { a = 2; return [a, arguments[0]]; }
dup(1).then((v) => print("mapped", v.join()));
