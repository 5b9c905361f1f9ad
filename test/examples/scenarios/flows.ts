/** The founding scenarios: more servers, an approval with and without a deadline, an upgrade that rolls back. */
"use workflow";
import { event, sleep, TimeoutError } from "coldframe";
import {
  addIpToDomain,
  ask,
  backUp,
  execJob,
  type Half,
  killGame,
  releaseServer,
  requestNewServer,
  restore,
  startGame,
  stopGame,
  updateModule,
  upgrade,
} from "./systems.ts";

export async function expandCapacity(): Promise<void> {
  const ip = await requestNewServer("B6");
  await updateModule(ip, "GameSvr");
  await execJob(ip, "deploy");
  await addIpToDomain("abc.com", ip);
}

export async function deployWhenApproved(): Promise<string> {
  const ip = await requestNewServer("B6");
  const ticket = await ask(`deploy ${ip}?`);
  if (!(await event<boolean>({ key: `approve:${ticket}` }))) return `refused ${ip}`;
  await execJob(ip, "deploy");
  return `deployed ${ip}`;
}

export async function deployWhenApprovedInTime(): Promise<string> {
  const ip = await requestNewServer("B6");
  const ticket = await ask(`deploy ${ip}?`);
  let approved = false;
  try {
    approved = await event<boolean>({ key: `approve:${ticket}`, timeout: "3d" });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
  }
  if (approved) {
    await execJob(ip, "deploy");
    return `deployed ${ip}`;
  }
  await releaseServer(ip);
  return `released ${ip}`;
}

export async function upgradeGame(entity: number, file: string): Promise<string> {
  const undo: (() => Promise<void>)[] = [];
  const branch = async (half: Half, attempts: number) => {
    const backup = await patiently(attempts, () => backUp(half, entity));
    undo.push(() => restore(half, entity, backup));
    await upgrade(half, entity, file);
  };
  try {
    await stopGame(entity).catch(() => killGame(entity));
    undo.push(() => startGame(entity));
    const results = await Promise.allSettled([branch("db", 3), branch("app", 1)]);
    const reasons = results.flatMap((result) =>
      result.status === "rejected" ? [result.reason as Error] : [],
    );
    if (reasons.length > 0) throw new AggregateError(reasons, texts(reasons));
    await startGame(entity);
    return "upgraded";
  } catch (error) {
    const stuck: Error[] = [];
    for (const back of undo.reverse()) await back().catch((reason: Error) => void stuck.push(reason));
    return stuck.length > 0 ? `ROLLBACK FAILED: ${texts(stuck)}` : `rolled back: ${(error as Error).message}`;
  }
}

async function patiently<T>(attempts: number, attempt: () => Promise<T>): Promise<T> {
  for (let made = 1; ; made++) {
    try {
      return await attempt();
    } catch (error) {
      if (made === attempts) throw error;
      await sleep(1000 * made);
    }
  }
}

function texts(errors: readonly Error[]): string {
  return errors.map((error) => error.message).join("; ");
}
