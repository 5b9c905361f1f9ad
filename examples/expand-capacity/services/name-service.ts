/** DNS (`gslb`): which machines answer for a domain. */
import { type StandIn, type StandInOptions, standIn } from "../../stand-in.ts";

export function nameService(options: Omit<StandInOptions, "operations">): Promise<StandIn> {
  const zone = new Map<string, Set<string>>();
  return standIn({
    ...options,
    operations: {
      add_ip_to_domain: ({ domain, ip }: { domain: string; ip: string }) => {
        const ips = zone.get(domain) ?? new Set();
        zone.set(domain, ips.add(ip));
      },
    },
  });
}
