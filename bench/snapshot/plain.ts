/** Plain data: 1 MB beside `JSON.stringify` and `JSON.parse`, in the same rounds. */
import { Run } from "../../runtime/machine/index.ts";
import { decodeRun, encodeRun } from "../../runtime/snapshot/index.ts";
import { begin, hold, host } from "../../test/snapshot/programs.ts";
import { issues } from "./issues.ts";
import { measure, type Row, row } from "./measure.ts";

export function plainRows(): Row[] {
  const data = issues(1_080_000);
  const json = JSON.stringify(data);
  const run = begin(hold, () => data);
  const { text } = encodeRun(run);
  const [out, stringify] = measure(
    5,
    () => encodeRun(run),
    () => JSON.stringify(data),
  );
  const [back, parse] = measure(
    5,
    () => decodeRun(text, new Run("run-1", host)),
    () => JSON.parse(json),
  );
  return [
    row("plain-1mb.encode", out!, "us", stringify!, "<= 1.5x JSON", out! <= 1.5 * stringify!),
    row("plain-1mb.decode", back!, "us", parse!, "<= 1.5x JSON", back! <= 1.5 * parse!),
  ];
}
