/** A host of its own on this machine: a network namespace with one cable to here, which can be pulled (network-namespaces(7), veth(4)). */
import { spawnSync } from "node:child_process";

export class Island {
  /** How a program is started there: words before it. */
  readonly enter: readonly string[];
  /** This machine, as it is called there. */
  readonly address: string;
  readonly #name: string;

  private constructor(name: string, address: string) {
    this.#name = name;
    this.address = address;
    this.enter = ["ip", "netns", "exec", name];
  }

  /** @returns why there is none, when it cannot be made: it takes root, and `ip` of iproute2 */
  static open(): Island | string {
    if (process.getuid?.() !== 0) return "it takes root to make a network namespace";
    const name = `cf${process.pid}`;
    const network = `10.203.${process.pid & 255}`;
    const island = new Island(name, `${network}.1`);
    const failed = [
      `netns add ${name}`,
      `link add ${name}a type veth peer name ${name}b netns ${name}`,
      `addr add ${network}.1/30 dev ${name}a`,
      `-n ${name} addr add ${network}.2/30 dev ${name}b`,
      `-n ${name} link set lo up`,
      `-n ${name} link set ${name}b up`,
      `link set ${name}a up`,
    ].map(ip);
    const why = failed.find((one) => one !== null);
    if (why === undefined) return island;
    island.close();
    return `a network namespace cannot be made: ${why}`;
  }

  /** Nothing passes any more, and nobody is told. */
  pull(): void {
    ip(`link set ${this.#name}a down`);
  }

  plug(): void {
    ip(`link set ${this.#name}a up`);
  }

  close(): void {
    ip(`link del ${this.#name}a`);
    ip(`netns del ${this.#name}`);
  }
}

/** @returns what it says against it, or null */
function ip(words: string): string | null {
  const { status, stderr, error } = spawnSync("ip", words.split(" "), { encoding: "utf8" });
  return status === 0 ? null : (error?.message ?? stderr.trim());
}
