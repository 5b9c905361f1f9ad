/** Options of the store, checked. */
import { wrongOption } from "../../runtime/errors.ts";
import { checkServerOptions, type ServerOptions } from "../batch/index.ts";

export interface PostgresOptions extends ServerOptions {
  /** Schema of coldframe's tables. Created when it does not exist. Default `coldframe`. */
  readonly schema?: string;
  /**
   * Whether processes hint at news to each other, by a connection of its own on which they `LISTEN`. Default true. False behind
   * a pooler that hands out a connection for each transaction; a URL: that of the server itself, for this connection only.
   */
  readonly listen?: boolean | string;
}

const OWN: Required<Omit<PostgresOptions, keyof ServerOptions>> = { schema: "coldframe", listen: true };

/** @throws ColdframeError CF2301 */
export function checkPostgresOptions(options: PostgresOptions): Required<PostgresOptions> {
  const all = checkServerOptions("postgres()", options, OWN, "schema");
  if (typeof all.listen !== "boolean" && typeof all.listen !== "string")
    throw wrongOption("postgres()", "listen", all.listen, "true, false, or the URL of the server");
  return all;
}
