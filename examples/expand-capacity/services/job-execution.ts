/** Job execution (`ijobs`): runs a job on a machine and answers with its exit code. */
import { type StandIn, type StandInOptions, standIn } from "../../stand-in.ts";

export function jobExecution(options: Omit<StandInOptions, "operations">): Promise<StandIn> {
  return standIn({
    ...options,
    operations: { exec_job: (_: { ip: string; job: string }) => ({ exit: 0 }) },
  });
}
