/** Runs the programs that are named in the arguments, and prints what each comes to as a line of JSON. `PARKED`: saved between any two jobs. */
import { argv, env } from "node:process";
import { programs } from "./programs.mjs";

if (env.PARKED) {
  const { parkEverywhere } = await import("coldframe/testing");
  parkEverywhere({ at: "job" });
}
for (const name of argv.slice(2)) {
  let result;
  try {
    result = await programs[name]();
  } catch (error) {
    result = {
      threw: String(error?.stack ?? error)
        .split("\n")
        .slice(0, 8),
    };
  }
  console.log(JSON.stringify([name, result]));
}
process.exit();
