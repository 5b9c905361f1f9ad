// Requests, delegation and closing of async generators and for await (§14.7.5, §27.6).
// flags: async
const log = (...a) => print(...a.map((x) => (x && typeof x === "object" ? JSON.stringify(x) : String(x))));
const settle = (name, p) => p.then((v) => log(name, "ok", v), (e) => log(name, "err", e && e.message ? e.constructor.name + (e instanceof TypeError ? "" : e.message) : e));
const iterOf = (steps, extra = {}) => ({ [Symbol.asyncIterator]() { let i = 0; return { next(v) { log("next", v, arguments.length); const s = steps[i++]; if (typeof s === "function") return s(v); return s; }, ...extra }; } });
asyncTest(async () => {
  async function* plain() { try { const a = yield 1; log("a", a); const b = yield Promise.resolve(2); log("b", b); } catch (e) { log("caught", e.message); yield "c"; } finally { log("fin"); yield "f"; } return Promise.resolve("r"); }
  let g = plain();
  settle("1", g.next("x")); settle("2", g.next("y")); settle("3", g.throw(new Error("t"))); settle("4", g.return("z")); settle("5", g.next()); settle("6", g.next());
  await null; await null; await new Promise((r) => setTimeout(r, 0));
  g = plain(); settle("r1", g.return(Promise.reject(new Error("rej")))); settle("r2", g.next()); await new Promise((r) => setTimeout(r, 0));
  g = plain(); settle("t1", g.throw(new Error("start"))); settle("t2", g.next()); await new Promise((r) => setTimeout(r, 0));
  g = plain(); await g.next(); settle("p1", g.return(Promise.reject(new Error("in body")))); settle("p2", g.next()); settle("p3", g.next()); await new Promise((r) => setTimeout(r, 0));
  g = plain(); await g.next(); settle("q1", g.return({ get then() { log("then read"); throw new Error("getter"); } })); settle("q2", g.next()); await new Promise((r) => setTimeout(r, 0));
  // constructor getter of a promise in return
  const bad = Promise.resolve(1); Object.defineProperty(bad, "constructor", { get() { throw new Error("ctor"); } });
  g = plain(); settle("c1", g.return(bad)); await new Promise((r) => setTimeout(r, 0));
  g = plain(); await g.next(); settle("c2", g.return(bad)); settle("c3", g.next()); await new Promise((r) => setTimeout(r, 0));
  async function* d(x) { try { log("result", yield* x); } catch (e) { log("d caught", e && (e instanceof TypeError ? "TypeError" : e.message)); } }
  const drain = async (name, it, ...ops) => { for (const [op, v] of ops) await it[op](v).then((r) => log(name, op, r), (e) => log(name, op, "err", e && e.constructor && e.constructor.name)); };
  await drain("y1", d(iterOf([{ value: Promise.resolve(1), done: false }, Promise.resolve({ value: 2, done: true })])), ["next", 1], ["next", 2], ["next", 3]);
  await drain("y2", d(iterOf([{ value: 1, done: false }])), ["next"], ["throw", 5], ["next"]);
  await drain("y3", d(iterOf([{ value: 1, done: false }], { return(v) { log("return", v, arguments.length); return { value: "rv", done: true }; } })), ["next"], ["throw", 5], ["next"]);
  await drain("y4", d(iterOf([{ value: 1, done: false }], { return(v) { log("return", v); return { value: "rv", done: true }; } })), ["next"], ["return", 7], ["next"]);
  await drain("y5", d(iterOf([{ value: 1, done: false }], { return(v) { return 5; } })), ["next"], ["return", 7], ["next"]);
  await drain("y6", d(iterOf([{ value: 1, done: false }], { return: 5 })), ["next"], ["return", 7], ["next"]);
  await drain("y7", d(iterOf([{ value: 1, done: false }], { get throw() { throw new Error("get throw"); } })), ["next"], ["throw", 7], ["next"]);
  await drain("y8", d(iterOf([{ value: 1, done: false }], { throw(v) { return Promise.reject(new Error("own")); } })), ["next"], ["throw", 7], ["next"]);
  await drain("y9", d(iterOf([5])), ["next"], ["next"]);
  await drain("y10", d(iterOf([() => { throw new Error("n"); }])), ["next"], ["next"]);
  await drain("y11", d({ [Symbol.asyncIterator]: 5 }), ["next"]);
  await drain("y12", d({ [Symbol.asyncIterator]() { return 5; } }), ["next"]);
  await drain("y15", d([1, 2]), ["next"], ["return", Promise.resolve("pr")], ["next"]);
  await drain("y16", d(iterOf([{ get value() { log("value"); return 1; }, get done() { log("done"); return false; } }, { get value() { log("value"); throw new Error("v"); }, done: true }])), ["next"], ["next"]);
  // for await
  const fa = async (name, x, body) => { try { for await (const v of x) { log(name, v); if (body) body(v); } log(name, "end"); } catch (e) { log(name, "err", e && (e instanceof TypeError ? "TypeError" : e.message)); } };
  await fa("f1", iterOf([{ value: Promise.resolve(1), done: false }, { done: true }]));
  await fa("f2", iterOf([{ value: 1, done: false }], { return() { log("ret"); return Promise.reject(new Error("ret rej")); } }), () => { throw new Error("body"); });
  await (async () => { try { for await (const v of iterOf([{ value: 1, done: false }], { return() { log("ret"); return 5; } })) { break; } } catch (e) { log("f3", e.constructor.name); } })();
  await (async () => { try { for await (const v of iterOf([{ value: 1, done: false }], { get return() { throw new Error("get"); } })) { break; } } catch (e) { log("f4", e.message); } })();
  await (async () => { try { for await (const { a = log("default") } of [{}, Promise.resolve({ a: 2 })]) log("f5", a); } catch (e) { log("f5", e.message); } })();
  await fa("f6", [Promise.reject(new Error("el"))]);
  await fa("f7", null); await fa("f8", { [Symbol.asyncIterator]() {} }); await fa("f9", { [Symbol.asyncIterator]: () => ({ next: 5 }) });
  const AG = Object.getPrototypeOf(plain); const AGP = AG.prototype; const AIP = Object.getPrototypeOf(AGP);
  log(AIP[Symbol.asyncIterator].call(7), AIP[Symbol.asyncIterator].name, AGP[Symbol.toStringTag], AG[Symbol.toStringTag], g[Symbol.asyncIterator]() === g, Object.prototype.toString.call(g));
  log(plain.hasOwnProperty("caller"), plain.hasOwnProperty("arguments"), Object.getOwnPropertyNames(plain).sort().join(), plain.length, plain.name);
  const p = Object.getOwnPropertyDescriptor(plain, "prototype"); log(p.writable, p.enumerable, p.configurable);
  plain.prototype = 5; log(Object.getPrototypeOf(plain()) === AGP); const own = {}; plain.prototype = own; log(Object.getPrototypeOf(plain()) === own);
  try { new plain(); } catch (e) { log(e.constructor.name); }
  await AGP.next.call({}).catch((e) => log("bad this", e.constructor.name));
  await new Promise((r) => setTimeout(r, 0));
});
