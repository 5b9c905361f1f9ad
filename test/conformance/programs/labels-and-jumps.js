// Jumps across loops, switches and finally blocks that await.
// flags: async
asyncTest(async () => {
  const log = [];
  a: for (let i = 0; i < 3; i++) {
    b: for (const j of [0, 1, 2]) {
      try { await 0; if (j === 1) continue a; if (i === 2) break a; log.push(`${i}${j}`); continue b; }
      finally { log.push("f"); await 0; }
    }
  }
  print(log.join(" "));
  const sw = async (x) => { switch (x) { case 0: await 0; return "zero"; default: await 0; x = "d"; case 1: { await 0; let y = x; return `one ${y}`; } case 2: break; } return "after"; };
  assert.list([await sw(0), await sw(1), await sw(2), await sw(9)], ["zero", "one 1", "after", "one d"]);
  block: { await 0; if (log.length) break block; assert(false); }
  let n = 0;
  while (true) { if (n++ > 3) break; await n; if (n % 2) continue; n++; }
  assert.same(n, 6);
  const r = await (async () => { for (const x of [1, 2]) { try { return await x; } finally { if (x === 1) continue; } } })();
  assert.same(r, 2);
  const v = await (async () => { try { try { throw 1; } finally { await 0; } } catch (e) { try { throw e + 1; } catch (f) { await 0; return [e, f]; } } })();
  assert.list(v, [1, 2]);
});
