/** Server pool (`res`): hands out machines. Slow, since somebody has to rack them. */
import { type StandIn, type StandInOptions, standIn } from "../../stand-in.ts";

export function serverPool(options: Omit<StandInOptions, "operations">): Promise<StandIn> {
  let racked = 0;
  return standIn({
    ...options,
    operations: { request_new_server: (_: { model: string }) => ({ ip: `10.0.0.${++racked}` }) },
  });
}
