/** Servers that listen at one port on several addresses of this machine. */
import { once } from "node:events";
import type { Server } from "node:net";

export async function listen(servers: readonly Server[], addresses: readonly string[]): Promise<void> {
  let port = 0;
  for (const [i, server] of servers.entries()) {
    server.listen(port, addresses[i]);
    await once(server, "listening");
    port = portOf(servers);
  }
}

export function portOf([first]: readonly Server[]): number {
  return (first!.address() as { port: number }).port;
}

export async function closed(server: Server): Promise<void> {
  server.close();
  await once(server, "close");
}
