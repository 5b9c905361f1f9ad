export async function price(item: string): Promise<number> {
  "use step";
  return item.length;
}
