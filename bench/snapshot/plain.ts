/** Plain data: 1 MB beside `JSON.stringify` and `JSON.parse`, and 1 KB to 100 MB to see that cost and memory grow with the data. */
import { Run } from "../../runtime/machine/index.ts";
import { decodeRun, encodeRun } from "../../runtime/snapshot/index.ts";
import { begin, hold, host } from "../../test/snapshot/programs.ts";
import { measure, type Row, row } from "./measure.ts";

/** Issues of a tracker, as its API lists them: about 700 bytes each. */
function issues(bytes: number): unknown[] {
  return Array.from({ length: Math.max(1, Math.round(bytes / 700)) }, (_, i) => ({
    id: 1_000_000 + i,
    url: `https://tracker.example.com/api/repos/shop/backend/issues/${i}`,
    title: `Checkout fails for carts with more than ${i % 40} articles`,
    state: i % 3 === 0 ? "closed" : "open",
    locked: false,
    comments: i % 17,
    score: i * 1.25,
    labels: ["bug", "checkout", `team-${i % 7}`],
    author: {
      login: `user${i % 97}`,
      id: 5000 + (i % 97),
      avatar: `https://tracker.example.com/avatars/${i % 97}?v=4`,
    },
    created: "2024-05-01T10:00:00Z",
    closed: null,
    body: `Steps to reproduce ${i}: put articles into the cart`,
    history: [
      {
        at: "2024-05-01T10:05:00Z",
        by: "triage",
        action: "labelled",
        note: "seen on the staging system, too",
      },
      { at: "2024-05-02T08:31:00Z", by: `user${i % 13}`, action: "assigned", note: "will look at it" },
    ],
  }));
}

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
