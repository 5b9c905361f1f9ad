/** What became of `flows.ts`: moved, its await changed and migrated, the rest removed. */
"use workflow";
import { event, migrate, renamed } from "coldframe";
import { price } from "./shop.ts";

renamed("coldframe/test/cli/support/flows.ts", "coldframe/test/cli/support/later-flows.ts");

export async function order(item: string): Promise<string> {
  const notes: string[] = [];
  const note = (text: string) => void notes.push(text);
  const cost = await price(item);
  note(`${item} costs ${cost}`);
  const answer = await confirmed(item);
  return `${answer ? "ordered" : "left"} ${item}: ${notes.join()}`;
}

async function confirmed(what: string): Promise<boolean> {
  const reply = await event<{ yes: boolean }>({ key: `confirm ${what}`, timeout: "9d" });
  return reply.yes;
}
migrate("coldframe/test/cli/support/later-flows.ts#confirmed", {
  from: { at: "event" },
  frame: (old) => old,
});
