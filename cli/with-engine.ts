/** An engine for one command: over its store, without a worker. */
import { createEngine, type Engine } from "../runtime/index.ts";
import { openStore } from "./open-store.ts";
import type { Invocation, Terminal } from "./page.ts";

/** Calls `use` with an engine that does no work, and closes it. */
export async function withEngine<T>(
  invocation: Invocation,
  terminal: Terminal,
  use: (engine: Engine) => Promise<T>,
): Promise<T> {
  const engine = await createEngine({ store: await openStore(invocation, terminal), worker: false });
  try {
    return await use(engine);
  } finally {
    await engine.close();
  }
}
