import { event } from "coldframe";
import { addIpToDomain, askOnChat, execJob, requestNewServer, updateModule } from "./systems.ts";

/** Puts one more server of `model` into service. Takes days: machines are racked, and a person has to agree. */
export async function expandCapacity(model: string): Promise<string> {
  "use workflow";
  const ip = await requestNewServer(model);
  const approval = event<boolean>({ timeout: "3d" });
  await askOnChat(`put ${ip} into service?`, approval.key);
  if (!(await approval)) return `refused ${ip}`;
  await updateModule(ip, "GameSvr");
  await execJob(ip, "deploy");
  await addIpToDomain("abc.com", ip);
  return ip;
}
