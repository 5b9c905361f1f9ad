/** Workflows that end up in every state that the command line has to show. */
"use workflow";
import { event, sleep } from "coldframe";
import { price } from "./shop.ts";

/** Parks at an event, two calls deep, with a closure over a local. */
export async function order(item: string): Promise<string> {
  const notes: string[] = [];
  const note = (text: string) => void notes.push(text);
  const cost = await price(item);
  note(`${item} costs ${cost}`);
  const answer = await confirmed(item);
  return `${answer ? "ordered" : "left"} ${item}: ${notes.join()}`;
}

async function confirmed(what: string): Promise<boolean> {
  const reply = await event<{ yes: boolean }>({ key: `confirm ${what}`, timeout: "3d" });
  return reply.yes;
}

/** Parks with values that are stored in parts. */
export async function inventory(): Promise<number> {
  const rows = Array.from({ length: 5000 }, (_, i) => ({ id: i, name: `article ${i}` }));
  const report = "a line of the report\n".repeat(10_000);
  await event("counted");
  return rows.length + report.length;
}

export async function nap(): Promise<string> {
  await sleep("2h");
  return "rested";
}

export async function fails(): Promise<void> {
  await price("a pear");
  throw new RangeError("no pears");
}

/** Waits for a promise that nobody can settle. */
export async function stuck(): Promise<void> {
  await new Promise(() => {});
}

/** Made by another function: its name is that of the constant. */
const workflow =
  <A extends unknown[], R>(f: (...args: A) => Promise<R>) =>
  async (...args: A) =>
    await f(...args);
export const wrapped = workflow(async (n: number) => n * 2);
