/**
 * Saves and restores `someProcess`, parked in a two-deep call: bytes, microseconds out and in, beside `JSON.stringify` and
 * `JSON.parse` of equal data in the same run.
 */
import { Run } from "../../runtime/machine/index.ts";
import { decodeRun, encodeRun } from "../../runtime/snapshot/index.ts";
import { answer, begin, deep, host, someProcess } from "../../test/snapshot/programs.ts";
import { measure, type Row, row } from "./measure.ts";

const CALLS = 5_000;
/** Frames of a recursion, to tell what one more costs. */
const FRAMES = 800;

/** The rows of this benchmark, ids as in the issue: `snapshot.some-process.bytes`, `.encode`, `.decode`, and a further frame. */
export function someProcessRows(): Row[] {
  const run = begin(someProcess);
  answer(run, "10.0.0.1");
  const { text } = encodeRun(run);
  // What somebody would keep by hand: where it is, what it holds, what it waits for.
  const data = {
    version: 1,
    next: 3,
    frames: [
      { code: "flows.ts#someProcess", hash: "1f8c03ab", point: "smcs.wechatApprove", ip: "10.0.0.1" },
      { code: "systems.ts#smcs.wechatApprove", hash: "77aa01bc", point: "event" },
    ],
    waits: [{ kind: "event", id: 2, key: "approve:T1" }],
  };
  const json = JSON.stringify(data);
  const [few, many] = [begin(deep, 100), begin(deep, 100 + FRAMES)];
  const [fewText, manyText] = [encodeRun(few).text, encodeRun(many).text];
  const read = (snapshot: string) => () => decodeRun(snapshot, new Run("run-1", host));
  const [encode, stringify] = measure(
    CALLS,
    () => encodeRun(run),
    () => JSON.stringify(data),
  );
  const [decode, parse] = measure(CALLS, read(text), () => JSON.parse(json));
  const [encodeFew, encodeMany] = measure(
    20,
    () => encodeRun(few),
    () => encodeRun(many),
  );
  const [decodeFew, decodeMany] = measure(20, read(fewText), read(manyText));
  const perFrame = (all: number, some: number) => (all - some) / FRAMES;
  const [size, out, back] = [
    perFrame(manyText.length, fewText.length),
    perFrame(encodeMany!, encodeFew!),
    perFrame(decodeMany!, decodeFew!),
  ];
  return [
    row("some-process.bytes", text.length, "bytes", json.length, "<= 200 bytes", text.length <= 200),
    row("some-process.encode", encode!, "us", stringify!, "<= 4 us", encode! <= 4),
    row("some-process.decode", decode!, "us", parse!, "<= 4 us", decode! <= 4),
    row("some-process.frame", size, "bytes", json.length / 2, "<= 40 bytes", size <= 40),
    row("frame.encode", out, "us", stringify! / 2, "<= 1 us", out <= 1),
    row("frame.decode", back, "us", parse! / 2, "<= 1 us", back <= 1),
  ];
}
