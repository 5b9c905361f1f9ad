/** The systems of other people that the workflow drives, each behind an HTTP interface. */
import { idempotencyKey } from "../../idempotency-key.ts";

/** Server pool: racks a machine and says under which address it answers. */
export async function requestNewServer(model: string): Promise<string> {
  "use step";
  const { ip } = await post<{ ip: string }>("RES_URL", "request_new_server", { model });
  return ip;
}

/** Chat: asks a person. The answer comes back later, as an event under `key`. */
export async function askOnChat(question: string, key: string): Promise<void> {
  "use step";
  await post("CHAT_URL", "ask", { question, key });
}

/** Configuration management: what runs on the machine. */
export async function updateModule(ip: string, module: string): Promise<void> {
  "use step";
  await post("CC_URL", "update_module", { ip, module });
}

/** Job execution: runs a job on the machine and waits for its end. */
export async function execJob(ip: string, job: string): Promise<void> {
  "use step";
  await post("IJOBS_URL", "exec_job", { ip, job });
}

/** DNS: players reach the machine from now on. */
export async function addIpToDomain(domain: string, ip: string): Promise<void> {
  "use step";
  await post("GSLB_URL", "add_ip_to_domain", { domain, ip });
}

/**
 * One request. A busy system is asked again, up to five times. The idempotency key is the same in every attempt, and
 * the same after a crash, so that a system can tell a repetition from a second order.
 */
async function post<T>(system: string, operation: string, body: unknown): Promise<T> {
  const key = idempotencyKey();
  for (let attempt = 1; ; attempt++) {
    const answer = await fetch(`${process.env[system]}/${operation}`, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": key },
      body: JSON.stringify(body),
    });
    const value = (await answer.json()) as T & { error?: string };
    if (answer.ok) return value;
    if (answer.status !== 503 || attempt === 5)
      throw new Error(`${operation}: ${value.error ?? answer.statusText}`);
    await new Promise((resolve) => setTimeout(resolve, 100 * attempt));
  }
}
