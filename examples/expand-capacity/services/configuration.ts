/** Configuration management (`cc`): knows which module runs on which machine. */
import { type StandIn, type StandInOptions, standIn } from "../../stand-in.ts";

export function configuration(options: Omit<StandInOptions, "operations">): Promise<StandIn> {
  const modules = new Map<string, string>();
  return standIn({
    ...options,
    operations: {
      update_module: ({ ip, module }: { ip: string; module: string }) => void modules.set(ip, module),
    },
  });
}
