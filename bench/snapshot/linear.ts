/**
 * Cost and memory of saving plain data of 1 KB to 100 MB, each size in a process of its own: `maxRSS` of a process only grows, so what
 * it is after encoding, less what was in use before, is the peak that encoding needed.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Run } from "../../runtime/machine/index.ts";
import { decodeRun, encodeRun } from "../../runtime/snapshot/index.ts";
import { begin, hold, host } from "../../test/snapshot/programs.ts";
import { issues } from "./issues.ts";
import { type Row, row } from "./measure.ts";

interface Figures {
  readonly bytes: number;
  /** Nanoseconds per byte. */
  readonly encode: number;
  readonly decode: number;
  /** Bytes of memory per byte of the snapshot: at the peak of encoding, beside the data. */
  readonly peak: number;
}

const SIZES = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8];

/** In the child. */
export function measureSize(size: number): Figures {
  const data = issues(size);
  const run = begin(hold, () => data);
  const rounds = Math.max(1, Math.round(3e6 / size));
  // Compiled before it counts.
  const warm = begin(hold, () => issues(20_000));
  for (let i = 0; i < 200; i++) decodeRun(encodeRun(warm).text, new Run("run-1", host));
  (globalThis as { gc?: () => void }).gc?.();
  const before = process.memoryUsage().rss;
  let start = performance.now();
  let text = "";
  for (let i = 0; i < rounds; i++) text = encodeRun(run).text;
  const encode = ((performance.now() - start) * 1e6) / rounds / text.length;
  const peak = (process.resourceUsage().maxRSS * 1024 - before) / text.length;
  start = performance.now();
  for (let i = 0; i < rounds; i++) decodeRun(text, new Run("run-1", host));
  const decode = ((performance.now() - start) * 1e6) / rounds / text.length;
  return { bytes: text.length, encode, decode, peak };
}

export function linearRows(): Row[] {
  const figures = SIZES.map((size): Figures => {
    const file = fileURLToPath(new URL("./linear-child.ts", import.meta.url));
    const { stdout } = spawnSync(
      process.execPath,
      ["--expose-gc", "--max-old-space-size=4096", "--import", "coldframe/register", file, String(size)],
      { encoding: "utf8" },
    );
    return JSON.parse(stdout) as Figures;
  });
  for (const { bytes, encode, decode, peak } of figures) {
    const memory = bytes < 1e7 ? "" : `, peak ${peak.toFixed(1)} bytes of memory per byte`;
    console.log(
      `  ${String(bytes).padStart(10)} bytes: ${encode.toFixed(1)} ns per byte out, ${decode.toFixed(1)} in${memory}`,
    );
  }
  const cost = ({ encode, decode }: Figures) => encode + decode;
  const [middle, largest] = [figures[3]!, figures[5]!];
  const growth = cost(largest) / cost(middle);
  return [
    row("linear", cost(largest), "ns/byte", cost(middle), "<= 2x that at 1 MB", growth <= 2),
    row("linear.memory", largest.peak, "x", 1, "<= 3x the snapshot", largest.peak <= 3),
  ];
}
