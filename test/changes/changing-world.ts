/** Runs that are parked in one version of a module and carried on by the next, each version in an engine of its own. */
import type { Engine, RunState } from "../../runtime/index.ts";
import { Stage } from "../engine/stage.ts";
import { type Exports, load, unload } from "./load.ts";

export interface Outcome {
  readonly result?: unknown;
  /** Why it is blocked. */
  readonly blocked?: string;
}

/** A version of the module: its text, and its id if that is another one. */
export type Version = string | { readonly source: string; readonly moduleId: string };

export class ChangingWorld {
  #stages: Stage[] = [];

  async close(): Promise<void> {
    for (const stage of this.#stages) await stage.close();
    this.#stages = [];
    unload();
  }

  stage(): Stage {
    const stage = new Stage();
    this.#stages.push(stage);
    return stage;
  }

  /** Parks `flow(3)` of the old version at its first await, and lets a fresh engine carry it on under the new one. */
  async carryOver(before: Version, ...after: readonly Version[]): Promise<Outcome> {
    const stage = this.stage();
    await this.park(stage, loadVersion(before));
    for (const version of after.slice(0, -1)) await this.wakeOnce(stage, version);
    loadVersion(after.at(-1)!);
    const engine = await stage.engine();
    await engine.send("go", 100, { id: "go" });
    await engine.send("again", 1000, { id: "again" });
    return this.outcome(stage, engine);
  }

  /** Parks a run called `id`, and lets its process die. */
  async park(stage: Stage, { flow }: Exports, id = "run"): Promise<void> {
    const { engine, kill } = await stage.mortal();
    await engine.start(flow!, [3], { id });
    await stage.when(async () => {
      const state = await engine.get(id);
      return state?.status === "active" && state.waits.length > 0;
    });
    kill();
  }

  /** A version that carries the run on by one event "tick", and then dies. */
  async wakeOnce(stage: Stage, version: Version): Promise<void> {
    loadVersion(version);
    const { engine, kill } = await stage.mortal();
    const turn = (await engine.get("run"))!.turn;
    await engine.send("tick", 1);
    await stage.when(async () => {
      const state = await engine.get("run");
      return state?.status !== "active" || state.turn > turn;
    });
    kill();
  }

  async outcome(stage: Stage, engine: Engine, id = "run"): Promise<Outcome> {
    let state: RunState | null = null;
    await stage.when(async () => {
      state = await engine.get(id);
      return state !== null && ["done", "failed", "blocked"].includes(state.status);
    });
    if (state!.status === "blocked") return { blocked: (state as RunState | null)!.blocked!.reason };
    return { result: await stage.until(engine.run(id).result()) };
  }
}

export function loadVersion(version: Version): Exports {
  return typeof version === "string" ? load(version) : load(version.source, version.moduleId);
}
