// The order of what async generators do among other jobs.
// flags: async
var log = [];
async function* g(name) { log.push(name); try { yield 1; log.push(`${name} between`); yield* [2, 3]; } finally { log.push(`${name} finally`); } }
asyncTest(async () => {
  const it = g("a");
  it.next().then(() => log.push("first"));
  it.next().then(() => log.push("second"));
  it.return("r").then((one) => log.push(`returned ${one.value} ${one.done}`));
  it.next().then((one) => log.push(`done ${one.done}`));
  Promise.resolve().then(() => log.push("p1")).then(() => log.push("p2")).then(() => log.push("p3"));
  for await (const x of g("b")) { log.push(x); if (x === 2) break; }
  await 0; await 0; await 0; await 0; await 0; await 0;
  print(log.join(" | "));
});
