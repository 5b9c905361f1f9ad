/** Prints the rows of the snapshot benchmark. Bundle it and run it with Node: `esbuild --bundle --format=esm --platform=node`. */
import { plainRows } from "./plain.ts";
import { richRows } from "./rich.ts";
import { someProcessRows } from "./some-process.ts";

for (const { id, value, unit, reference, target, met } of [
  ...someProcessRows(),
  ...richRows(),
  ...plainRows(),
]) {
  console.log(
    `${id.padEnd(32)} ${String(value).padStart(8)} ${unit.padEnd(6)} JSON ${reference}  ${target} ${met ? "" : "MISSED"}`,
  );
}
