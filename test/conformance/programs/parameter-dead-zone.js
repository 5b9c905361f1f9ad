// A default that uses a parameter behind it throws (§10.2.11).
// flags: async
asyncTest(async () => { await assert.rejects(ReferenceError, () => (async (x = y, y) => x)()); });
