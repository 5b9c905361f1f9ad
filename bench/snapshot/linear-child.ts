/** One size, for `linear.ts`. */
import { measureSize } from "./linear.ts";

console.log(JSON.stringify(measureSize(Number(process.argv[2]))));
