// The order of jobs among promises and async functions (§9.5, §27.2).
// flags: async
var log = [];
async function step(name, count) { for (let i = 0; i < count; i++) { log.push(name + i); await i; } return name; }
async function nested() { log.push("n"); await (async () => { await null; log.push("inner"); })(); log.push("n2"); }
function native(name) { return Promise.resolve().then(() => log.push(name + 1)).then(() => log.push(name + 2)).then(() => log.push(name + 3)); }
asyncTest(async () => {
  const all = [step("a", 3), native("p"), step("b", 3), nested(), native("q")];
  (async () => Promise.resolve(1))().then(() => log.push("adopted"));
  (async () => ({ then(f) { log.push("then"); f(); } }))().then(() => log.push("thenable"));
  new Promise((f) => f(Promise.resolve())).then(() => log.push("resolved with"));
  queueMicrotask(() => log.push("micro"));
  await Promise.all(all);
  await Promise.allSettled([step("c", 2), Promise.reject(1), native("r")]);
  print(log.join(" "));
});
