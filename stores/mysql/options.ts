/** Options of the store, checked. */
import { checkLeast, checkServerOptions, type ServerOptions } from "../batch/index.ts";

export interface MysqlOptions extends ServerOptions {
  /** What the names of coldframe's tables begin with. Default `coldframe_`. */
  readonly prefix?: string;
  /**
   * How often to ask, while nothing happens, whether other processes have news, in ms: so late may this process hear of it.
   * Default 20,000. 0: never, only the engine's own looking finds it.
   */
  readonly poll?: number;
}

const OWN: Required<Omit<MysqlOptions, keyof ServerOptions>> = { prefix: "coldframe_", poll: 20_000 };

/** @throws ColdframeError CF2301 */
export function checkMysqlOptions(options: MysqlOptions): Required<MysqlOptions> {
  const all = checkServerOptions("mysql()", options, OWN, "prefix");
  checkLeast("mysql()", "poll", all.poll, 0);
  return all;
}
