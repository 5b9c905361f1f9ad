// Jobs of async functions among native ones and of other code: in the order in which they were queued.
// flags: async
var log = [];
var tell = (name) => () => log.push(name);
async function a() { log.push("a1"); await null; log.push("a2"); await native(); log.push("a3"); return "a"; }
var native = (0, eval)("(function () { return Promise.resolve().then(() => {}); })");
var later = (0, eval)("(function (f) { return Promise.resolve(1).then(f); })");
later(tell("n1"));
var p = a();
later(tell("n2"));
p.then(tell("p"));
later(async () => { log.push("c1"); await 0; log.push("c2"); }).then(tell("c"));
queueMicrotask(tell("m"));
asyncTest(async () => { await p; await native(); await native(); print(log.join(" ")); });
