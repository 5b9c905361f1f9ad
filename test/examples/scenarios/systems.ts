/**
 * Stand-in systems in virtual time. Each operation is a step that notes `-> name arguments`, answers after one
 * millisecond, and notes `<- name = answer` or `<- name ! message`. What they do is decided by the course of events
 * that was put in with `play`.
 */

/** One course of events. */
export interface Course {
  /** Messages with which the first calls of an operation fail. */
  readonly failures: Readonly<Record<string, readonly string[]>>;
  /** Answers that the approval gets, at these virtual milliseconds. */
  readonly approvals: readonly { readonly at: number; readonly answer: boolean }[];
}

interface Play {
  readonly course: Course;
  readonly trace: string[];
  readonly after: (milliseconds: number, then: () => void) => void;
  readonly calls: Map<string, number>;
}

let current: Play;

/**
 * Begins a course of events.
 * @param after the virtual clock's timer
 * @returns the trace, which grows
 */
export function play(course: Course, after: Play["after"]): string[] {
  current = { course, trace: [], after, calls: new Map() };
  return current.trace;
}

function call(name: string, args: Record<string, unknown>, answer?: unknown): Promise<unknown> {
  const { course, trace, after, calls } = current;
  const made = calls.get(name) ?? 0;
  calls.set(name, made + 1);
  const failure = course.failures[name]?.[made];
  trace.push(
    `-> ${name} ${Object.entries(args)
      .map((pair) => pair.join("="))
      .join(" ")}`,
  );
  return new Promise((resolve, reject) =>
    after(1, () => {
      if (failure !== undefined) trace.push(`<- ${name} ! ${failure}`);
      else trace.push(`<- ${name}${answer === undefined ? "" : ` = ${JSON.stringify(answer)}`}`);
      if (failure !== undefined) reject(new Error(failure));
      else resolve(answer);
    }),
  );
}

export async function requestNewServer(model: string): Promise<string> {
  "use step";
  return (await call("res.request_new_server", { model }, "10.0.0.1")) as string;
}

export async function releaseServer(ip: string): Promise<void> {
  "use step";
  await call("res.release_server", { ip });
}

export async function updateModule(ip: string, module: string): Promise<void> {
  "use step";
  await call("cc.update_module", { ip, module });
}

export async function execJob(ip: string, jobName: string): Promise<void> {
  "use step";
  await call("ijobs.exec_job", { ip, jobName }, 0);
}

export async function addIpToDomain(domain: string, ip: string): Promise<void> {
  "use step";
  await call("gslb.add_ip_to_domain", { domain, ip });
}

/** Puts a question to a person. Returns the ticket under which the answer will come. */
export async function ask(q: string): Promise<string> {
  "use step";
  return (await call("smcs.send", { q }, "T1")) as string;
}

export async function stopGame(entity: number): Promise<void> {
  "use step";
  await call("game.stop", { entity });
}

export async function killGame(entity: number): Promise<void> {
  "use step";
  await call("game.kill", { entity });
}

export async function startGame(entity: number): Promise<void> {
  "use step";
  await call("game.start", { entity });
}

/** One half of a game: its database (`db`) or its application (`app`). */
export type Half = "db" | "app";

export async function backUp(half: Half, entity: number): Promise<string> {
  "use step";
  return (await call(`${half}.backup`, { entity }, half === "db" ? "dump.sql.gz" : "app.tgz")) as string;
}

export async function upgrade(half: Half, entity: number, file: string): Promise<void> {
  "use step";
  await call(`${half}.upgrade`, { entity, file });
}

export async function restore(half: Half, entity: number, from: string): Promise<void> {
  "use step";
  await call(`${half}.restore`, { entity, from });
}
