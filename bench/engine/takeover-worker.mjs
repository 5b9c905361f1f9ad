// A worker that dies: node takeover-worker.mjs URL SCHEMA LEASE. Says so once it carries out steps; what it begins never ends.
import { createEngine } from "coldframe";
import { postgres } from "coldframe/postgres";
import { loadStanding } from "./takeover.mjs";

const [, , url, schema, lease] = process.argv;
loadStanding(() => {
  process.stdout.write("step\n");
  return new Promise(() => {});
});
await createEngine({ store: postgres(url, { schema }), lease: Number(lease), log: () => {} });
