// try, catch and finally around awaits.
// flags: async
asyncTest(async () => {
  const log = [];
  const f = async (how) => {
    try { log.push("try"); await 0; if (how === "throw") throw new Error("t"); if (how === "return") return "r"; }
    catch ({ message = await assert(false) }) { log.push(message); await 0; return "caught"; }
    finally { log.push("finally"); await 0; if (how === "override") return "overridden"; }
    return "end";
  };
  assert.same(await f("throw"), "caught");
  assert.same(await f("return"), "r");
  assert.same(await f("override"), "overridden");
  assert.same(await f(), "end");
  let n = 0;
  const locals = async () => { let x = 0; try { x = 1; await 0; x = 2; JSON.parse("{"); x = 3; } catch { await 0; return x; } };
  assert.same(await locals(), 2);
  assert.same(await (async () => { try { return await Promise.reject(1); } catch (e) { return e + 1; } })(), 2);
  await assert.rejects(RangeError, async () => { try { throw new TypeError(); } finally { await 0; throw new RangeError(); } });
  assert.same(await (async () => { for (;;) { try { await 0; return 1; } finally { if (n++ < 2) continue; break; } } return n; })(), 3);
  assert.same(await (async () => { a: { try { await 0; break a; } finally { n = "left"; } } return n; })(), "left");
  assert.same(await (async () => { var e = 1; try { throw 2; } catch (e) { await 0; var e = 3; } return e; })(), 1);
  let order = "";
  try { try { await Promise.reject("x"); } finally { order += "a"; await 0; order += "b"; } } catch (e) { order += e; }
  assert.same(order, "abx");
});
