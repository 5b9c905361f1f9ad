/** `coldframe/diagnostics`: facts about runs on a channel of `node:diagnostics_channel`, for tools that the application does not know. */
import { channel } from "node:diagnostics_channel";
import type { Engine } from "../../runtime/index.ts";

/** The name of the channel. Its messages are `Fact`s. */
export const CHANNEL = "coldframe:fact";

/**
 * Publishes what `engine` tells. While the channel has no subscribers, no fact is made.
 * @returns stops it
 */
export function publishFacts(engine: Pick<Engine, "facts">): () => void {
  const facts = channel(CHANNEL);
  return engine.facts.listen(
    (fact) => facts.publish(fact),
    () => facts.hasSubscribers,
  );
}
