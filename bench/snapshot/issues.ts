/** Plain data of any size. */

/** Issues of a tracker, as its API lists them: about 700 bytes each. */
export function issues(bytes: number): unknown[] {
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
