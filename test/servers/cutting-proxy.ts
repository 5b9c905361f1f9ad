/** A TCP proxy before a database server, which loses the answer to a `COMMIT`, or the `COMMIT` itself. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export class CuttingProxy {
  readonly #server = createServer((client) => this.#accept(client));
  readonly #to: URL;
  readonly #sockets = new Set<Socket>();
  /** What becomes of the next `COMMIT`. */
  cut: "never" | "before" | "after" = "never";
  cuts = 0;

  private constructor(to: string) {
    this.#to = new URL(to);
  }

  static async open(to: string): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(to);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  /** The server, through the proxy. */
  get url(): string {
    const url = new URL(this.#to);
    url.hostname = "127.0.0.1";
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(client: Socket): void {
    const port = Number(this.#to.port || (this.#to.protocol.startsWith("postgres") ? 5432 : 3306));
    const server = connect(port, this.#to.hostname);
    let isCommitting = false;
    const end = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on("error", end);
      socket.on("close", end);
    }
    client.on("data", (data) => {
      if (this.cut !== "never" && data.includes("COMMIT")) {
        this.cuts++;
        const { cut } = this;
        this.cut = "never";
        if (cut === "before") {
          end();
          return;
        }
        isCommitting = true;
      }
      server.write(data);
    });
    server.on("data", (data) => {
      if (isCommitting) end();
      else client.write(data);
    });
  }
}
