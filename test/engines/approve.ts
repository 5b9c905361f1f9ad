import { event, sleep } from "../../runtime/index.ts";

export async function price(item: string): Promise<number> {
  "use step";
  await null;
  return item.length * 10;
}

export async function approve(item: string): Promise<unknown> {
  "use workflow";
  const [cost] = await Promise.all([price(item), sleep(5)]);
  const { by } = await event<{ by: string }>("approval");
  return `${item} for ${cost} by ${by}`;
}
